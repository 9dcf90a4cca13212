"""The board's own tests, in JavaScript: they run on the Node.js that Playwright brings."""

import subprocess
from pathlib import Path

import pytest
from playwright._impl._driver import compute_driver_executable

HERE = Path(__file__).parent
PAGE = HERE.parents[2] / "infra/deploy/board/page"
NODE, _ = compute_driver_executable()


@pytest.mark.parametrize("file", sorted(HERE.glob("*.test.js")), ids=lambda path: path.stem)
def test_the_page_computes_what_it_shows(file: Path) -> None:
    done = subprocess.run([NODE, "--test", file], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("file", sorted(PAGE.glob("*.js")), ids=lambda path: path.stem)
def test_each_module_is_javascript(file: Path) -> None:
    done = subprocess.run([NODE, "--check", file], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
