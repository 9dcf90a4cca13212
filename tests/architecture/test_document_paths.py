"""Every link, path and module that the Markdown files name exists."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOP_FOLDERS = ("docs", "infra", "k6", "tests", "sales-service", "stock-service", "report-service")
DOCUMENTS = sorted(
    [ROOT / "README.md", *(path for top in TOP_FOLDERS for path in (ROOT / top).rglob("*.md"))]
)
# A command or the reader creates these: they are not in the repository.
MADE_ELSEWHERE = {".comptoir/secrets.json", "new-shape.sql"}

LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
CODE = re.compile(r"`([^`\n]+)`")
TOP_PATH = re.compile(rf"(?<![\w./-])(?:{'|'.join(TOP_FOLDERS)})/[\w./*-]+")
FILE = re.compile(
    r"(?<![\w./*{}-])[\w.-]+(?:/[\w.-]+)*\.(?:py|md|ya?ml|json|sql|conf|js|sh|toml)\b"
)
MODULE = re.compile(r"-m ((?:infra|tests|service_kit|\w+_service)(?:\.\w+)*)")


@cache
def repository_files() -> tuple[str, ...]:
    """Return every file below the top folders, each path with a leading slash."""
    found = (path for top in TOP_FOLDERS for path in (ROOT / top).rglob("*") if path.is_file())
    return tuple(f"/{path.relative_to(ROOT)}" for path in (*found, *ROOT.glob("*.*")))


def anchors(document: Path) -> set[str]:
    """Return the anchors of a document's headings, as GitHub makes them."""
    titles = HEADING.findall(document.read_text())
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def broken_links(document: Path) -> Iterator[str]:
    for link in LINK.findall(document.read_text()):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            yield link


def missing_paths(document: Path) -> Iterator[str]:
    text = document.read_text()
    for path in TOP_PATH.findall(text):
        if not any(ROOT.glob(path.rstrip("./"))):
            yield path
    for module in MODULE.findall(text):
        path = f"/{module.replace('.', '/')}"
        if not any(
            file.endswith((f"{path}.py", f"{path}/__main__.py")) for file in repository_files()
        ):
            yield module
    for code in CODE.findall(text):
        for name in FILE.findall(code):
            ending = f"/{name.replace('../', '')}"
            is_known = any(file.endswith(ending) for file in repository_files())
            if not is_known and name not in MADE_ELSEWHERE:
                yield name


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_document_names_exists(document: Path) -> None:
    assert list(broken_links(document)) == []
    assert list(missing_paths(document)) == []


def test_a_stale_name_is_noticed(tmp_path: Path) -> None:
    stale = tmp_path / "stale.md"
    stale.write_text(
        "[gone](gone.md) [no such heading](#nowhere) see `infra/gone/` and `kit/gone.py`:\n"
        "    python -m infra.tools.gone\n"
    )

    assert list(broken_links(stale)) == ["gone.md", "#nowhere"]
    assert list(missing_paths(stale)) == ["infra/gone/", "infra.tools.gone", "kit/gone.py"]
