"""Starting the stack is idempotent; stopping it ends all of its own processes and no others."""

import subprocess
import sys

from infra.tools.local.cleanup import find_processes, mark
from infra.tools.local.programs import INFRASTRUCTURE, PROCESSES
from tests.fixtures.system import RunningSystem


async def test_starting_again_leaves_every_process_as_it_is(running_system: RunningSystem) -> None:
    stack = running_system.stack
    before = {name: stack.pid(name) for name in (*INFRASTRUCTURE, *PROCESSES)}

    await stack.start_infrastructure()
    await stack.start_services()

    assert {name: stack.pid(name) for name in before} == before


def test_only_the_processes_of_a_folder_carry_its_mark(running_system: RunningSystem) -> None:
    state = running_system.stack.layout.state
    foreign = subprocess.Popen(
        [sys.executable, "-c", "input()"],
        stdin=subprocess.PIPE,
        env=mark(state.with_name("another")),
    )
    try:
        mine = {process.pid for process in find_processes(state)}
    finally:
        foreign.communicate()

    assert foreign.pid not in mine
    assert {running_system.stack.pid(name) for name in PROCESSES} <= mine
