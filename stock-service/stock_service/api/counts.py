"""Serves `/api/stock/inventaires`: counts of goods while the store sells."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from service_kit.http.access import refuse_foreign
from service_kit.http.callers import Caller
from service_kit.http.idempotency import REPLAYED, Keyed
from service_kit.http.openapi import PROBLEM, json_of
from service_kit.http.problems import json_pointer
from service_kit.http.state import ReadSession, api_state, read_session, write_session
from service_kit.telemetry.routing import TimedRoute
from stock_service.api.changes import ANY_LEVEL, level_of
from stock_service.api.count_answers import (
    CountOut,
    CountWithLinesOut,
    encode_count,
    encode_counts,
    encode_lines,
)
from stock_service.api.count_schemas import EXAMPLE_ID, CountedIn, CountIn, CountsQuery
from stock_service.api.pages import LARGEST_POSITION, next_link, read_cursor
from stock_service.api.place_wait import wait_for_places
from stock_service.api.roles import StockKeeper, StockReader, sees_costs
from stock_service.api.schemas import PageQuery
from stock_service.db.count_lines import find_lines, list_lines
from stock_service.db.counts import list_counts
from stock_service.domain.count_errors import UnknownCount
from stock_service.domain.counts import Count
from stock_service.use_cases import count_goods

router = APIRouter(tags=["inventaires"], route_class=TimedRoute)

COUNTS = "/api/stock/inventaires"
JSON = "application/json"
CountId = Annotated[
    UUID,
    Path(
        alias="inventaire_id",
        examples=[str(EXAMPLE_ID)],
        description="`inventaire_id` of a count; the example is that of `POST`",
    ),
]
_REFUSED: dict[int | str, dict[str, Any]] = {
    409: {"description": "L'état de l'inventaire ne le permet pas", **PROBLEM}
}


@router.post(COUNTS, status_code=201, responses={201: json_of(CountOut), **_REFUSED})
async def post_count(
    body: CountIn, request: Request, caller: StockKeeper, keyed: Keyed
) -> Response:
    """Open a count of a whole store, a category or some products. The store goes on selling."""
    refuse_foreign(caller, body.store_id)
    products = {
        json_pointer("produits", place): product_id
        for place, product_id in enumerate(body.products or ())
    }
    async with read_session(request) as session:
        await wait_for_places(session, {"/magasin_id": body.store_id}, products)
    wanted = body.to_count()
    async with write_session(request) as session:
        if former := await keyed.claim(session):
            # The identifier may have been made by the first request.
            return _made(former.answer, str(former.resource_id), is_repeated=True)
        opened = await count_goods.open_count(session, wanted)
        answer = encode_count(opened.count, with_costs=sees_costs(caller))
        await keyed.record(session, resource_id=str(wanted.id), status=201, body=answer)
    return _made(answer, str(wanted.id), is_repeated=opened.is_repeated)


def _made(answer: bytes, count_id: str, *, is_repeated: bool) -> Response:
    headers = {"Location": f"{COUNTS}/{count_id}", **(REPLAYED if is_repeated else {})}
    return Response(answer, 201, headers, media_type=JSON)


@router.get(COUNTS, responses={200: json_of(list[CountOut])})
async def get_counts(
    request: Request,
    session: ReadSession,
    caller: StockReader,
    query: Annotated[CountsQuery, Query()],
) -> Response:
    """Return the counts of the key's stores, newest first, without their lines."""
    (before,) = read_cursor(query.cursor, first=(LARGEST_POSITION,))
    found = await list_counts(
        session,
        store_ids=caller.narrow(query.store_id),
        status=query.wanted_status(),
        before=before,
        limit=query.limit + 1,
    )
    page = found[: query.limit]
    headers = next_link(request, page[-1].number) if len(found) > len(page) else {}
    answer = encode_counts(page, with_costs=sees_costs(caller))
    return Response(answer, headers=headers, media_type=JSON)


@router.get(f"{COUNTS}/{{inventaire_id}}", responses={200: json_of(CountWithLinesOut)})
async def get_count(
    count_id: CountId,
    request: Request,
    session: ReadSession,
    caller: StockReader,
    query: Annotated[PageQuery, Query()],
) -> Response:
    """Return a count of a store of the key with a page of its lines, by product.

    Of a posted count it is the report of the differences."""
    (after,) = read_cursor(query.cursor, first=(0,))
    count = await _find(session, count_id, caller)
    found = await list_lines(session, count, after, query.limit + 1)
    page = found[: query.limit]
    headers = next_link(request, page[-1].product_id) if len(found) > len(page) else {}
    answer = encode_lines(count, page, with_costs=sees_costs(caller))
    return Response(answer, headers=headers, media_type=JSON)


@router.post(
    f"{COUNTS}/{{inventaire_id}}/comptages", responses={200: json_of(CountWithLinesOut), **_REFUSED}
)
async def post_counted(
    count_id: CountId, body: CountedIn, request: Request, caller: StockKeeper, keyed: Keyed
) -> Response:
    """Enter what was counted, in any order; of a product the last quantity by its instant stays.

    A device that may repeat the request sends `compte_le` or `Idempotency-Key`: a repetition
    without both is a new count of its own instant."""
    lines = body.to_counted()
    products = {
        json_pointer("lignes", place, "produit_id"): line.product_id
        for place, line in enumerate(lines)
    }
    async with read_session(request) as session:
        await _find(session, count_id, caller)
        await wait_for_places(session, {}, products)
    async with write_session(request) as session:
        if former := await keyed.claim(session):
            return former.response()
        count = await count_goods.enter_counted(session, count_id, lines)
        rows = await find_lines(session, count, products.values())
        answer = encode_lines(count, rows, with_costs=sees_costs(caller))
        await keyed.record(session, status=200, body=answer)
    return Response(answer, media_type=JSON)


@router.post(f"{COUNTS}/{{inventaire_id}}/cloture", responses={200: json_of(CountOut), **_REFUSED})
async def post_posting(
    count_id: CountId, request: Request, caller: StockKeeper, keyed: Keyed
) -> Response:
    """Post the differences: each counted level moves by its own. The others stay as they are.

    A sale of before a product's count that arrives later moves its level no more."""
    async with write_session(request) as session:
        if former := await keyed.claim(session):
            return former.response()
        await _find(session, count_id, caller)
        posted = await count_goods.post_count(session, count_id)
        answer = encode_count(posted, with_costs=sees_costs(caller))
        await keyed.record(session, status=200, body=answer)
    # Do not wait for the notification: the client must read its own write from this process.
    changes = api_state(request.app).changes
    for name in (level_of(posted.store_id), ANY_LEVEL):
        changes.note(name)
    return Response(answer, media_type=JSON)


@router.post(
    f"{COUNTS}/{{inventaire_id}}/annulation", responses={200: json_of(CountOut), **_REFUSED}
)
async def post_count_end(count_id: CountId, request: Request, caller: StockKeeper) -> Response:
    """Cancel an open count; it has moved nothing."""
    async with write_session(request) as session:
        await _find(session, count_id, caller)
        cancelled = await count_goods.cancel_count(session, count_id)
    return Response(encode_count(cancelled, with_costs=sees_costs(caller)), media_type=JSON)


async def _find(session: AsyncSession, count_id: UUID, caller: Caller) -> Count:
    count = await count_goods.find(session, count_id)
    # Another store's count is not even shown to exist.
    if not caller.reaches(count.store_id):
        raise UnknownCount
    return count
