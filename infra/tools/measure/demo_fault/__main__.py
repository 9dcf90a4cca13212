"""`make demo-fault NAME=… [REMOVE=1]`: on the embedded stack only; nothing is lost."""

import argparse
import asyncio
import sys

from infra.tools.local.layout import Layout, StackError
from infra.tools.local.stack import Stack
from infra.tools.measure.demo_fault.database import hold
from infra.tools.measure.demo_fault.faults import FAULTS, list_planted, plant, remove


def main() -> int:
    """Plant a fault, or remove it; 1 when the stack does not let us."""
    parser = argparse.ArgumentParser(prog="python -m infra.tools.measure.demo_fault")
    parser.add_argument("name", choices=(*FAULTS, "hold"))
    parser.add_argument("--remove", action="store_true")
    arguments = parser.parse_args()
    if arguments.name == "hold":
        asyncio.run(hold())
        return 0
    layout = Layout.saved()
    try:
        if not Stack(layout).is_supervised():
            raise StackError("not running: make up starts it")
        was_planted = arguments.name in list_planted(layout)
        (remove if arguments.remove else plant)(layout, arguments.name)
    except StackError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if arguments.remove:
        done = "removed" if was_planted else "was not planted"
    else:
        done = "was planted already" if was_planted else "planted"
    sys.stdout.write(f"{arguments.name}: {done}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
