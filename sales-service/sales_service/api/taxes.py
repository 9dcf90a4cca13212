"""`/api/taxes`."""

from datetime import date
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from sales_service.api.amounts import Rate
from sales_service.api.answers import JSON, respond
from sales_service.api.roles import Anyone, HeadOffice
from sales_service.api.schemas import LARGEST_ID, PageQuery
from sales_service.api.tax_answers import RateOut
from sales_service.api.tax_words import TaxClass, TaxCode, TaxPlace
from sales_service.api.words import translate_of_rate
from sales_service.db.taxes import NewRate, list_rates
from sales_service.use_cases.manage_taxes import add_rate, take_rate_back
from service_kit.http.dates import CalendarDate
from service_kit.http.idempotency import Keyed
from service_kit.http.openapi import json_of
from service_kit.http.pages import link_next
from service_kit.http.state import ReadSession, write_session
from service_kit.telemetry.routing import TimedRoute

router = APIRouter(tags=["taxes"], route_class=TimedRoute)

_FRENCH_OF_RATE = ConfigDict(extra="forbid", alias_generator=translate_of_rate)
# PostgreSQL would keep the first and the last date that Python knows as infinite.
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2999, 12, 31)
_EXAMPLE: dict[str, Any] = {
    "lieu": "ON",
    "classe": "taxable",
    "code": "TVH",
    "taux": 0.13,
    "du": "2010-07-01",
}


class RatesQuery(PageQuery):
    """A page of the rates, of one place or of one class of goods if these are given."""

    model_config = _FRENCH_OF_RATE

    place: Annotated[
        TaxPlace | None, Field(description="Only rates of this place, such as `QC`")
    ] = None
    tax_class: Annotated[
        TaxClass | None, Field(description="Only rates of this class of goods, such as `taxable`")
    ] = None


class RateIn(BaseModel):
    """A rate of a tax for a class of goods at a place, from the business date `du`.

    It is in force until the next rate of this tax begins. 0 ends the tax.
    """

    model_config = {**_FRENCH_OF_RATE, "json_schema_extra": {"examples": [_EXAMPLE]}}

    place: TaxPlace
    tax_class: TaxClass
    code: TaxCode
    rate: Rate
    valid_from: Annotated[
        CalendarDate, Field(ge=FIRST_DAY, le=LAST_DAY, description="First business date")
    ]

    def new_rate(self) -> NewRate:
        """Return the rate in the words of the database."""
        return NewRate(**self.model_dump())


@router.get("/api/taxes/", responses={200: json_of(list[RateOut])})
async def get_rates(
    request: Request, session: ReadSession, caller: Anyone, query: Annotated[RatesQuery, Query()]
) -> Response:
    rates = await list_rates(session, query.place, query.tax_class, query.cursor, query.limit + 1)
    page = rates[: query.limit]
    headers = link_next(request, str(page[-1].id)) if len(rates) > len(page) else {}
    return respond([RateOut.of(rate) for rate in page], headers=headers)


@router.post(
    "/api/taxes/",
    status_code=201,
    responses={
        200: {"description": "Ce taux existe déjà", **json_of(RateOut)},
        201: json_of(RateOut),
    },
)
async def post_rate(body: RateIn, request: Request, caller: HeadOffice, keyed: Keyed) -> Response:
    """Add a rate. Sales of its business dates have it from then on; recorded ones stay."""
    async with write_session(request) as session:
        if former := await keyed.claim(session):
            return former.response()
        added = await add_rate(session, body.new_rate())
        answer = msgspec.json.encode(RateOut.of(added.rate))
        status = 200 if added.is_repeated else 201
        await keyed.record(session, status=status, body=answer)
    return Response(answer, status, media_type=JSON)


RateId = Annotated[
    int, Path(ge=1, le=LARGEST_ID, examples=[5], description="`id` of the rate in the list")
]


@router.delete("/api/taxes/{taux_id}", responses={200: json_of(RateOut)})
async def delete_rate(taux_id: RateId, request: Request, caller: HeadOffice) -> Response:
    """Take back a rate that has not begun in any store. Recorded sales stay."""
    async with write_session(request) as session:
        rate = await take_rate_back(session, taux_id)
    return respond(RateOut.of(rate))
