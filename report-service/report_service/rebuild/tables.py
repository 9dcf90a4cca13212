"""Copies the tables of the projections to a schema of their own, and swaps the two."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from report_service.db.counters import COUNTERS, STORE_DAYS
from report_service.db.fact_rows import FACT_TABLES
from service_kit.events import positions

# The order in which reports lock the tables that they read. A swap that locked them in another
# order would be in a deadlock with a report.
_AS_REPORTS_READ = (
    *FACT_TABLES,
    *("store_totals", "store_months", "store_days", "late_days", "closed_days", "stores"),
    *("payment_totals", "payment_months", "payment_days"),
    *("tax_totals", "tax_months", "tax_days"),
    *("product_months", "product_days", "product_totals", "products"),
    *("chain_days", "stock_levels"),
)
# All that is computed from the log, and the positions up to which it is computed.
PROJECTIONS = (
    *_AS_REPORTS_READ,
    *(each.table for each in COUNTERS if each.table not in _AS_REPORTS_READ),
    "journal",
    positions.TABLE,
)
LIVE, FRESH, FORMER = "public", "rebuild", "former"

# LIKE copies neither storage parameters nor the names of indexes. Later migrations use those names,
# so they come from the catalogue.
_OPTIONS = text("""
    SELECT array_to_string(reloptions, ', ') FROM pg_class WHERE oid = CAST(:live AS regclass)
""")
_CONSTRAINTS = text("""
    SELECT conname AS name, pg_get_constraintdef(oid) AS definition FROM pg_constraint
    WHERE conrelid = CAST(:live AS regclass) AND contype IN ('p', 'u') ORDER BY contype, conname
""")
_INDEXES = text("""
    SELECT pg_get_indexdef(indexrelid) AS definition FROM pg_index
    WHERE indrelid = CAST(:live AS regclass)
      AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
    ORDER BY 1
""")
_TRIGGERS = text("""
    SELECT pg_get_triggerdef(oid) AS definition FROM pg_trigger
    WHERE tgrelid = CAST(:live AS regclass) AND NOT tgisinternal ORDER BY tgname
""")
_ALL_CHANGED = text("SELECT pg_notify('changes', 'figures')")
_GRANTS = text("""
    SELECT quote_ident(pg_get_userbyid(acl.grantee)) AS grantee, acl.privilege_type AS privilege
    FROM pg_class, aclexplode(relacl) AS acl
    WHERE pg_class.oid = CAST(:live AS regclass) AND acl.grantee <> relowner
""")


async def create_copies(
    connection: AsyncConnection, tables: Sequence[str], changes: Sequence[str]
) -> None:
    """Create empty tables like the live ones, then apply the changes of a new version.

    A table of `tables` that is not live yet is one that the changes create.
    """
    await connection.execute(text(f"DROP SCHEMA IF EXISTS {FRESH} CASCADE"))
    await connection.execute(text(f"DROP SCHEMA IF EXISTS {FORMER} CASCADE"))
    await connection.execute(text(f"CREATE SCHEMA {FRESH}"))
    live = await _list_tables(connection, LIVE)
    for table in tables:
        if table in live:
            await _copy(connection, table)
    await connection.execute(text(f"SET LOCAL search_path TO {FRESH}"))
    for statement in changes:
        await connection.execute(text(statement))


async def _copy(connection: AsyncConnection, table: str) -> None:
    live = {"live": f"{LIVE}.{table}"}
    options = (await connection.execute(_OPTIONS, live)).scalar_one()
    fresh = f"{FRESH}.{table}"
    await connection.execute(
        text(
            f"CREATE TABLE {fresh} (LIKE {LIVE}.{table} INCLUDING ALL EXCLUDING INDEXES)"
            + (f" WITH ({options})" if options else "")
        )
    )
    for row in await connection.execute(_CONSTRAINTS, live):
        await connection.execute(
            text(f'ALTER TABLE {fresh} ADD CONSTRAINT "{row.name}" {row.definition}')
        )
    for row in await connection.execute(_INDEXES, live):
        definition = row.definition.replace(f" ON {LIVE}.", f" ON {FRESH}.", 1)
        await connection.execute(text(definition))
    for row in await connection.execute(_GRANTS, live):
        await connection.execute(text(f"GRANT {row.privilege} ON {fresh} TO {row.grantee}"))


async def list_copies(connection: AsyncConnection) -> list[str]:
    """Return the copies that a build has filled."""
    return await _list_tables(connection, FRESH)


async def _list_tables(connection: AsyncConnection, schema: str) -> list[str]:
    rows = await connection.execute(
        text("SELECT tablename FROM pg_tables WHERE schemaname = :schema ORDER BY 1"),
        {"schema": schema},
    )
    return list(rows.scalars())


async def swap(connection: AsyncConnection) -> None:
    """Move the live tables to the schema `former` and the copies into their place."""
    live = await _list_tables(connection, LIVE)
    locked = ", ".join(f"{LIVE}.{table}" for table in PROJECTIONS if table in live)
    await connection.execute(text("LOCK TABLE " + locked))
    await connection.execute(text(f"CREATE SCHEMA {FORMER}"))
    for table in await list_copies(connection):
        # Triggers come last: filling a copy changes no answer.
        triggers: list[str] = []
        if table in live:
            rows = await connection.execute(_TRIGGERS, {"live": f"{LIVE}.{table}"})
            triggers = list(rows.scalars())
            await connection.execute(text(f"ALTER TABLE {LIVE}.{table} SET SCHEMA {FORMER}"))
        await connection.execute(text(f"ALTER TABLE {FRESH}.{table} SET SCHEMA {LIVE}"))
        for definition in triggers:
            await connection.execute(text(definition))
    await connection.execute(text(f"DROP SCHEMA {FRESH}"))
    await connection.execute(_ALL_CHANGED)


_LIVE_FIGURES = ", ".join(f"live.{name}" for name in STORE_DAYS.measures)
_FRESH_FIGURES = ", ".join(f"fresh.{name}" for name in STORE_DAYS.measures)
_COMPARE = text(f"""
    SELECT business_date, store_id,
        ROW({_LIVE_FIGURES})::text AS live, ROW({_FRESH_FIGURES})::text AS fresh
    FROM {LIVE}.store_days AS live
    FULL JOIN {FRESH}.store_days AS fresh USING (business_date, store_id)
    WHERE ({_LIVE_FIGURES}) IS DISTINCT FROM ({_FRESH_FIGURES})
    ORDER BY business_date, store_id
""")


async def compare(connection: AsyncConnection) -> Sequence[Row[Any]]:
    """Return the days of stores that the swap changes."""
    return (await connection.execute(_COMPARE)).all()
