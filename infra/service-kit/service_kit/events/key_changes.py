"""The changes of API keys: the owner announces each, and every copy keeps the highest version.

Version 0 is a key that was stored at a start (`http/api_keys.py`); any change of the owner's wins
over it.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta, Struct
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Site = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Instant = Annotated[datetime, Meta(tz=True)]


class FormerSecret(Struct, frozen=True):
    """The digest of a replaced secret, which is valid until an instant."""

    digest: Digest
    valid_until: Instant


class KeyChanged(Struct, frozen=True, kw_only=True):
    """The key of a client as it is now, without the secret. The highest version wins."""

    TYPE: ClassVar[str] = "access.key-changed.v1"

    client_id: str
    version: Annotated[int, Meta(ge=1, le=2**63 - 1)]
    role: str
    sites: list[Site] | None
    rights: list[str]
    digest: Digest
    former_secrets: list[FormerSecret]
    expires_at: Instant | None
    revoked_at: Instant | None
    changed_at: Instant


class ListedKey(KeyChanged, frozen=True, kw_only=True):
    """A stored key, with what its database alone knows."""

    created_at: datetime
    last_used_at: datetime | None


_KEEP = text("""
    INSERT INTO api_keys (client_id, version, role, sites, rights, key_hash, former_secrets,
        expires_at, revoked_at, changed_at)
    SELECT client_id, version, role, sites, rights, decode(digest, 'hex'), former_secrets,
        expires_at, revoked_at, changed_at
    FROM jsonb_to_recordset(CAST(:keys AS jsonb)) AS new (client_id text, version bigint,
        role text, sites int[], rights text[], digest text, former_secrets jsonb,
        expires_at timestamptz, revoked_at timestamptz, changed_at timestamptz)
    ON CONFLICT (client_id) DO UPDATE
        SET version = excluded.version, role = excluded.role, sites = excluded.sites,
            rights = excluded.rights, key_hash = excluded.key_hash,
            former_secrets = excluded.former_secrets, expires_at = excluded.expires_at,
            revoked_at = excluded.revoked_at, changed_at = excluded.changed_at
        WHERE excluded.version > api_keys.version
    RETURNING client_id
""")


async def keep_keys(session: AsyncSession, changes: Iterable[KeyChanged]) -> set[str]:
    """Store the keys that are newer than the stored ones; return their clients."""
    # One statement cannot write a row twice. It locks the rows in one order, so that a rebuild and
    # a consumer cannot deadlock.
    newest = {
        each.client_id: each
        for each in sorted(changes, key=lambda change: (change.client_id, change.version))
    }
    if not newest:
        return set()
    keys = msgspec.json.encode(list(newest.values())).decode()
    return set((await session.execute(_KEEP, {"keys": keys})).scalars())


_COLUMNS = """client_id, version, role, sites, rights, encode(key_hash, 'hex') AS digest,
    former_secrets, expires_at, revoked_at, coalesce(changed_at, created_at) AS changed_at"""
_LOCK = text(f"SELECT {_COLUMNS} FROM api_keys WHERE client_id = :client_id FOR UPDATE")


async def lock_key(session: AsyncSession, client_id: str) -> KeyChanged | None:
    """Lock the key of a client until the transaction ends; return it."""
    row = (await session.execute(_LOCK, {"client_id": client_id})).one_or_none()
    return None if row is None else KeyChanged(**_fields(row))


_LIST = text(f"""
    SELECT {_COLUMNS}, created_at, last_used_at
    FROM api_keys LEFT JOIN api_key_uses USING (client_id)
    WHERE client_id > :after ORDER BY client_id LIMIT :limit
""")


async def list_keys(
    session: AsyncSession, after: str = "", limit: int | None = None
) -> list[ListedKey]:
    """Return the keys by client, those that are revoked too."""
    rows = await session.execute(_LIST, {"after": after, "limit": limit})
    return [ListedKey(**_fields(row)) for row in rows]


_READ = text(f"""
    SELECT {_COLUMNS}, created_at, last_used_at
    FROM api_keys LEFT JOIN api_key_uses USING (client_id) WHERE client_id = :client_id
""")


async def read_key(session: AsyncSession, client_id: str) -> ListedKey | None:
    row = (await session.execute(_READ, {"client_id": client_id})).one_or_none()
    return None if row is None else ListedKey(**_fields(row))


def _fields(row: Row[Any]) -> dict[str, Any]:
    former = msgspec.convert(row.former_secrets, list[FormerSecret])
    return {**row._mapping, "former_secrets": former}
