"""SQL about the rates of taxes, by place and class of goods."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRate:
    """A rate of a tax, from its first business date."""

    place: str
    tax_class: str
    code: str
    rate: Decimal
    valid_from: date


@dataclass(frozen=True, slots=True, kw_only=True)
class RateRow(NewRate):
    """A stored rate."""

    id: int


_COLUMNS = "id, place, tax_class, code, rate, valid_from"


def _rate(row: Row[Any]) -> RateRow:
    return RateRow(**row._mapping)


async def list_rates(
    session: AsyncSession, place: str | None, tax_class: str | None, after_id: int, limit: int
) -> list[RateRow]:
    """Return rates by id, of one place or of one class if these are given."""
    rows = await session.execute(
        text(f"""
            SELECT {_COLUMNS} FROM tax_rates
            WHERE id > :after
                AND (CAST(:place AS text) IS NULL OR place = :place)
                AND (CAST(:tax_class AS text) IS NULL OR tax_class = :tax_class)
            ORDER BY id LIMIT :limit
        """),
        {"after": after_id, "place": place, "tax_class": tax_class, "limit": limit},
    )
    return [_rate(row) for row in rows]


async def raise_version(session: AsyncSession, place: str) -> datetime:
    """Make cached rates of a place stale, and lock it; make the place if it is new.

    Returns the time after the lock, by the database's clock.
    """
    raised = await session.execute(
        text("""
            INSERT INTO tax_places (name) VALUES (:name)
            ON CONFLICT (name) DO UPDATE SET version = tax_places.version + 1
            RETURNING clock_timestamp() AS now
        """),
        {"name": place},
    )
    now: datetime = raised.scalar_one()
    return now


async def insert_rate(session: AsyncSession, rate: NewRate, actor: str | None) -> RateRow | None:
    """Insert a rate and return it, or None when its code has a rate from the same date."""
    row = (
        await session.execute(
            text(f"""
                INSERT INTO tax_rates (place, tax_class, code, rate, valid_from, made_by)
                VALUES (:place, :tax_class, :code, :rate, :valid_from, :made_by)
                ON CONFLICT (place, tax_class, code, valid_from) DO NOTHING
                RETURNING {_COLUMNS}
            """),
            {**_values(rate), "made_by": actor},
        )
    ).one_or_none()
    return None if row is None else _rate(row)


async def read_rate(session: AsyncSession, rate: NewRate) -> RateRow:
    """Return the stored rate of the same place, class, code and date."""
    rows = await session.execute(
        text(f"""
            SELECT {_COLUMNS} FROM tax_rates
            WHERE (place, tax_class, code, valid_from) = (:place, :tax_class, :code, :valid_from)
        """),
        _values(rate),
    )
    return _rate(rows.one())


async def find_rate(session: AsyncSession, rate_id: int) -> RateRow | None:
    rows = await session.execute(
        text(f"SELECT {_COLUMNS} FROM tax_rates WHERE id = :id"), {"id": rate_id}
    )
    row = rows.one_or_none()
    return None if row is None else _rate(row)


async def delete_rate(session: AsyncSession, rate_id: int) -> bool:
    """Delete a rate that has not begun, and return whether it was there."""
    rows = await session.execute(
        text("DELETE FROM tax_rates WHERE id = :id RETURNING id"), {"id": rate_id}
    )
    return rows.one_or_none() is not None


def _values(rate: NewRate) -> dict[str, Any]:
    return {
        "place": rate.place,
        "tax_class": rate.tax_class,
        "code": rate.code,
        "rate": rate.rate,
        "valid_from": rate.valid_from,
    }


async def count_codes(session: AsyncSession, place: str, tax_class: str) -> int:
    found = await session.execute(
        text("""
            SELECT count(DISTINCT code) FROM tax_rates
            WHERE place = :place AND tax_class = :tax_class
        """),
        {"place": place, "tax_class": tax_class},
    )
    return int(found.scalar_one())


async def place_exists(session: AsyncSession, name: str) -> bool:
    found = await session.execute(
        text("SELECT EXISTS (SELECT FROM tax_places WHERE name = :name)"), {"name": name}
    )
    return bool(found.scalar_one())


async def find_classes(session: AsyncSession, names: Collection[str]) -> set[str]:
    """Return those of the classes of goods that have a rate at some place."""
    rows = await session.execute(
        text("""
            SELECT DISTINCT tax_class FROM tax_rates
            WHERE tax_class = ANY(CAST(:names AS text[]))
        """),
        {"names": list(names)},
    )
    return set(rows.scalars())
