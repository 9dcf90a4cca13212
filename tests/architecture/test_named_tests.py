"""Every test that a document names exists, and each fault of the original has its tests."""

import ast
import re
from pathlib import Path

import pytest

from tests.architecture.test_document_paths import DOCUMENTS, ROOT

NAMED = re.compile(r"`(tests/[\w./-]+\.py)::(\w+)`")
FAULTS = (ROOT / "docs/compatibility.md").read_text().partition("## The faults of the original")[2]
ROW = re.compile(r"^\| (\d) \| .+ \| (.+) \|$", re.MULTILINE)


def missing_tests(document: Path) -> list[str]:
    return [
        f"{path}::{name}"
        for path, name in NAMED.findall(document.read_text())
        if name not in functions_of(ROOT / path)
    ]


def functions_of(path: Path) -> set[str]:
    """Return the names of a file's functions; none when there is no such file."""
    body = ast.parse(path.read_text()).body if path.exists() else []
    return {node.name for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_tests_that_a_document_names_exist(document: Path) -> None:
    assert missing_tests(document) == []


def test_each_fault_of_the_original_has_a_test_or_a_reason() -> None:
    rows = ROW.findall(FAULTS)

    assert {int(number) for number, _ in rows} == set(range(1, 8))
    assert [held for _, held in rows if not (NAMED.search(held) or held.startswith("none"))] == []


def test_a_name_that_is_gone_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    own = "tests/architecture/test_named_tests.py"
    page.write_text(f"`{own}::test_gone` `{own}::functions_of` `tests/gone.py::test_all`")

    assert missing_tests(page) == [f"{own}::test_gone", "tests/gone.py::test_all"]
