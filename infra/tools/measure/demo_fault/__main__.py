"""`make demo-fault NAME=… [REMOVE=1]`: break the embedded stack, or repair it."""

import argparse
import asyncio
import sys

from infra.tools.local.layout import Layout, StackError
from infra.tools.local.stack import Stack
from infra.tools.measure.demo_fault.database import hold
from infra.tools.measure.demo_fault.faults import (
    FAULTS,
    list_planted,
    plant,
    remove,
    remove_planted,
)

EVERY = "all"


def main() -> int:
    """Plant or remove a fault; return 1 when the stack refuses."""
    parser = argparse.ArgumentParser(prog="python -m infra.tools.measure.demo_fault")
    parser.add_argument("name", choices=(*FAULTS, EVERY, "hold"))
    parser.add_argument("--remove", action="store_true")
    arguments = parser.parse_args()
    if arguments.name == "hold":
        asyncio.run(hold())
        return 0
    if arguments.name == EVERY:
        if not arguments.remove:
            parser.error(f"{EVERY} goes with --remove only")
        return _remove_all()
    return _plant_or_remove(arguments.name, arguments.remove)


def _remove_all() -> int:
    """Remove every planted fault; `make down` and `make reset` run this before they stop."""
    layout = Layout.saved()
    if Stack(layout).is_supervised():
        for line in remove_planted(layout):
            sys.stderr.write(f"{line}\n")
    return 0


def _plant_or_remove(name: str, removes: bool) -> int:
    layout = Layout.saved()
    try:
        if not Stack(layout).is_supervised():
            raise StackError("not running: make up starts it")
        was_planted = name in list_planted(layout)
        (remove if removes else plant)(layout, name)
    except StackError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if removes:
        done = "removed" if was_planted else "was not planted"
    else:
        done = "was planted already" if was_planted else "planted"
    sys.stdout.write(f"{name}: {done}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
