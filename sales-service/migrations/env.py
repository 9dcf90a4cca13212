"""Alembic's entry; the kit runs the migrations under a lock, with timeouts."""

from service_kit.database.migrations import run_migrations

run_migrations()
