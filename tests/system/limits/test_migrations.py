"""A migration beside the running old version waits only briefly for a lock, then gives way."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from service_kit.database.migrations import _MIGRATION_LOCK
from service_kit.http.api_keys import ensure_key
from tests.fixtures.http import open_client
from tests.fixtures.processes import service_process
from tests.fixtures.waiting import eventually
from tests.service_kit.notes_app import TABLES

ENV = "from service_kit.database.migrations import run_migrations\n\nrun_migrations()\n"
REVISION = """
from alembic import op
revision = "0001"
down_revision = None


def upgrade():
    op.execute("SELECT pg_sleep({seconds})")
    op.execute("ALTER TABLE notes ADD COLUMN remark text")
"""
# A request waits as long as a migration waits for its lock; the rest is for a slow machine.
LONGEST_ANSWER_SECONDS = 1.5


@dataclass(frozen=True, slots=True)
class Migration:
    """A folder with one migration, and the database that it is for."""

    folder: Path
    url: str

    async def run(self, patience_seconds: int = 20) -> tuple[int, str]:
        """Run `alembic upgrade head` and return its exit code and its output."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "alembic", "-c", "alembic.ini", "upgrade", "head"),
            cwd=self.folder,
            env=os.environ
            | {"DATABASE_URL": self.url, "MIGRATION_PATIENCE_SECONDS": str(patience_seconds)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        printed, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, printed.decode()


@pytest.fixture
async def notes(plumbing_engine: AsyncEngine) -> AsyncEngine:
    async with plumbing_engine.begin() as connection:
        for statement in TABLES:
            await connection.execute(text(statement))
        await ensure_key(connection, "manager", "manager", "test")
    return plumbing_engine


def written(folder: Path, engine: AsyncEngine, seconds: float = 0) -> Migration:
    versions = folder / "migrations/versions"
    versions.mkdir(parents=True)
    (folder / "migrations/env.py").write_text(ENV)
    (versions / "0001_remark.py").write_text(REVISION.format(seconds=seconds))
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\n")
    return Migration(folder, engine.url.render_as_string(hide_password=False))


async def has_remark(engine: AsyncEngine) -> bool:
    async with engine.connect() as connection:
        found = await connection.execute(
            text("SELECT count(*) FROM information_schema.columns WHERE column_name = 'remark'")
        )
        return int(found.scalar_one()) == 1


@pytest.fixture
async def served(notes: AsyncEngine) -> AsyncIterator[httpx.AsyncClient]:
    url = notes.url.render_as_string(hide_password=False)
    async with (
        service_process("tests.service_kit.notes_app", "api", DATABASE_URL=url) as api,
        open_client(base_url=api.url, headers={"x-token": "manager"}) as client,
    ):
        await eventually(api.is_ready, True)
        yield client


async def test_a_migration_gives_up_behind_a_long_transaction_while_requests_are_answered(
    notes: AsyncEngine, served: httpx.AsyncClient, tmp_path: Path
) -> None:
    migration = written(tmp_path, notes)
    # Start above 409, a number that the application refuses and a fast machine would reach.
    slowest, written_notes = 0.0, 1000
    async with notes.connect() as long_transaction:
        await long_transaction.execute(text("SELECT FROM notes"))
        running = asyncio.create_task(migration.run(patience_seconds=3))
        while not running.done():
            begun = monotonic()
            written_notes += 1
            assert (await served.post("/notes", json={"id": written_notes})).status_code == 201
            assert (await served.get("/notes")).status_code == 200
            slowest = max(slowest, monotonic() - begun)
        code, printed = await running

    assert code != 0
    assert "still in use after 3 s" in printed
    assert "nothing of it was done" in printed
    assert slowest < LONGEST_ANSWER_SECONDS
    assert not await has_remark(notes)

    assert (await migration.run())[0] == 0
    assert await has_remark(notes)


async def test_a_migration_goes_on_when_the_table_is_free_again(
    notes: AsyncEngine, tmp_path: Path
) -> None:
    migration = written(tmp_path, notes)

    async def is_waiting() -> bool:
        async with notes.connect() as connection:
            found = await connection.execute(
                text(
                    "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock'"
                    " AND NOT granted"
                )
            )
            return int(found.scalar_one()) > 0

    async with notes.connect() as long_transaction:
        await long_transaction.execute(text("SELECT FROM notes"))
        running = asyncio.create_task(migration.run())
        await eventually(is_waiting, True)

    assert (await running)[0] == 0
    assert await has_remark(notes)


async def test_two_runs_at_once_take_turns(notes: AsyncEngine, tmp_path: Path) -> None:
    migration = written(tmp_path, notes, seconds=1.5)

    runs = await asyncio.gather(migration.run(), migration.run())

    assert [code for code, _ in runs] == [0, 0]
    assert [text for _, text in runs if "another run" in text]
    assert await has_remark(notes)


async def test_a_run_does_not_wait_for_its_turn_for_ever(
    notes: AsyncEngine, tmp_path: Path
) -> None:
    migration = written(tmp_path, notes)
    async with notes.connect() as other:
        await other.execute(text(f"SELECT pg_advisory_lock({_MIGRATION_LOCK})"))

        code, printed = await migration.run(patience_seconds=1)
        await other.execute(text(f"SELECT pg_advisory_unlock({_MIGRATION_LOCK})"))

    assert code != 0
    assert "still going on after 1 s" in printed
    assert not await has_remark(notes)
