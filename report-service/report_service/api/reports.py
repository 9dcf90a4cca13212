"""The reports: each reads rows that were computed when the sales were counted."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from report_service.api.answers import answer_sales_report, answer_store_report
from report_service.api.problems import ReversedDates
from report_service.api.read_your_writes import wait_until_counted
from report_service.api.schemas import (
    FreshnessIn,
    PeriodIn,
    ReportIn,
    ReportOut,
    StoreReportOut,
)
from report_service.db.reports import read_sales_report, read_store_report
from service_kit.api_keys import require_role
from service_kit.database import ReadSession
from service_kit.routing import TimedRoute

TREND_DAYS = 30  # what a report shows when nobody asks for a period
MAX_TREND_DAYS = 366
PERFORMANCE_TOP = 5
PERFORMANCE_DAYS = timedelta(days=30)

router = APIRouter(
    tags=["rapports"],
    dependencies=[Depends(require_role("manager", "head-office"))],
    route_class=TimedRoute,
)


@router.get("/api/ventes/rapport", response_model=ReportOut)
@router.get("/api/ventes/rapport/", include_in_schema=False)
async def get_sales_report(
    request: Request, session: ReadSession, query: Annotated[ReportIn, Query()]
) -> Response:
    """The consolidated report: sales by store, best sellers, trend, ruptures and overstocks."""
    _refuse_reversed(query)
    is_current = await wait_until_counted(session, query, request.app.state.stopping)
    is_bounded = query.date_debut is not None or query.date_fin is not None
    report = await read_sales_report(
        session,
        query.date_debut,
        query.date_fin,
        top=query.limite,
        max_days=MAX_TREND_DAYS if is_bounded else TREND_DAYS,
    )
    return answer_sales_report(request, report, query, is_current)


@router.get("/api/performance/global", response_model=ReportOut)
@router.get("/api/performance/global/", include_in_schema=False)
async def get_performance(
    request: Request, session: ReadSession, query: Annotated[FreshnessIn, Query()]
) -> Response:
    """The consolidated report of the last 30 days, with the five best sellers."""
    is_current = await wait_until_counted(session, query, request.app.state.stopping)
    today = datetime.now(request.app.state.settings.chain_timezone).date()
    # Open at the end: a store that lives east of the chain may be a date ahead.
    period = PeriodIn(date_debut=today - PERFORMANCE_DAYS + timedelta(days=1))
    report = await read_sales_report(
        session, period.date_debut, None, top=PERFORMANCE_TOP, max_days=MAX_TREND_DAYS
    )
    return answer_sales_report(request, report, period, is_current)


@router.get("/api/rapports/ventes", response_model=StoreReportOut)
@router.get("/api/rapports/ventes/", include_in_schema=False)
async def get_store_report(
    request: Request, session: ReadSession, query: Annotated[PeriodIn, Query()]
) -> Response:
    """The sales of each store in a period."""
    _refuse_reversed(query)
    is_current = await wait_until_counted(session, query, request.app.state.stopping)
    report = await read_store_report(session, query.date_debut, query.date_fin)
    return answer_store_report(request, report, query, is_current)


def _refuse_reversed(period: PeriodIn) -> None:
    if period.date_debut and period.date_fin and period.date_debut > period.date_fin:
        raise ReversedDates(period.date_debut, period.date_fin)
