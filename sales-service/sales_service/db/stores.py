"""SQL about stores."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreRow:
    """A store as the catalogue shows it."""

    id: int
    version: int
    name: str
    address: str
    city: str
    kind: str
    timezone: str
    cutoff_hour: int
    currency: str
    stock_policy: str
    tax_place: str | None
    taxes: list[dict[str, str]]
    is_active: bool
    updated_at: datetime
    cash_rounding: int


_STORE_COLUMNS = """id, version, name, address, city, kind, timezone, cutoff_hour, currency,
    stock_policy, tax_place, taxes, is_active, updated_at, cash_rounding"""


def _store(row: Row[Any]) -> StoreRow:
    return StoreRow(**row._mapping)


async def list_stores(
    session: AsyncSession, are_active: bool, after_id: int, limit: int
) -> list[StoreRow]:
    rows = await session.execute(
        text(f"""
            SELECT {_STORE_COLUMNS} FROM stores
            WHERE id > :after AND is_active = :are_active ORDER BY id LIMIT :limit
        """),
        {"after": after_id, "are_active": are_active, "limit": limit},
    )
    return [_store(row) for row in rows]


async def insert_store(
    session: AsyncSession, values: dict[str, Any], actor: str | None
) -> StoreRow | None:
    """Insert a store and return it, or None when its name is taken."""
    row = (
        await session.execute(
            text(f"""
                INSERT INTO stores (name, address, city, kind, timezone, cutoff_hour, currency,
                    stock_policy, tax_place, taxes, cash_rounding, changed_by)
                VALUES (:name, :address, :city, :kind, :timezone, :cutoff_hour, :currency,
                    :stock_policy, :tax_place, CAST(:taxes AS jsonb), :cash_rounding, :changed_by)
                ON CONFLICT (name) DO NOTHING
                RETURNING {_STORE_COLUMNS}
            """),
            values
            | {
                "taxes": msgspec.json.encode(values["taxes"]).decode(),
                "changed_by": actor,
            },
        )
    ).one_or_none()
    return None if row is None else _store(row)


async def find_store_ids(session: AsyncSession, ids: Sequence[int]) -> set[int]:
    """Return those of the ids that belong to a store."""
    rows = await session.execute(
        text("SELECT id FROM stores WHERE id = ANY(CAST(:ids AS int[]))"), {"ids": list(ids)}
    )
    return set(rows.scalars())


async def create_number_sequence(session: AsyncSession, store_id: int) -> None:
    """Create the sequence of the store's receipt numbers.

    With a sequence, sales of one store never wait for each other.
    """
    await session.execute(text("SELECT create_sale_number_sequence(:store)"), {"store": store_id})


async def update_store(
    session: AsyncSession, store_id: int, changes: dict[str, Any], actor: str | None
) -> StoreRow | None:
    """Update a store and return it, or None when it does not exist."""
    if "taxes" in changes:
        changes = changes | {"taxes": msgspec.json.encode(changes["taxes"]).decode()}
    # Safe: the names of columns come from our request models, and values are parameters.
    assignments = ", ".join(
        f"{column} = CAST(:{column} AS jsonb)" if column == "taxes" else f"{column} = :{column}"
        for column in changes
    )
    row = (
        await session.execute(
            text(f"""
                UPDATE stores SET {assignments}, version = version + 1, updated_at = now(),
                    changed_by = :changed_by
                WHERE id = :id RETURNING {_STORE_COLUMNS}
            """),
            changes | {"id": store_id, "changed_by": actor},
        )
    ).one_or_none()
    return None if row is None else _store(row)


async def close_store(session: AsyncSession, store_id: int, actor: str | None) -> StoreRow | None:
    """Close a store and return it, or None when it is closed already or does not exist."""
    row = (
        await session.execute(
            text(f"""
                UPDATE stores SET is_active = false, version = version + 1, updated_at = now(),
                    changed_by = :changed_by
                WHERE id = :id AND is_active RETURNING {_STORE_COLUMNS}
            """),
            {"id": store_id, "changed_by": actor},
        )
    ).one_or_none()
    return None if row is None else _store(row)


async def read_store(session: AsyncSession, store_id: int) -> StoreRow | None:
    row = (
        await session.execute(
            text(f"SELECT {_STORE_COLUMNS} FROM stores WHERE id = :id"), {"id": store_id}
        )
    ).one_or_none()
    return None if row is None else _store(row)
