"""`python -m infra.tools.measure.tables [--check]`: keep results; cog puts them into documents.

A document names its table in a comment: `<!-- [[[cog cog.out(show("writes")) ]]] -->`.
"""

import json
import platform
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import psutil
from cogapp import Cog

from infra.tools.local.layout import ROOT

FOLDER = ROOT / "infra/tools/measure/results"
DOCUMENTS = ("docs/performance.md", "docs/scaling.md", "k6/README.md")
_PROLOGUE = (
    "from infra.tools.measure.capacity import show_capacity; "
    "from infra.tools.measure.tables import show"
)
_PACKAGES = ("fastapi", "uvicorn", "sqlalchemy", "asyncpg", "aiokafka", "opentelemetry-sdk")

Row = Mapping[str, str | float | None]
Tables = Mapping[str, Sequence[Row]]


def keep(part: str, tables: Tables, command: str) -> None:
    """Write the tables of a part, one row a line, with what they were measured on."""
    lines = [f'"origin": {json.dumps(_describe_origin(command))}']
    for name, rows in tables.items():
        of_table = ",\n".join(f"  {json.dumps(_round(row), ensure_ascii=False)}" for row in rows)
        lines.append(f'"{name}": [\n{of_table}\n ]')
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{part}.json").write_text("{\n " + ",\n ".join(lines) + "\n}\n")


def read(part: str) -> dict[str, Any] | None:
    """Return what is kept of a part; None if it was never measured."""
    file = FOLDER / f"{part}.json"
    return dict(json.loads(file.read_text())) if file.exists() else None


def show(part: str, table: str | None = None) -> str:
    """Return a kept table as Markdown, by default all of a part, and its origin."""
    content = read(part)
    if content is None:
        return "\nNot measured yet.\n\n"
    names = [table] if table else [each for each in content if each != "origin"]
    shown = "\n".join(render(content[name]) for name in names)
    return f"\n{shown}\n{content['origin']}\n\n"


def render(rows: Sequence[Row]) -> str:
    """Return rows as a Markdown table; its columns are their keys."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    lines = [columns, ["---"] * len(columns)]
    lines += [[_show_cell(row.get(column)) for column in columns] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def write_documents(*, is_check: bool = False) -> int:
    """Run cog over the documents; 0 if all went well, or if nothing would change."""
    way = "--check" if is_check else "-r"
    status: int = Cog().main(
        ["cog", way, "-U", "--verbosity=1", "-p", _PROLOGUE, *(str(ROOT / d) for d in DOCUMENTS)]
    )
    return status


def _show_cell(value: str | float | None) -> str:
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if isinstance(value, int) or abs(value) >= 1000 else f"{value:.3g}"


def _round(row: Row) -> Row:
    """Return a row with four significant digits: the rest is noise."""
    return {
        key: float(f"{each:.4g}") if isinstance(each, float) else each for key, each in row.items()
    }


def _describe_origin(command: str) -> str:
    memory = round(psutil.virtual_memory().total / 2**30)
    packages = ", ".join(f"{each} {version(each)}" for each in _PACKAGES)
    return (
        f"`{command}` at {_find_commit()}, {datetime.now(UTC).date()}; {psutil.cpu_count()} cores"
        f" {_find_processor()}, {memory} GiB, {platform.system()} {platform.release()};"
        f" python {platform.python_version()}, {packages}."
    )


def _find_commit() -> str:
    """Return the commit, with `-dirty` where what was measured is not what is committed."""
    # A part that is measured after another finds its results and the documents changed.
    written = [f":!{each}" for each in ("infra/tools/measure/results", *DOCUMENTS)]
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", *written)
    return _git("rev-parse", "--short", "HEAD") + ("-dirty" if changed else "")


def _git(*arguments: str) -> str:
    command = ["git", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _find_processor() -> str:
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models: Iterator[str] = (line for line in file if line.startswith("model name"))
        return next(models, f":{platform.machine()}").partition(":")[2].strip()


if __name__ == "__main__":
    sys.exit(write_documents(is_check="--check" in sys.argv))
