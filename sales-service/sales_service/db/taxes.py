"""SQL about the rates of taxes, by place and class of goods."""

from collections.abc import Collection

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


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
