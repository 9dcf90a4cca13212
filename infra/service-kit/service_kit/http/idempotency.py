"""`Idempotency-Key` on POST, after draft-ietf-httpapi-idempotency-key-header-07.

The key commits in one transaction with the request's effect. A refusal that recorded nothing leaves
the key unused. A second request with the key waits for the first one's transaction, at most for
`lock_timeout`, and is then answered 409 (`ressource-occupee`).
"""

import hashlib
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Header, Request, Response
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from service_kit.database import idempotency_keys
from service_kit.http.callers import Caller
from service_kit.http.problems import Problem

REPLAYED = {"Idempotent-Replayed": "true"}

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=255,
        description=(
            "Any text that names this request among those of the API key, such as a UUID; a retry"
            " carries it again, byte for byte, and gets the first answer, with"
            " `Idempotent-Replayed: true`. Another request under the key is answered 422, one while"
            " the first is running 409. A key is recognised for at least 7 days after its first"
            " use. An answer of 4xx that recorded nothing, and any 5xx, leave it unused."
        ),
    ),
]

# A key can expire between the two statements of a claim; it does so once.
_CLAIM_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Recorded:
    """The result of an earlier request with the same key."""

    resource_id: str | None
    status: int | None
    body: bytes | None

    def response(self) -> Response:
        """Return the stored answer."""
        assert self.status is not None
        return Response(self.body, self.status, headers=REPLAYED, media_type="application/json")


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """A request with its key, and the hash by which a repetition is recognised."""

    caller: Caller
    key: str | None
    request_hash: bytes

    def parameters(self, resource_id: object) -> dict[str, Any]:
        """Return the values of the fragments' parameters, for a request that makes a resource."""
        return {
            "resource_id": str(resource_id),
            "client_id": self.caller.client_id,
            "key": self.key,
            "request_hash": self.request_hash,
        }


async def keyed(request: Request, caller: Caller, key: str | None) -> KeyedRequest:
    """Return the request with its key, if it has one."""
    if key is None:
        return KeyedRequest(caller, None, b"")
    line = f"{request.method} {request.url.path.rstrip('/')}\n"
    return KeyedRequest(caller, key, hashlib.sha256(line.encode() + await request.body()).digest())


async def claim_key(
    session: AsyncSession, request: Request, caller: Caller, key: str | None
) -> Recorded | None:
    """Take the key for this request; return the earlier result if the key is taken.

    Raises `Problem` 422 when the earlier request was another one (method, path or body).
    """
    return await claim(session, await keyed(request, caller, key))


async def claim(session: AsyncSession, request: KeyedRequest) -> Recorded | None:
    """Do the same as `claim_key` for a request that `keyed` has read."""
    if request.key is None:
        return None
    identity = {"client_id": request.caller.client_id, "key": request.key}
    row = await _claim_or_read(session, identity, request.request_hash)
    if row is None:
        return None
    if row.request_hash != request.request_hash:
        raise Problem.of("key-reused")
    return Recorded(resource_id=row.resource_id, status=row.status, body=row.body)


async def _claim_or_read(
    session: AsyncSession, identity: dict[str, str], request_hash: bytes
) -> Row[Any] | None:
    for _ in range(_CLAIM_ATTEMPTS):
        claimed = await session.execute(
            idempotency_keys.CLAIM, {**identity, "request_hash": request_hash}
        )
        if claimed.one_or_none() is not None:
            return None
        row = (await session.execute(idempotency_keys.READ, identity)).one_or_none()
        if row is not None:
            return row
    raise key_in_motion()


def key_in_motion() -> Problem:
    """Return the problem of a request whose key changed hands each time that it was read."""
    return Problem.of("resource-busy")


async def record_outcome(
    session: AsyncSession,
    caller: Caller,
    key: str | None,
    *,
    resource_id: str | None = None,
    status: int | None = None,
    body: bytes | None = None,
) -> None:
    """Store the request's result in its transaction: a resource, or the whole answer."""
    if key is None:
        return
    await session.execute(
        idempotency_keys.RECORD,
        {
            "client_id": caller.client_id,
            "key": key,
            "resource_id": resource_id,
            "status": status,
            "body": body,
        },
    )
