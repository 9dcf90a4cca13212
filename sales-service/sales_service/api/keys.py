"""`/api/cles`: the API keys of the chain, for the head office."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from sales_service.api.answers import respond
from sales_service.api.key_schemas import (
    KeyChange,
    KeyIn,
    KeyOut,
    KeysQuery,
    MadeKeyOut,
    PathName,
    PathRole,
    RotationIn,
)
from sales_service.api.roles import HeadOffice
from sales_service.domain.key_errors import UnknownKey
from sales_service.use_cases.manage_keys import (
    MadeKey,
    create_key,
    expire_key,
    revoke_key,
    rotate_key,
)
from service_kit.events.key_changes import ListedKey, list_keys, lock_key, read_key
from service_kit.http.openapi import json_of
from service_kit.http.pages import link_next
from service_kit.http.preconditions import IfMatch, etag_of, require_match
from service_kit.http.state import ReadSession, write_session
from service_kit.telemetry.routing import TimedRoute

router = APIRouter(tags=["clés"], route_class=TimedRoute)

# No cache on the way may keep a secret.
SECRET = {"Cache-Control": "no-store"}


@router.get("/api/cles/", responses={200: json_of(list[KeyOut])})
async def get_keys(
    request: Request, session: ReadSession, caller: HeadOffice, query: Annotated[KeysQuery, Query()]
) -> Response:
    """List all keys by name and role, those that are revoked too."""
    keys = await list_keys(session, query.cursor, query.limit + 1)
    page = keys[: query.limit]
    headers = link_next(request, page[-1].client_id) if len(keys) > len(page) else {}
    return respond([KeyOut.of(key) for key in page], headers=headers)


@router.post("/api/cles/", status_code=201, responses={201: json_of(MadeKeyOut)})
async def post_key(body: KeyIn, request: Request, caller: HeadOffice) -> Response:
    """Create a key. Its secret `cle` is in this answer only.

    The secret is stored nowhere, so a lost answer cannot be repeated: rotate the key instead.
    """
    client_id = f"{body.name}/{body.role}"
    async with write_session(request) as session:
        made = await create_key(
            session, client_id, body.role, body.stores, body.rights, body.expires_at
        )
        answer = await _show_made(session, made)
    location = f"/api/cles/{body.name}/{body.role}"
    return respond(answer, 201, {**SECRET, "Location": location})


# Before the other routes of a key: in the document's order each example works, and the last one
# revokes the key.
@router.post("/api/cles/{nom}/{role}/rotation", responses={200: json_of(MadeKeyOut)})
async def rotate(
    nom: PathName,
    role: PathRole,
    body: RotationIn,
    request: Request,
    caller: HeadOffice,
    if_match: IfMatch = None,
) -> Response:
    """Give a key a new secret `cle`, which is in this answer only.

    The client and its idempotency keys stay. The present secret is valid for the time of the
    overlap. After a lost answer rotate again: secrets that are still in use keep their time.
    """
    async with write_session(request) as session:
        await _require_match(session, nom, role, if_match)
        made = await rotate_key(session, f"{nom}/{role}", body.overlap)
        answer = await _show_made(session, made)
    return respond(answer, headers=SECRET)


@router.get("/api/cles/{nom}/{role}", responses={200: json_of(KeyOut)})
async def get_key(
    nom: PathName, role: PathRole, session: ReadSession, caller: HeadOffice
) -> Response:
    return _respond_key(await _read(session, nom, role))


@router.put("/api/cles/{nom}/{role}", responses={200: json_of(KeyOut)})
async def put_key(
    nom: PathName,
    role: PathRole,
    body: KeyChange,
    request: Request,
    caller: HeadOffice,
    if_match: IfMatch = None,
) -> Response:
    """Let a key expire at an instant, or never."""
    async with write_session(request) as session:
        await _require_match(session, nom, role, if_match)
        await expire_key(session, f"{nom}/{role}", body.expires_at)
        key = await _read(session, nom, role)
    return _respond_key(key)


@router.delete("/api/cles/{nom}/{role}", responses={200: json_of(KeyOut)})
async def delete_key(
    nom: PathName,
    role: PathRole,
    request: Request,
    caller: HeadOffice,
    if_match: IfMatch = None,
) -> Response:
    """Revoke a key with all its secrets, for good. It stays in the list."""
    async with write_session(request) as session:
        await _require_match(session, nom, role, if_match)
        await revoke_key(session, f"{nom}/{role}")
        key = await _read(session, nom, role)
    return _respond_key(key)


async def _require_match(session: AsyncSession, name: str, role: str, if_match: str | None) -> None:
    if if_match is None:
        return
    # Locked, so that the version is still this one when the change follows.
    key = await lock_key(session, f"{name}/{role}")
    if key is None:
        raise UnknownKey
    require_match(if_match, key.version)


async def _read(session: AsyncSession, name: str, role: str) -> ListedKey:
    key = await read_key(session, f"{name}/{role}")
    if key is None:
        raise UnknownKey
    return key


async def _show_made(session: AsyncSession, made: MadeKey) -> MadeKeyOut:
    key = await read_key(session, made.key.client_id)
    assert key is not None
    return MadeKeyOut.of(key, made.secret)


def _respond_key(key: ListedKey) -> Response:
    return respond(KeyOut.of(key), headers={"ETag": etag_of(key.version)})
