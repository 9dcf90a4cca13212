"""The two programs of infra/tools that run inside a container, with only what the image holds."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.compose.stack import INFRA, ROOT, SERVICES

COPIED = dict(
    re.findall(
        r"^COPY (infra/tools/\S+) /opt/comptoir/(\S+)$",
        (INFRA / "docker/service.Dockerfile").read_text(),
        re.MULTILINE,
    )
)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """Return a folder with the files of infra/tools that the image has."""
    for source, target in COPIED.items():
        (tmp_path / target).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, tmp_path / target)
        else:
            shutil.copy(ROOT / source, tmp_path / target)
    return tmp_path


@pytest.mark.parametrize(
    "module", [SERVICES["topics"]["command"][2], "infra.tools.operate.dead_letters.admin"]
)
def test_a_program_starts_from_the_files_of_the_image(image: Path, module: str) -> None:
    path = os.pathsep.join([str(image), str(ROOT / "infra/service-kit")])

    answer = subprocess.run(
        [sys.executable, "-m", module, "--help"],
        cwd=image,
        env={"PYTHONPATH": path, "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize("source", sorted(COPIED))
def test_docker_is_given_the_program(source: str) -> None:
    assert f"!{source}" in (ROOT / ".dockerignore").read_text().splitlines()
