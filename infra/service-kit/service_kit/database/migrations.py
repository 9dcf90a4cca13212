"""Runs a service's Alembic migrations: one process at a time, without blocking requests."""

import asyncio
import os
import sys
import time
from collections.abc import Callable

from alembic import context
from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from service_kit.database.faults import is_lock_timeout

# An arbitrary number, the same for all migration runs of a database.
_MIGRATION_LOCK = 7_301_001
# How long a run waits for another run, and retries a table that is in use.
PATIENCE_SECONDS = int(os.environ.get("MIGRATION_PATIENCE_SECONDS", "60"))
# Requests queue behind a migration that waits for a lock. So it waits briefly, gives up and
# retries after a pause.
LOCK_MILLISECONDS = 500
PAUSE_SECONDS = 1.0


class MigrationRefused(SystemExit):
    """The migration could not get a lock. It has changed nothing and can be run again."""


def run_migrations() -> None:
    """Migrate the database of DATABASE_URL; raise `MigrationRefused`. For `migrations/env.py`."""
    asyncio.run(_migrate(os.environ["DATABASE_URL"]))


async def _migrate(database_url: str) -> None:
    engine = create_async_engine(database_url)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_migrate_in_turn)
            await connection.commit()
    finally:
        await engine.dispose()


def _migrate_in_turn(connection: Connection) -> None:
    connection.execute(text(f"SET lock_timeout = {LOCK_MILLISECONDS}"))
    connection.execute(text("SET statement_timeout = '60s'"))
    connection.commit()

    def take_turn() -> None:
        # The lock outlives the transaction. It is held until the connection closes.
        connection.execute(text(f"SELECT pg_advisory_lock({_MIGRATION_LOCK})"))
        connection.commit()

    def migrate() -> None:
        context.configure(connection=connection, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()

    _insist(connection, take_turn, "another run of the migrations is still going on")
    _insist(connection, migrate, "a table that the migration changes is still in use")


def _insist(connection: Connection, attempt: Callable[[], None], obstacle: str) -> None:
    """Repeat `attempt` until it gets its locks; raise `MigrationRefused`."""
    latest = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            attempt()
            return
        except DBAPIError as error:
            if not is_lock_timeout(error):
                raise
            connection.rollback()
            if time.monotonic() >= latest:
                raise MigrationRefused(
                    f"{obstacle} after {PATIENCE_SECONDS} s ({error.orig}): nothing of it was done."
                    " Look for the other session in pg_stat_activity, then run this again."
                ) from error
        # Not a log line: Alembic shows those only when its configuration asks for them.
        sys.stderr.write(f"{obstacle}: stepping aside, then trying again\n")
        time.sleep(PAUSE_SECONDS)
