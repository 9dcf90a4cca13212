"""docs/commands.md has every target of the Makefile that `make help` lists, and no other."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_has_every_command_and_no_other() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    page = (ROOT / "docs/commands.md").read_text()
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `make")]
    documented = {
        word
        for command in re.findall(r"`make ([^`]+)`", "".join(rows))
        for word in command.split()
        if "=" not in word and not word.startswith("-")
    }

    assert documented == targets - {"help"}
