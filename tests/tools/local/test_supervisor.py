"""A running stack takes what is new, and restarts only what has changed."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from infra.tools.local.cleanup import find_processes, stop_processes
from infra.tools.local.layout import DEFAULT_PORTS, Layout
from infra.tools.local.supervisor import Program, Supervisor
from tests.fixtures.waiting import eventually


def waiting(name: str, **environment: str) -> Program:
    """Return a program that runs until it is stopped, and writes a line at each SIGHUP."""
    code = (
        "import signal, threading; "
        "signal.signal(signal.SIGHUP, lambda *_: print('read again', flush=True)); "
        "print('started', flush=True); "
        "[signal.pause() for _ in iter(int, 1)]"
    )
    return Program(name, [sys.executable, "-c", code], 1, environment)


@pytest.fixture
async def supervisor(tmp_path: Path) -> AsyncIterator[Supervisor]:
    layout = Layout(tmp_path, DEFAULT_PORTS)
    layout.save()
    supervisor = Supervisor(layout)
    await asyncio.to_thread(supervisor.start_daemon, [waiting("same"), waiting("other")])

    async def is_running() -> bool:
        return supervisor.is_running()

    await eventually(is_running, True)
    for name in ("same", "other"):
        supervisor.start(name)
        await until_running(supervisor, name)
    yield supervisor
    supervisor.shut_down()
    stop_processes(find_processes(tmp_path))


async def until_running(supervisor: Supervisor, name: str) -> int:
    """Wait until a program runs; return its process id."""

    async def state() -> str:
        return supervisor.state(name)

    await eventually(state, "RUNNING")
    return int(supervisor.info(name)["pid"])


async def test_only_what_is_new_or_changed_is_started(supervisor: Supervisor) -> None:
    before = {name: supervisor.info(name)["pid"] for name in ("same", "other")}
    programs = [waiting("same"), waiting("other", LEVEL="new"), waiting("added")]

    assert supervisor.apply(programs) == ["added", "other"]

    for name in ("same", "other", "added"):
        supervisor.start(name)
        await until_running(supervisor, name)
    assert supervisor.info("same")["pid"] == before["same"]
    assert supervisor.info("other")["pid"] != before["other"]
    assert supervisor.apply(programs) == []


async def test_a_program_reads_its_files_again_without_a_restart(supervisor: Supervisor) -> None:
    pid = await until_running(supervisor, "same")
    log = supervisor.log("same")

    async def said() -> list[str]:
        return log.read_text().splitlines()

    await eventually(said, ["started"])
    supervisor.reload("same")
    await eventually(said, ["started", "read again"])

    assert supervisor.info("same")["pid"] == pid


def test_a_running_stack_keeps_its_ports_and_gets_those_that_it_lacks(tmp_path: Path) -> None:
    running = Layout(tmp_path, {**DEFAULT_PORTS, "sales-api": 9001})

    extended = running.extended({**DEFAULT_PORTS, "sales-api-2": 8011, "nginx": 8080})

    assert extended.ports == {**running.ports, "sales-api-2": 8011, "nginx": 8080}
    assert extended.processes.index("sales-api") < extended.processes.index("sales-api-2")
