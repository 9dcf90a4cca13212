"""Serves `/api/journal`: who did what, and when."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query, Request, Response
from msgspec import Meta, Struct
from sqlalchemy import Row

from report_service.api.pages import read_cursor, write_cursor
from report_service.api.problems import ReversedDates
from report_service.api.roles import Auditor
from report_service.api.schemas import JournalIn
from report_service.api.words import FRENCH, WORD_OF
from report_service.db.journal import Kind, Place, list_entries
from service_kit.http.openapi import json_of
from service_kit.http.pages import link_next
from service_kit.http.state import ReadSession
from service_kit.telemetry.routing import TimedRoute
from service_kit.telemetry.stages import Stage, stage

router = APIRouter(tags=["journal"], route_class=TimedRoute)


class EntryOut(Struct, frozen=True, gc=False, rename=FRENCH):
    """What somebody did."""

    event_id: UUID
    recorded_at: Annotated[datetime, Meta(tz=True)]
    actor: Annotated[
        str | None,
        Meta(description="The client of a key, a person or a process; null: nobody knows"),
    ]
    kind: str
    store_id: Annotated[int | None, Meta(description="Null: it concerns the whole chain")]
    subject: Annotated[
        str,
        Meta(
            description="The id of the sale, return, store, product, rate of a tax, movement of"
            " cash or document; the closed day; the key's client"
        ),
    ]


@router.get("/api/journal", responses={200: json_of(list[EntryOut])})
async def get_journal(
    request: Request, session: ReadSession, caller: Auditor, query: Annotated[JournalIn, Query()]
) -> Response:
    """Return who did what and when, newest first. An act is in it once its event has arrived."""
    if query.since and query.until and query.since > query.until:
        raise ReversedDates(query.since, query.until)
    rows = await list_entries(
        session, query.to_filter(), read_cursor(query.cursor), query.limit + 1
    )
    page = rows[: query.limit]
    headers = {}
    if len(rows) > len(page):
        place = Place(page[-1].recorded_at, page[-1].event_id)
        headers = link_next(request, write_cursor(place))
    return Response(_encode(page), headers=headers, media_type="application/json")


@stage(Stage.SERIALISATION)
def _encode(rows: Sequence[Row[Any]]) -> bytes:
    entries = [EntryOut(**{**row._mapping, "kind": WORD_OF[Kind(row.kind)]}) for row in rows]
    return msgspec.json.encode(entries)
