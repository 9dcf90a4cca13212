"""Serves `POST /api/stock/mouvements/lots`: many movements of many stores, all or none."""

from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response

from service_kit.http.access import site_refused
from service_kit.http.idempotency import REPLAYED, Keyed
from service_kit.http.limits import BodyBounds
from service_kit.http.openapi import json_of
from service_kit.http.problem_table import describe_fault
from service_kit.http.problems import (
    MOST_DESCRIBED,
    Fault,
    invalid_request,
    json_pointer,
)
from service_kit.http.state import api_state, read_session, write_session
from service_kit.telemetry.routing import TimedRoute
from stock_service.api.catalogue_wait import wait_for_lot
from stock_service.api.changes import ANY_LEVEL, level_of
from stock_service.api.lot_schemas import LotIn, LotOut, answer_lot, read_lines
from stock_service.api.problems import (
    UNKNOWN_PRODUCT,
    UNKNOWN_STORE,
    backdated,
    breach_fault,
    unknown_fault,
    unknown_in_lot,
)
from stock_service.api.roles import BACKDATE, StockKeeper, may
from stock_service.api.schemas import is_late
from stock_service.api.words import KINDS
from stock_service.db.lots import LotLookup
from stock_service.domain.entries import Entry
from stock_service.domain.errors import Breach, EntryRule
from stock_service.domain.levels import Kind, LevelKey
from stock_service.domain.lots import Lot, LotLine, find_breaches, sum_lines
from stock_service.use_cases.post_lot import post_lot

router = APIRouter(tags=["mouvements"], route_class=TimedRoute)

PATH = "/api/stock/mouvements/lots"
# Ten thousand lines of five members each, with what stands before them. More would be more faults
# than a second of CPU describes.
BODY_BOUNDS = BodyBounds(most_bytes=2 * 1024 * 1024, most_members=50_100)

# A fault, and the row of the body that it is in.
_Placed = tuple[int, Fault]
_BEFORE_THE_ROWS = -1


@router.post(PATH, status_code=201, responses={201: json_of(LotOut)})
async def post_stock_lot(
    body: LotIn, request: Request, caller: StockKeeper, keyed: Keyed
) -> Response:
    """Post up to 10,000 lines of any stores and products, together or not at all.

    Each store gets a document of its own. When lines are wrong, all of them are named.
    """
    kind = KINDS[body.kind]
    lines, malformed = read_lines(body.lines)
    entries = sum_lines(line for line in lines if caller.reaches(line.store_id))
    foreign = [line for line in lines if not caller.reaches(line.store_id)]
    faults = [*_malformed(malformed), *_foreign(foreign)]
    faults += map(_broken, _find_breaches(body, kind, lines, entries))
    async with read_session(request) as session:
        known = await wait_for_lot(session, entries, is_refused=bool(faults))
    unknown = list(_unknown(entries, known))
    _refuse([*faults, *unknown], is_foreign=bool(foreign), is_unknown=not faults)
    stores = dict.fromkeys(key.store_id for key in entries)
    lot = Lot({store_id: body.make_document() for store_id in stores}, entries)
    async with write_session(request) as session:
        if former := await keyed.claim(session):
            return _made(former.answer, REPLAYED)
        if any(map(is_late, lot.documents.values())) and not may(caller, BACKDATE):
            raise backdated()
        made = answer_lot(lot)
        answer = msgspec.json.encode(made)
        # Before the levels are locked: the answer does not tell them.
        await keyed.record(session, status=201, body=answer)
        await post_lot(session, lot, known.strict_stores)
    changes = api_state(request.app).changes
    for name in (*map(level_of, lot.documents), ANY_LEVEL):
        changes.note(name)
    return _made(answer)


def _made(answer: bytes, headers: Mapping[str, str] | None = None) -> Response:
    return Response(answer, 201, headers, media_type="application/json")


def _malformed(found: Sequence[Any]) -> Iterator[_Placed]:
    for number, each in enumerate(found):
        row = each["loc"][0]
        if number < MOST_DESCRIBED:
            yield row, describe_fault({**each, "loc": ("body", "lignes", *each["loc"])})
        else:
            yield row, {"row": row}


def _foreign(lines: Sequence[LotLine]) -> Iterator[_Placed]:
    problem = site_refused()
    for line in lines:
        pointer = json_pointer("lignes", line.row, "magasin_id")
        yield line.row, {"pointer": pointer, "code": problem.code, "detail": problem.detail}


def _find_breaches(
    body: LotIn, kind: Kind, lines: Sequence[LotLine], entries: Mapping[LevelKey, Entry]
) -> Iterator[Breach]:
    if kind is Kind.ADJUSTMENT and body.reason is None:
        yield Breach(EntryRule.ADJUSTMENT_HAS_REASON)
    yield from find_breaches(kind, lines, entries)


def _broken(breach: Breach) -> _Placed:
    return _BEFORE_THE_ROWS if breach.line is None else breach.line, breach_fault(breach)


def _unknown(entries: Mapping[LevelKey, Entry], known: LotLookup) -> Iterator[_Placed]:
    for key, entry in entries.items():
        for row in entry.lines:
            if key.store_id not in known.stores:
                yield row, unknown_fault(row, "magasin_id", UNKNOWN_STORE)
            if key.product_id not in known.products:
                yield row, unknown_fault(row, "produit_id", UNKNOWN_PRODUCT)


def _refuse(placed: Sequence[_Placed], *, is_foreign: bool, is_unknown: bool) -> None:
    """Raise the problem of these faults, in the order of the rows; return when there is none."""
    faults = [fault for _, fault in sorted(placed, key=itemgetter(0))]
    if is_foreign:
        raise site_refused(faults)
    if faults and is_unknown:
        raise unknown_in_lot(faults)
    if faults:
        raise invalid_request(faults)
