"""`/api/produits/{id}/prix`: the history of a product's prices, and those to come."""

import datetime as dt
from typing import Annotated, Self

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field, model_validator

from sales_service.api.amounts import UnitPrice
from sales_service.api.answers import JSON, respond
from sales_service.api.price_answers import PriceOut
from sales_service.api.roles import Anyone, HeadOffice
from sales_service.api.schemas import (
    CURSOR_HINT,
    FRENCH_ONLY,
    LARGEST_ID,
    Identifier,
    PathId,
    with_example,
)
from sales_service.db.prices import NEWEST, PriceRow
from sales_service.use_cases.manage_prices import list_history, set_price, take_price_back
from service_kit.http.dates import CalendarDate, WrittenDate
from service_kit.http.idempotency import Keyed
from service_kit.http.openapi import json_of
from service_kit.http.pages import invalid_cursor, link_next
from service_kit.http.state import ReadSession, write_session
from service_kit.telemetry.routing import TimedRoute

router = APIRouter(tags=["produits"], route_class=TimedRoute)

StoreId = Annotated[
    Annotated[int, Field(ge=1, le=LARGEST_ID)] | None,
    Field(description="Also the prices of this store; to take one back, it alone"),
]
PRICES = "/api/produits/{produit_id}/prix"


class PricesQuery(BaseModel):
    """A page of the chain's prices, and with `magasin_id` of those of this store, too."""

    model_config = FRENCH_ONLY

    store_id: StoreId = None
    limit: Annotated[int, Field(ge=1, le=500)] = 100
    cursor: Annotated[
        str | None,
        Field(max_length=40, pattern=r"^\d{4}-\d\d-\d\d\.\d{1,18}$", description=CURSOR_HINT),
    ] = None

    def after(self) -> tuple[dt.date, int]:
        """Return the entry that the page follows."""
        if self.cursor is None:
            return NEWEST
        day, _, entry = self.cursor.partition(".")
        try:
            return dt.date.fromisoformat(day), int(entry)
        except ValueError as error:
            raise invalid_cursor() from error


class PlannedQuery(BaseModel):
    """The store whose price is meant; without it, it is the chain's."""

    model_config = FRENCH_ONLY

    store_id: StoreId = None


class PriceIn(BaseModel):
    """A price from the business date `du` on, by default today; with `magasin_id` in this store.

    It is in force until the next one begins. Null: the store has the chain's price again.
    """

    model_config = with_example({"prix": 5.2, "du": "2999-12-31"})

    unit_price: UnitPrice | None
    valid_from: Annotated[
        Annotated[dt.date, Field(le=dt.date(2999, 12, 31)), WrittenDate] | None,
        Field(description="First business date: today, or later"),
    ] = None
    store_id: Identifier | None = None

    @model_validator(mode="after")
    def _is_a_price_or_of_a_store(self) -> Self:
        if self.unit_price is None and self.store_id is None:
            raise ValueError("Sans prix, magasin_id est attendu : il reprend celui de la chaîne.")
        return self


@router.get(PRICES, responses={200: json_of(list[PriceOut])})
async def get_prices(
    produit_id: PathId,
    request: Request,
    session: ReadSession,
    caller: Anyone,
    query: Annotated[PricesQuery, Query()],
) -> Response:
    """Return the prices of a product, the latest date first: those to come, then the history."""
    found = await list_history(session, produit_id, query.store_id, query.after(), query.limit + 1)
    page = found[: query.limit]
    headers = link_next(request, _cursor(page[-1].row)) if len(found) > len(page) else {}
    return respond([PriceOut.of(price) for price in page], headers=headers)


def _cursor(row: PriceRow) -> str:
    return f"{row.valid_from}.{row.id}"


@router.post(PRICES, status_code=201, responses={201: json_of(PriceOut)})
async def post_price(
    produit_id: PathId, body: PriceIn, request: Request, caller: HeadOffice, keyed: Keyed
) -> Response:
    """Set a price from today or a later date on. What has begun before is never changed."""
    async with write_session(request) as session:
        if former := await keyed.claim(session):
            return former.response()
        price = await set_price(
            session, produit_id, body.store_id, body.unit_price, body.valid_from
        )
        answer = msgspec.json.encode(PriceOut.of(price))
        await keyed.record(session, status=201, body=answer)
    return Response(answer, 201, media_type=JSON)


PlannedDate = Annotated[CalendarDate, Path(examples=["2999-12-31"])]


@router.delete(PRICES + "/{du}", responses={200: json_of(PriceOut)})
async def delete_price(
    produit_id: PathId,
    du: PlannedDate,
    request: Request,
    caller: HeadOffice,
    query: Annotated[PlannedQuery, Query()],
) -> Response:
    """Take back the price that is planned for a date."""
    async with write_session(request) as session:
        price = await take_price_back(session, produit_id, query.store_id, du)
    return respond(PriceOut.of(price))
