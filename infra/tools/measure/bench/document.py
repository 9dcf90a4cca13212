"""`python -m …bench.document`: the tables of docs/performance.md, from the JSON beside it.

They stand between markers; the text around them stays.
"""

import re
from collections.abc import Mapping
from typing import Any

from infra.tools.local.layout import ROOT
from infra.tools.measure.bench import record
from infra.tools.measure.bench.plot import Points, draw_lines
from infra.tools.measure.bench.tables import TABLES

DOCUMENT = ROOT / "docs/performance.md"
PLOT = record.FOLDER / "reads.svg"


def write_document() -> None:
    """Write every table whose part was measured, and the plot."""
    text = DOCUMENT.read_text()
    for name, (part, render) in TABLES.items():
        if content := record.read(part):
            text = _fill(text, name, f"{render(content)}\n\n{_origin(content)}")
    DOCUMENT.write_text(text)
    if reads := record.read("reads"):
        PLOT.write_text(_plot(reads))


def render_part(part: str, content: Mapping[str, Any]) -> str:
    """The tables of one part."""
    return "\n\n".join(render(content) for each, render in TABLES.values() if each == part)


def _fill(text: str, name: str, content: str) -> str:
    begin, end = f"<!-- bench:{name} -->", f"<!-- /bench:{name} -->"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    assert pattern.search(text), f"{DOCUMENT.name} has no place for {name}"
    return pattern.sub(lambda _: f"{begin}\n{content}\n{end}", text)


def _origin(content: Mapping[str, Any]) -> str:
    machine, versions = content["machine"], content["versions"]
    libraries = ", ".join(f"{name} {each}" for name, each in versions.items())
    return (
        f"`{content['command']}` at {content['commit']}, {content['measured_on']}; "
        f"{machine['cores']} cores {machine['processor']}, {machine['memory_gib']} GiB, "
        f"{machine['system']}; {libraries}."
    )


def _plot(reads: Mapping[str, Any]) -> str:
    lines: dict[str, Points] = {}
    for name in ("rapport", "rapport, 30 days"):
        lines[f"the seed's way: {name}"] = [
            (row["size"], row["cpu_seconds"] * 1e3) for row in reads["seed"] if row["name"] == name
        ]
        for state in ("changing", "cached"):
            lines[f"{state}: {name}"] = [
                (row["size"], (row["process_us"] + row["postgresql_us"]) / 1e3)
                for row in reads["costs"]
                if row["name"] == name and row["state"] == state
            ]
    return draw_lines(
        "CPU of one answer, by the number of sales stored",
        "sales stored (three lines each)",
        "milliseconds",
        lines,
    )


if __name__ == "__main__":
    write_document()
