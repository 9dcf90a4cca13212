"""The routes of the reports. Each reads rows that were computed when the sales were counted."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, TypeVar

import msgspec
from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from report_service.api.answers import (
    FreshnessOut,
    PeriodOut,
    ReportOut,
    StoreReportOut,
    join_members,
)
from report_service.api.day_answers import DayReportOut
from report_service.api.day_periods import period_of_days
from report_service.api.problems import ReversedDates
from report_service.api.read_your_writes import wait_until_counted
from report_service.api.roles import ChainReader, StoreReader
from report_service.api.schemas import FreshnessIn, PeriodIn, ReportIn, StoreReportIn
from report_service.api.state import report_state
from report_service.api.trend import DAY, fill_days
from report_service.db.day_reports import read_day_report
from report_service.db.report_rows import DayReport, SalesReport, StoreReport
from report_service.db.reports import read_sales_report, read_store_report
from service_kit.http.access import refuse_foreign, refuse_limited
from service_kit.http.cached_response import Content, respond_uncached
from service_kit.http.callers import Caller
from service_kit.http.openapi import json_of
from service_kit.http.state import api_state, read_session
from service_kit.telemetry.routing import TimedRoute
from service_kit.telemetry.stages import Stage, stage

TREND_DAYS = 30  # for a report without a period
MAX_TREND_DAYS = 366
PERFORMANCE_TOP = 5
PERFORMANCE_DAYS = timedelta(days=30)
FIGURES = "figures"  # the change that the triggers of the migrations announce

router = APIRouter(tags=["rapports"], route_class=TimedRoute)

Report = TypeVar("Report", SalesReport, StoreReport, DayReport)
Read = Callable[[AsyncSession], Awaitable[Report]]
# The second argument says whether the report holds what the query names.
Describe = Callable[[Report, bool | None], ReportOut | StoreReportOut | DayReportOut]


@router.get("/api/ventes/rapport", responses={200: json_of(ReportOut, FreshnessOut)})
async def get_sales_report(
    request: Request, caller: ChainReader, query: Annotated[ReportIn, Query()]
) -> Response:
    """Return the consolidated report: stores, best sellers, trend, stock-outs and overstocks."""
    _refuse_reversed(query)
    is_bounded = query.start is not None or query.end is not None
    longest = MAX_TREND_DAYS if is_bounded else TREND_DAYS
    period = PeriodOut(query.start, query.end)
    return await _answer_consolidated(
        request, caller, query, period, top=query.best_sellers, longest=longest
    )


@router.get("/api/performance/global", responses={200: json_of(ReportOut, FreshnessOut)})
async def get_performance(
    request: Request, caller: ChainReader, query: Annotated[FreshnessIn, Query()]
) -> Response:
    """Return the consolidated report of the last 30 days, with the five best sellers."""
    # The period has no end: in a store east of the chain it may be tomorrow already.
    period = PeriodOut(_now(request).date() - PERFORMANCE_DAYS + DAY, None)
    return await _answer_consolidated(
        request, caller, query, period, top=PERFORMANCE_TOP, longest=MAX_TREND_DAYS
    )


@router.get("/api/rapports/ventes", responses={200: json_of(StoreReportOut, FreshnessOut)})
async def get_store_report(
    request: Request, caller: StoreReader, query: Annotated[StoreReportIn, Query()]
) -> Response:
    """Return the sales of each store in a period, or of one store."""
    _refuse_other_stores(caller, query)
    _refuse_reversed(query)
    read = partial(read_store_report, start=query.start, end=query.end, store_id=query.store_id)
    describe = partial(StoreReportOut.of_report, period=PeriodOut(query.start, query.end))
    return await _answer(request, caller, query, read, describe)


@router.get("/api/rapports/journees", responses={200: json_of(DayReportOut, FreshnessOut)})
async def get_day_report(
    request: Request, caller: StoreReader, query: Annotated[StoreReportIn, Query()]
) -> Response:
    """Return the days of stores: what closings sealed, what came later, and what both make.

    A period has at most 31 days, or 366 of one store. With one date it has 30, and without dates
    it is the last 30.
    """
    _refuse_other_stores(caller, query)
    _refuse_reversed(query)
    now = _now(request)
    start, end = period_of_days(query, now.date())
    read = partial(read_day_report, start=start, end=end, store_id=query.store_id)
    describe = partial(DayReportOut.of_report, period=PeriodOut(start, end))
    return await _answer(request, caller, query, read, describe, until=_tomorrow(now))


async def _answer_consolidated(
    request: Request,
    caller: Caller,
    query: FreshnessIn,
    period: PeriodOut,
    *,
    top: int,
    longest: int,
) -> Response:
    """Answer with the consolidated report, whose trend has `longest` days at most."""
    now = _now(request)
    start, end = period.start, period.end

    async def read(session: AsyncSession) -> SalesReport:
        report = await read_sales_report(session, start=start, end=end, top=top, max_days=longest)
        days = fill_days(report.days, start, end, now.date(), longest)
        return msgspec.structs.replace(report, days=days)

    describe = partial(ReportOut.of_report, period=period)
    # The next day belongs to the trend from midnight on, although nothing is sold yet.
    return await _answer(request, caller, query, read, describe, until=_tomorrow(now))


def _now(request: Request) -> datetime:
    return datetime.now(report_state(request.app).settings.chain_timezone)


def _tomorrow(now: datetime) -> datetime:
    return datetime.combine(now.date() + DAY, datetime.min.time(), now.tzinfo)


async def _answer(
    request: Request,
    caller: Caller,
    query: FreshnessIn,
    read: Read[Report],
    describe: Describe[Report],
    until: datetime | None = None,
) -> Response:
    """Answer with a report: a cached one, unless the query names a document that it must hold."""
    state = api_state(request.app)
    freshness = report_state(request.app).freshness

    async def read_content(session: AsyncSession, is_current: bool | None) -> Content:
        asked_at = datetime.now(UTC)
        report = await read(session)
        freshness.learn(report.freshness, asked_at)
        with stage(Stage.SERIALISATION):
            return join_members(describe(report, is_current), freshness.read, until)

    async def read_for_all() -> Content:
        async with read_session(request) as session:
            return await read_content(session, None)

    if query.awaited is None:
        cache = state.response_cache
        return await cache.read_through(request, caller, [FIGURES], read_for_all)
    async with read_session(request) as session:
        is_current = await wait_until_counted(session, query, state.stopping, state.waiters)
        if is_current:
            # A reader that has seen it counted must see it in the next report, too.
            state.changes.note(FIGURES)
        return respond_uncached(request, await read_content(session, is_current))


def _refuse_other_stores(caller: Caller, query: StoreReportIn) -> None:
    if query.store_id is None:
        refuse_limited(caller)
    else:
        refuse_foreign(caller, query.store_id)


def _refuse_reversed(period: PeriodIn) -> None:
    if period.start and period.end and period.start > period.end:
        raise ReversedDates(period.start, period.end)
