"""Serves `/api/stock/seuils` and `/api/demandes/suggestions`: when stores order what."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import Row

from service_kit.http.access import refuse_foreign, refuse_limited
from service_kit.http.openapi import json_of
from service_kit.http.state import ReadSession, read_session, write_session
from service_kit.telemetry.routing import TimedRoute
from stock_service.api.pages import next_link, read_cursor
from stock_service.api.place_wait import wait_for_places
from stock_service.api.request_answers import RequestOut
from stock_service.api.roles import StockKeeper, StockReader
from stock_service.api.schemas import MovementQuery
from stock_service.api.threshold_schemas import AcceptedIn, SuggestionsQuery, ThresholdIn
from stock_service.api.words import FRENCH
from stock_service.db.thresholds import list_suggestions, list_thresholds
from stock_service.domain.levels import LevelKey
from stock_service.use_cases.order_by_thresholds import accept_suggestions
from stock_service.use_cases.watch_levels import set_threshold

router = APIRouter(tags=["demandes"], route_class=TimedRoute)

THRESHOLDS = "/api/stock/seuils"
SUGGESTIONS = "/api/demandes/suggestions"
JSON = "application/json"


class ThresholdOut(msgspec.Struct, frozen=True, rename=FRENCH):
    """The thresholds of a product in a store, in units."""

    store_id: Annotated[int | None, msgspec.Meta(description="Null: of all stores")]
    product_id: Annotated[int | None, msgspec.Meta(description="Null: of all products")]
    low: Annotated[int | None, msgspec.Meta(description="At or below it the store is low")]
    reorder_point: Annotated[
        int | None, msgspec.Meta(description="At or below it the store orders")
    ]
    target: Annotated[int | None, msgspec.Meta(description="Up to how many units it orders")]
    high: Annotated[int | None, msgspec.Meta(description="Above it the store has too much")]


class SuggestionOut(msgspec.Struct, frozen=True, rename=FRENCH):
    """What a store should order: `quantite` brings what it expects up to `cible`."""

    store_id: int
    product_id: int
    name: str
    quantity: int
    on_hand: int
    in_transit: int
    requested: Annotated[int, msgspec.Meta(description="Asked for, and not sent yet")]
    reorder_point: int
    target: int


class KeyOut(msgspec.Struct, frozen=True, rename=FRENCH):
    """A product in a store."""

    store_id: int
    product_id: int


class AcceptedOut(msgspec.Struct, frozen=True, rename=FRENCH):
    """The requests that were made, and the lines of which nothing is suggested any more."""

    requests: list[RequestOut]
    without_suggestion: list[KeyOut]


@router.put(THRESHOLDS, responses={200: json_of(ThresholdOut)})
async def put_threshold(body: ThresholdIn, request: Request, caller: StockKeeper) -> Response:
    """Set the thresholds of a product in a store; without `produit_id` those of all its products,
    with a `magasin_id` of null those of all stores, which takes a key of the chain.

    It replaces all four. What is left out is that of the product in all stores, else of the
    store, else of the chain; or it is not set. Alerts follow: at once those of one product in one
    store, the others within moments."""
    if body.store_id is None:
        refuse_limited(caller)
    else:
        refuse_foreign(caller, body.store_id)
    threshold = body.to_threshold()
    stores = {} if threshold.store_id is None else {"/magasin_id": threshold.store_id}
    products = {} if threshold.product_id is None else {"/produit_id": threshold.product_id}
    async with read_session(request) as session:
        await wait_for_places(session, stores, products)
    async with write_session(request) as session:
        await set_threshold(session, threshold)
    return Response(msgspec.json.encode(ThresholdOut(*threshold)), media_type=JSON)


@router.get(THRESHOLDS, responses={200: json_of(list[ThresholdOut])})
async def get_thresholds(
    request: Request,
    session: ReadSession,
    caller: StockReader,
    query: Annotated[MovementQuery, Query()],
) -> Response:
    """Return the thresholds of the key's stores, by store and product; those of all come first."""
    after_store, after_product = read_cursor(query.cursor, first=(0, 0))
    rows = await list_thresholds(
        session,
        caller.narrow(query.store_id),
        query.product_id,
        (after_store, after_product),
        query.limit + 1,
        with_chain=query.store_id is None,
    )
    return _page(request, rows, query.limit, list[ThresholdOut])


@router.get(SUGGESTIONS, responses={200: json_of(list[SuggestionOut])})
async def get_suggestions(
    request: Request,
    session: ReadSession,
    caller: StockReader,
    query: Annotated[SuggestionsQuery, Query()],
) -> Response:
    """Return what the key's stores should order, by store and product."""
    after_store, after_product = read_cursor(query.cursor, first=(0, 0))
    rows = await list_suggestions(
        session, caller.narrow(query.store_id), (after_store, after_product), query.limit + 1
    )
    return _page(request, rows, query.limit, list[SuggestionOut])


@router.post(SUGGESTIONS, responses={200: json_of(AcceptedOut)})
async def post_suggestions(body: AcceptedIn, request: Request, caller: StockKeeper) -> Response:
    """Make a request of what is suggested now of each line; the same again makes none."""
    keys = list(dict.fromkeys(LevelKey(line.store_id, line.product_id) for line in body.lines))
    for key in keys:
        refuse_foreign(caller, key.store_id)
    async with write_session(request) as session:
        accepted = await accept_suggestions(session, keys, body.centre_id)
    answer = AcceptedOut(
        [RequestOut.of(each) for each in accepted.requests],
        [KeyOut(*key) for key in accepted.without_suggestion],
    )
    return Response(msgspec.json.encode(answer), media_type=JSON)


def _page(request: Request, rows: Sequence[Row[Any]], limit: int, kind: Any) -> Response:
    page = rows[:limit]
    last = page[-1] if len(rows) > len(page) else None
    headers = next_link(request, last.store_id or 0, last.product_id or 0) if last else {}
    content = msgspec.convert(page, kind, from_attributes=True)
    return Response(msgspec.json.encode(content), headers=headers, media_type=JSON)
