"""Runs a service's Alembic migrations, one process at a time and never waiting long for a lock."""

import asyncio
import os

from alembic import context
from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import create_async_engine

# Any number: all migration runs of a database meet on it.
_MIGRATION_LOCK = 7_301_001


def run_migrations() -> None:
    """What each service's `migrations/env.py` calls; the database is that of DATABASE_URL."""
    asyncio.run(_migrate(os.environ["DATABASE_URL"]))


async def _migrate(database_url: str) -> None:
    engine = create_async_engine(database_url)
    async with engine.connect() as connection:
        await connection.run_sync(_migrate_locked)
        await connection.commit()
    await engine.dispose()


def _migrate_locked(connection: Connection) -> None:
    connection.execute(text(f"SELECT pg_advisory_lock({_MIGRATION_LOCK})"))
    # Set after the advisory lock, for which waiting is right. A migration that cannot get a
    # table lock must give up rather than make every request queue behind it.
    connection.execute(text("SET lock_timeout = '4s'"))
    connection.execute(text("SET statement_timeout = '60s'"))
    connection.commit()
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
    connection.execute(text(f"SELECT pg_advisory_unlock({_MIGRATION_LOCK})"))
