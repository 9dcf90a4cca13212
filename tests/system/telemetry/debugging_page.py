"""The commands of docs/debugging.md, and a shell that runs them as a reader would."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from infra.tools.local.layout import DEFAULT_PORTS, ROOT, Layout
from infra.tools.local.observability import PORTS

_PAGE = (ROOT / "docs/debugging.md").read_text()
_BLOCK = re.compile(r"^```sh\n(.*?)^```\n", re.DOTALL | re.MULTILINE)
_PROSE = _BLOCK.sub("", _PAGE)
# The first block defines `ask`, which the others use. The last one is for practice.
ASK, *BLOCKS, PRACTICE = _BLOCK.findall(_PAGE)
# The table of "A report is late": the place that is asked, and the expression.
PLACES = dict(re.findall(r"^\| \d ([a-z ]+) \| `([^`]+)` \|", _PROSE, re.MULTILINE))
# Commands that stand in a sentence.
COMMANDS = set(re.findall(r"`(make [^`]+)`", _PROSE))
# What to search for in Jaeger.
TAGS = re.findall(r"`([a-z_]+\.[a-z_.]+)=([^`]+)`", _PROSE)

LONGEST_SECONDS = 180.0
# Runs make with the tests' Python, and never lets it install anything.
MAKE = """#!/bin/sh
exec {make} --old-file={venv}/.installed VENV={venv} "$@"
"""


@dataclass(frozen=True, slots=True)
class Shell:
    """Runs the page's commands against a stack, whose ports are not those of the page."""

    layout: Layout
    programs: Path

    @classmethod
    def open(cls, layout: Layout, folder: Path) -> "Shell":
        """Return a shell whose own `make` lies in `folder`."""
        make = folder / "make"
        make.write_text(MAKE.format(make=shutil.which("make"), venv=Path(sys.prefix)))
        make.chmod(0o755)
        return cls(layout, folder)

    def run(
        self, commands: str, words: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run commands, with the page's examples replaced by `words`, until all have ended."""
        changes = {
            "14:05": f"{datetime.now().astimezone():%H:%M:%S}",
            ".comptoir": str(self.layout.state),
        }
        for name, port in (DEFAULT_PORTS | PORTS).items():
            changes[f"127.0.0.1:{port}"] = f"127.0.0.1:{self.layout.ports[name]}"
        for example, actual in {**changes, **(words or {})}.items():
            commands = commands.replace(example, actual)
        return subprocess.run(
            ["bash", "-c", commands + "\nwait"],
            cwd=ROOT,
            env=os.environ
            | {
                "COMPTOIR_STATE": str(self.layout.state),
                "PATH": f"{self.programs}:{os.environ['PATH']}",
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=LONGEST_SECONDS,
        )
