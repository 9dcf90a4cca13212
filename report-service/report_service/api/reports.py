"""The reports: each reads rows that were computed when the sales were counted."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from report_service.api.answers import sales_report_as_json, store_report_as_json
from report_service.api.problems import ReversedDates
from report_service.api.read_your_writes import wait_until_counted
from report_service.api.schemas import (
    FreshnessIn,
    PeriodIn,
    ReportIn,
    ReportOut,
    StoreReportOut,
)
from report_service.db.reports import Freshness, read_sales_report, read_store_report
from service_kit.database.sessions import read_session
from service_kit.http.api_keys import require_role
from service_kit.http.response_cache import Content, ReadyAnswers
from service_kit.telemetry.routing import TimedRoute

TREND_DAYS = 30  # what a report shows when nobody asks for a period
MAX_TREND_DAYS = 366
PERFORMANCE_TOP = 5
PERFORMANCE_DAYS = timedelta(days=30)
READERS = ("manager", "head-office")
FIGURES = "figures"  # any of them, as the triggers of the migrations name the change

router = APIRouter(
    tags=["rapports"], dependencies=[Depends(require_role(*READERS))], route_class=TimedRoute
)

# A report without its end, and how fresh it is; told whether it holds the sale that was asked for.
Read = Callable[[AsyncSession, bool | None], Awaitable[tuple[bytes, Freshness]]]


@router.get("/api/ventes/rapport", response_model=ReportOut)
@router.get("/api/ventes/rapport/", include_in_schema=False)
async def get_sales_report(request: Request, query: Annotated[ReportIn, Query()]) -> Response:
    """The consolidated report: sales by store, best sellers, trend, ruptures and overstocks."""
    _refuse_reversed(query)
    is_bounded = query.date_debut is not None or query.date_fin is not None

    async def read(session: AsyncSession, is_current: bool | None) -> tuple[bytes, Freshness]:
        report = await read_sales_report(
            session,
            query.date_debut,
            query.date_fin,
            top=query.limite,
            max_days=MAX_TREND_DAYS if is_bounded else TREND_DAYS,
        )
        return sales_report_as_json(report, query, is_current), report.freshness

    return await _answer(request, query, read)


@router.get("/api/performance/global", response_model=ReportOut)
@router.get("/api/performance/global/", include_in_schema=False)
async def get_performance(request: Request, query: Annotated[FreshnessIn, Query()]) -> Response:
    """The consolidated report of the last 30 days, with the five best sellers."""
    now = datetime.now(request.app.state.settings.chain_timezone)
    # Open at the end: a store that lives east of the chain may be a date ahead.
    period = PeriodIn(date_debut=now.date() - PERFORMANCE_DAYS + timedelta(days=1))

    async def read(session: AsyncSession, is_current: bool | None) -> tuple[bytes, Freshness]:
        report = await read_sales_report(
            session, period.date_debut, None, top=PERFORMANCE_TOP, max_days=MAX_TREND_DAYS
        )
        return sales_report_as_json(report, period, is_current), report.freshness

    tomorrow = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), now.tzinfo)
    return await _answer(request, query, read, until=tomorrow)


@router.get("/api/rapports/ventes", response_model=StoreReportOut)
@router.get("/api/rapports/ventes/", include_in_schema=False)
async def get_store_report(request: Request, query: Annotated[PeriodIn, Query()]) -> Response:
    """The sales of each store in a period."""
    _refuse_reversed(query)

    async def read(session: AsyncSession, is_current: bool | None) -> tuple[bytes, Freshness]:
        report = await read_store_report(session, query.date_debut, query.date_fin)
        return store_report_as_json(report, query, is_current), report.freshness

    return await _answer(request, query, read)


async def _answer(
    request: Request, query: FreshnessIn, read: Read, until: datetime | None = None
) -> Response:
    state = request.app.state
    ready: ReadyAnswers = state.ready_answers

    async def content(session: AsyncSession, is_current: bool | None) -> Content:
        asked_at = datetime.now(UTC)
        body, freshness = await read(session, is_current)
        state.freshness.learn(freshness, asked_at)
        return Content(
            body, state.freshness.render, until=None if until is None else until.timestamp()
        )

    async def read_for_all() -> Content:
        async with read_session(request) as session:
            return await content(session, None)

    if query.apres_vente is None:
        return await ready.answer(request, [FIGURES], READERS, read_for_all)
    async with read_session(request) as session:
        is_current = await wait_until_counted(session, query, state.stopping)
        if is_current:
            # Who has seen the sale counted sees it in the next report too.
            state.changes.note(FIGURES)
        return ready.answer_once(request, await content(session, is_current))


def _refuse_reversed(period: PeriodIn) -> None:
    if period.date_debut and period.date_fin and period.date_debut > period.date_fin:
        raise ReversedDates(period.date_debut, period.date_fin)
