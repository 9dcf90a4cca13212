"""`Idempotency-Key` on POST, after draft-ietf-httpapi-idempotency-key-header-07.

The key commits in one transaction with the request's effect. A refusal that recorded nothing leaves
the key unused. A second request with the key waits for the first one's transaction, at most for
`lock_timeout`, and is then answered 409 (`ressource-occupee`).
"""

import hashlib
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from service_kit.database import idempotency_keys
from service_kit.http.api_keys import identify_caller
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

    @property
    def answer(self) -> bytes:
        """Return the body of the stored answer."""
        assert self.body is not None
        return self.body

    def response(self) -> Response:
        """Return the stored answer."""
        assert self.status is not None
        return Response(self.body, self.status, headers=REPLAYED, media_type="application/json")


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """A request with its key, if it has one, and the hash by which a repetition is recognised."""

    client_id: str
    key: str | None
    request_hash: bytes

    def parameters(self, resource_id: object) -> dict[str, Any]:
        """Return the values of the fragments' parameters, for a request that makes a resource."""
        return {
            "resource_id": str(resource_id),
            "client_id": self.client_id,
            "key": self.key,
            "request_hash": self.request_hash,
        }

    async def claim(self, session: AsyncSession) -> Recorded | None:
        """Take the key for this request; return the earlier result if the key is taken.

        Raises `Problem` 422 when the earlier request was another one (method, path, query or body).
        """
        if self.key is None:
            return None
        values = {
            "client_id": self.client_id,
            "key": self.key,
            "request_hash": self.request_hash,
        }
        for _ in range(_CLAIM_ATTEMPTS):
            claimed = await session.execute(idempotency_keys.CLAIM, values)
            if claimed.one_or_none() is not None:
                return None
            row = (await session.execute(idempotency_keys.READ, values)).one_or_none()
            if row is None:
                continue
            if row.request_hash != self.request_hash:
                raise Problem.of("key-reused")
            return Recorded(row.resource_id, row.status, row.body)
        raise key_in_motion()

    async def record(
        self,
        session: AsyncSession,
        *,
        resource_id: str | None = None,
        status: int | None = None,
        body: bytes | None = None,
    ) -> None:
        """Store the request's result in its transaction: a resource, or the whole answer."""
        if self.key is None:
            return
        identity = {"client_id": self.client_id, "key": self.key}
        result = {"resource_id": resource_id, "status": status, "body": body}
        await session.execute(idempotency_keys.RECORD, identity | result)


def key_in_motion() -> Problem:
    """Return the problem of a request whose key expired at each attempt to read it."""
    return Problem.of("resource-busy")


async def _read_keyed(
    request: Request,
    caller: Annotated[Caller, Depends(identify_caller, scope="function")],
    idempotency_key: IdempotencyKey = None,
) -> KeyedRequest:
    if idempotency_key is None:
        return KeyedRequest(caller.client_id, None, b"")
    query = f"?{request.url.query}" if request.url.query else ""
    line = f"{request.method} {request.url.path.rstrip('/')}{query}\n"
    digest = hashlib.sha256(line.encode() + await request.body()).digest()
    return KeyedRequest(caller.client_id, idempotency_key, digest)


# For a route that is idempotent under its key.
Keyed = Annotated[KeyedRequest, Depends(_read_keyed, scope="function")]
