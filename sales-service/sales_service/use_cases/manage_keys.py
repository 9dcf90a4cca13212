"""Creates, rotates, expires and revokes the chain's API keys; each change is announced.

A secret is shown once, when it is made. What is stored and announced is its digest.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from sales_service.db.stores import find_store_ids
from sales_service.domain.errors import UnknownStore
from sales_service.domain.key_errors import KeyExists, KeyIsRevoked, TooManySecrets, UnknownKey
from sales_service.events.key_events import key_changed
from sales_service.events.published import KeyChanged
from service_kit.events.key_changes import FormerSecret, keep_keys, lock_key
from service_kit.events.outbox import add_to_outbox
from service_kit.http.callers import hash_key

MOST_FORMER_SECRETS = 5
_NOW = text("SELECT clock_timestamp()")
_LOCK_CLIENT = text("SELECT pg_advisory_xact_lock(hashtextextended(:client_id, 0))")


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A key with its new secret."""

    key: KeyChanged
    secret: str


async def create_key(
    session: AsyncSession,
    client_id: str,
    role: str,
    stores: Collection[int] | None,
    rights: Collection[str],
    expires_at: datetime | None = None,
) -> MadeKey:
    """Make the key of a client that has none, or a revoked one.

    Raises `KeyExists` or `UnknownStore`.
    """
    if stores is not None and await find_store_ids(session, list(stores)) != set(stores):
        raise UnknownStore
    # There may be no row to lock: of two requests the later one would replace the first one's key.
    await session.execute(_LOCK_CLIENT, {"client_id": client_id})
    known = await lock_key(session, client_id)
    if known is not None and known.revoked_at is None:
        raise KeyExists(client_id)
    secret, digest = _make_secret()
    now = await _read_clock(session)
    key = KeyChanged(
        client_id=client_id,
        version=_next_version(known.version if known else 0, now),
        role=role,
        sites=None if stores is None else sorted(set(stores)),
        rights=sorted(set(rights)),
        digest=digest,
        former_secrets=[],
        expires_at=expires_at,
        revoked_at=None,
        changed_at=now,
    )
    return MadeKey(await _keep(session, key), secret)


async def rotate_key(session: AsyncSession, client_id: str, overlap: timedelta) -> MadeKey:
    """Give a key a new secret; the present one stays valid for the time of the overlap.

    The client stays the same: a request that is repeated under the new secret is a repetition.
    Raises `UnknownKey`, `KeyIsRevoked` or `TooManySecrets`.
    """
    key = await _lock_valid(session, client_id)
    now = await _read_clock(session)
    former = [each for each in key.former_secrets if each.valid_until > now]
    if overlap:
        former.append(FormerSecret(key.digest, now + overlap))
    if len(former) > MOST_FORMER_SECRETS:
        raise TooManySecrets(MOST_FORMER_SECRETS)
    secret, digest = _make_secret()
    changed = _change(key, now, digest=digest, former_secrets=former)
    return MadeKey(await _keep(session, changed), secret)


async def expire_key(
    session: AsyncSession, client_id: str, expires_at: datetime | None
) -> KeyChanged:
    """Let a key expire at an instant of the database's clock, or never.

    Raises `UnknownKey` or `KeyIsRevoked`.
    """
    key = await _lock_valid(session, client_id)
    now = await _read_clock(session)
    return await _keep(session, _change(key, now, expires_at=expires_at))


async def revoke_key(session: AsyncSession, client_id: str) -> KeyChanged:
    """Revoke a key with all its secrets, for good; raise `UnknownKey`. It is idempotent."""
    key = await lock_key(session, client_id)
    if key is None:
        raise UnknownKey
    if key.revoked_at is not None:
        return key
    now = await _read_clock(session)
    return await _keep(session, _change(key, now, revoked_at=now, former_secrets=[]))


async def _lock_valid(session: AsyncSession, client_id: str) -> KeyChanged:
    key = await lock_key(session, client_id)
    if key is None:
        raise UnknownKey
    if key.revoked_at is not None:
        raise KeyIsRevoked(client_id)
    return key


def _make_secret() -> tuple[str, str]:
    secret = secrets.token_urlsafe(32)
    return secret, hash_key(secret).hex()


def _next_version(known: int, now: datetime) -> int:
    """Return a version above this one, and above those that a copy may have.

    A copy is ahead when this database was restored from a backup. It is not ahead of the clock.
    """
    return max(known + 1, int(now.timestamp() * 1000))


def _change(key: KeyChanged, now: datetime, **changes: object) -> KeyChanged:
    version = _next_version(key.version, now)
    return msgspec.structs.replace(key, version=version, changed_at=now, **changes)


async def _read_clock(session: AsyncSession) -> datetime:
    now: datetime = (await session.execute(_NOW)).scalar_one()
    return now


async def _keep(session: AsyncSession, key: KeyChanged) -> KeyChanged:
    """Write a change and its event; raise `KeyExists` when another request came first."""
    if not await keep_keys(session, [key]):
        raise KeyExists(key.client_id)
    await add_to_outbox(session, [key_changed(key)])
    return key
