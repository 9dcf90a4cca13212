"""Every page that a person opens shows something, in a real browser, while there is traffic."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from infra.tools.local import board, fetch
from infra.tools.operate.pictures.__main__ import SALE
from infra.tools.operate.pictures.browser import MISSING, Window, find_browser, open_window
from infra.tools.operate.pictures.pages import (
    DASHBOARDS,
    WAIT_MILLISECONDS,
    View,
    find_sale,
    list_views,
    show,
    trace_view,
)
from infra.tools.operate.traces.jaeger import Jaeger, Search
from tests.fixtures.system import RunningSystem
from tests.fixtures.waiting import eventually

# Rules are evaluated each 15 s, and a rate needs two scrapes, 5 s apart.
WITHIN_SECONDS = 90.0
VIEWS = {view.name: view for view in list_views()}
# The audit has not run here.
MAY_BE_EMPTY = {"Differences that the audit found"}
EMPTY = """() => [...document.querySelectorAll('.panel:not([data-state=drawn])')].map(panel =>
    [panel.querySelector('h2').textContent, panel.querySelector('.message').textContent])"""
PROMETHEUS_PAGES = ("graph", "alerts", "targets", "rules", "config")


@pytest.fixture
async def window(busy_system: RunningSystem) -> AsyncIterator[Window]:
    if find_browser() is None:
        pytest.skip(MISSING)
    if fetch.find_charts() is None:
        pytest.skip(fetch.MISSING)
    async with open_window() as window:
        yield window


def board_of(system: RunningSystem) -> str:
    return f"{system.stack.layout.url('prometheus')}{board.PATH}"


def titles_in(dashboard: Path) -> list[str]:
    return [panel["title"] for panel in json.loads(dashboard.read_text())["panels"]]


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
async def test_each_panel_of_a_dashboard_draws_or_says_why_not(
    busy_system: RunningSystem, window: Window, path: Path
) -> None:
    async def unexplained() -> set[str]:
        await show(window.page, board_of(busy_system), VIEWS[path.stem])
        empty = dict(await window.page.evaluate(EMPTY))
        return {
            title
            for title, reason in empty.items()
            if title not in MAY_BE_EMPTY or "Nobody has sent" not in reason
        }

    await eventually(unexplained, set[str](), WITHIN_SECONDS)
    assert await window.page.locator(".panel h2").all_text_contents() == titles_in(path)
    assert window.complaints == []


async def test_every_process_answers_on_the_page_of_processes(
    busy_system: RunningSystem, window: Window
) -> None:
    async def down() -> int:
        await show(window.page, board_of(busy_system), VIEWS["processes"])
        return await window.page.locator("#targets .state.down").count()

    await eventually(down, 0, WITHIN_SECONDS)
    shown = " ".join(await window.page.locator("#targets td:first-child").all_text_contents())
    assert [name for name in busy_system.stack.layout.processes if name not in shown] == []
    assert window.complaints == []


async def test_a_slow_request_opens_its_trace(busy_system: RunningSystem, window: Window) -> None:
    async def is_listed() -> bool:
        await show(window.page, board_of(busy_system), VIEWS["slow"])
        return await window.page.locator(".request-row .stages i").count() > 0

    await eventually(is_listed, True, WITHIN_SECONDS)
    # To Jaeger's interface, where there is one; both addresses end with the trace.
    href = await window.page.locator(".request-row").first.get_attribute("href") or ""
    trace_id = href.rpartition("/")[2].partition("?")[0]

    await show(window.page, board_of(busy_system), trace_view(trace_id))

    assert await window.page.locator(".waterfall .row").count() > 1
    assert await window.page.locator(".request .stages i").count() > 0
    assert window.complaints == []


async def test_the_list_of_requests_goes_on(busy_system: RunningSystem, window: Window) -> None:
    newest = View("slow", "#/slow?order=newest&refresh=5s")

    async def is_listed() -> bool:
        await show(window.page, board_of(busy_system), newest)
        return await window.page.locator(".request-row").count() > 0

    await eventually(is_listed, True, WITHIN_SECONDS)
    first = await window.page.locator(".request-row").first.get_attribute("href")

    await window.page.wait_for_function(
        "href => document.querySelector('.request-row')?.getAttribute('href') !== href",
        arg=first,
        timeout=WAIT_MILLISECONDS,
    )
    assert window.complaints == []


async def test_the_bar_offers_only_what_has_an_effect(
    busy_system: RunningSystem, window: Window
) -> None:
    choices = window.page.locator("#period select")
    offered: dict[str, list[str | None]] = {}
    for view in (VIEWS["capacity"], VIEWS["slow"], VIEWS["processes"], trace_view("0" * 32)):
        await show(window.page, board_of(busy_system), view)
        titles = [await each.get_attribute("title") for each in await choices.all()]
        offered[view.name] = [title and title.partition(";")[0] for title in titles]

    assert offered == {
        "capacity": ["Period", "Refresh"],
        "slow": ["Period", "Refresh"],
        "processes": ["Refresh"],
        "trace": [],
    }


async def test_the_trace_of_a_sale_shows_processes_waits_and_statements(
    busy_system: RunningSystem, window: Window
) -> None:
    jaeger = Jaeger(busy_system.stack.layout.url("jaeger"))
    ids: list[str] = []

    async def processes() -> bool:
        now = datetime.now(UTC)
        found = find_sale(jaeger, Search("sales-api", SALE, now - timedelta(minutes=5), now))
        if found is None:
            return False
        ids[:] = [found.id]
        return len({span.service for span in found.spans}) >= 3

    await eventually(processes, True, WITHIN_SECONDS)
    await show(window.page, board_of(busy_system), trace_view(ids[0]))

    assert await window.page.locator(".processes span").count() > 3
    assert await window.page.locator(".waterfall .bar.wait").count() > 0
    await window.page.locator(".waterfall .row:has-text('INSERT sales')").first.click()
    assert "INSERT INTO sales" in await window.page.locator(".details pre").first.inner_text()
    assert window.complaints == []


async def test_a_period_that_is_dragged_stands_in_the_address(
    busy_system: RunningSystem, window: Window
) -> None:
    await show(window.page, board_of(busy_system), VIEWS["capacity"])
    chart = window.page.locator(".u-over").first
    box = await chart.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2

    await window.page.mouse.move(box["x"] + box["width"] * 0.25, middle)
    await window.page.mouse.down()
    await window.page.mouse.move(box["x"] + box["width"] * 0.75, middle, steps=5)
    await window.page.mouse.up()

    await window.page.wait_for_function("/from=\\d{13}&to=\\d{13}/.test(location.hash)")
    assert window.complaints == []


async def test_the_pages_of_prometheus_itself_are_complete(
    busy_system: RunningSystem, window: Window
) -> None:
    url = busy_system.stack.layout.url("prometheus")
    await window.page.goto(url)
    base = window.page.url.rpartition("/")[0]
    for name in PROMETHEUS_PAGES:
        await window.page.goto(f"{base}/{name}", wait_until="networkidle")
        assert "Prometheus" in await window.page.title()

    assert window.complaints == []
