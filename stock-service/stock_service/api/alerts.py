"""Serves `/api/stock/alertes`: lists and acknowledges what is wrong with levels."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from service_kit.http.idempotency import Keyed
from service_kit.http.openapi import PROBLEM, json_of
from service_kit.http.pages import link_next
from service_kit.http.state import ReadSession, write_session
from service_kit.telemetry.routing import TimedRoute
from stock_service.api.alert_answers import AlertOut, AlertsOut, encode_alert, encode_alerts
from stock_service.api.alert_schemas import AlertQuery
from stock_service.api.roles import StockKeeper, StockReader
from stock_service.db.alerts import find_alert, list_alerts
from stock_service.domain.errors import UnknownAlert
from stock_service.use_cases.acknowledge_alert import acknowledge_alert

router = APIRouter(tags=["alertes"], route_class=TimedRoute)

ALERTS = "/api/stock/alertes"
JSON = "application/json"
AlertPathId = Annotated[
    UUID,
    Path(
        alias="alerte_id",
        examples=["0199c2a4-7c1e-7000-8000-000000000030"],
        description="`alerte_id` of an alert of the list",
    ),
]
_CLOSED = {"description": "L'alerte est fermée", **PROBLEM}


@router.get(ALERTS, responses={200: json_of(AlertsOut)})
async def get_alerts(
    request: Request,
    session: ReadSession,
    caller: StockReader,
    query: Annotated[AlertQuery, Query()],
) -> Response:
    """Return the alerts of the key's stores, newest first; `nombre` is that of all pages."""
    wanted = query.wanted(caller.narrow(query.store_id))
    found = await list_alerts(session, wanted, query.cursor, query.limit + 1)
    page = found.alerts[: query.limit]
    headers = link_next(request, str(page[-1].alert_id)) if len(found.alerts) > len(page) else {}
    return Response(encode_alerts(page, found.count), headers=headers, media_type=JSON)


@router.get(f"{ALERTS}/{{alerte_id}}", responses={200: json_of(AlertOut)})
async def get_alert(alert_id: AlertPathId, session: ReadSession, caller: StockReader) -> Response:
    alert = await find_alert(session, alert_id)
    if alert is None or not caller.reaches(alert.key.store_id):
        raise UnknownAlert
    return Response(encode_alert(alert), media_type=JSON)


@router.post(
    f"{ALERTS}/{{alerte_id}}/acquittement", responses={200: json_of(AlertOut), 409: _CLOSED}
)
async def post_acknowledgement(
    alert_id: AlertPathId, request: Request, caller: StockKeeper, keyed: Keyed
) -> Response:
    """Say that somebody has taken note of an alert; it stays open until the level is right.

    An acknowledged one stays as it is, so that a client may ask again."""
    async with write_session(request) as session:
        if former := await keyed.claim(session):
            return former.response()
        answer = encode_alert(await acknowledge_alert(session, alert_id, caller.reaches))
        await keyed.record(session, status=200, body=answer)
    return Response(answer, media_type=JSON)
