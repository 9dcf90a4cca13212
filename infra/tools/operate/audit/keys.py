"""Compares the copies of API keys in stock and report with those of the sales service."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from sales_service.events.topics import CATALOGUE_TOPIC
from service_kit.events import positions
from service_kit.events.key_changes import KeyChanged, list_keys


@dataclass(frozen=True, slots=True)
class CopiedKeys:
    """The keys of a copy by client, and its consumer's positions."""

    keys: Mapping[str, KeyChanged]
    positions: Mapping[int, int]


async def read_copies(session: AsyncSession, service: str) -> CopiedKeys:
    """Read the keys of a copy that the sales service has changed."""
    by_partition = await positions.read_offsets(session, f"{service}-service", CATALOGUE_TOPIC)
    return CopiedKeys(await _read_changed(session), by_partition)


async def _read_changed(session: AsyncSession) -> dict[str, KeyChanged]:
    # Version 0 was stored at a start, in each database by itself.
    names = KeyChanged.__struct_fields__
    return {
        key.client_id: KeyChanged(**{name: getattr(key, name) for name in names})
        for key in await list_keys(session)
        if key.version > 0
    }


_LAST_CHANGES = text("""
    SELECT DISTINCT ON (subject) subject, published_at IS NULL AS waits, kafka_partition,
        kafka_offset
    FROM outbox WHERE type = :type ORDER BY subject, id DESC
""")


async def compare_keys(sales: AsyncSession, copies: Mapping[str, CopiedKeys]) -> list[str]:
    """Return the keys whose copies differ, unless a newer event is on its way.

    Sales must be read after the copies.
    """
    keys = await _read_changed(sales)
    rows = (await sales.execute(_LAST_CHANGES, {"type": KeyChanged.TYPE})).all()
    found = []
    for service, copy in copies.items():
        under_way = {
            row.subject
            for row in rows
            if row.waits or row.kafka_offset >= copy.positions.get(row.kafka_partition, 0)
        }
        for client in sorted(keys.keys() | copy.keys.keys()):
            ours, theirs = keys.get(client), copy.keys.get(client)
            is_older = ours is not None and (theirs is None or theirs.version < ours.version)
            if ours != theirs and not (is_older and f"key/{client}" in under_way):
                found.append(
                    f"{client}: version {theirs and theirs.version} in {service}, "
                    f"{ours and ours.version} in sales"
                )
    return found
