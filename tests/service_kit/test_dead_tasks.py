"""A process stops when a bug has ended one of its background tasks: its supervisor restarts it."""

import asyncio
import os
import sys

import pytest

from infra.tools.local.ports import find_free_ports
from tests.fixtures.postgres import ROOT

LONGEST_SECONDS = 60


@pytest.mark.parametrize(
    ("process", "task"),
    [
        ("api", "outbox"),
        ("api", "changes"),
        ("worker", "outbox"),
        ("worker", "cancelled-outbox"),
    ],
)
async def test_a_bug_in_a_background_task_ends_its_process(process: str, task: str) -> None:
    ports = find_free_ports()
    dying = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.service_kit.dying", process, task),
        cwd=ROOT,
        env=os.environ
        | {
            "DATABASE_URL": f"postgresql+asyncpg://postgres@127.0.0.1:{ports['postgresql']}/none",
            "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{ports['kafka']}",
            "HTTP_PORT": str(ports["sales-api"]),
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            logged, said = await dying.communicate()
    finally:
        if dying.returncode is None:
            dying.kill()

    assert (dying.returncode, b"died, see the log" in said) == (1, True)
    assert b"task died" in logged + said
