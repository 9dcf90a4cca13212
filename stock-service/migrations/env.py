"""Lets the kit run Alembic's migrations, under a lock and with timeouts."""

from service_kit.database.migrations import run_migrations

run_migrations()
