"""Every page of the running system that a person opens."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from playwright.async_api import Page

from infra.tools.operate.traces.jaeger import Jaeger, Search, Trace

ROOT = Path(__file__).resolve().parents[4]
DASHBOARDS = sorted((ROOT / "infra/deploy/grafana/dashboards").glob("*.json"))
# The board notes here which view it has drawn.
DRAWN = "document.documentElement.dataset.drawn?.startsWith(view)"
WAIT_MILLISECONDS = 30_000.0


@dataclass(frozen=True, slots=True)
class View:
    """A view of the board: its name, and its address below `/user/`."""

    name: str
    fragment: str


def list_views() -> Iterator[View]:
    """Yield the views of the board that need no trace."""
    for path in DASHBOARDS:
        yield View(json.loads(path.read_text())["uid"], f"#/{path.stem}?from=now-5m")
    yield View("processes", "#/processes")
    yield View("slow", "#/slow")


def trace_view(trace_id: str) -> View:
    """Return the view of a trace."""
    return View("trace", f"#/trace/{trace_id}")


async def show(page: Page, board_url: str, view: View) -> None:
    """Open a view of the board and wait until it is drawn."""
    await page.goto("about:blank")
    await page.goto(f"{board_url}{view.fragment}")
    await page.wait_for_function(f"view => {DRAWN}", arg=view.name, timeout=WAIT_MILLISECONDS)


async def show_docs(page: Page, url: str) -> None:
    """Open `/docs` and wait until it lists the operations."""
    await page.goto(f"{url}/docs")
    await page.locator(".opblock").first.wait_for()


def find_sale(jaeger: Jaeger, search: Search) -> Trace | None:
    """Return the trace of a sale that went the whole way: the one with the most processes."""
    found = jaeger.find_traces(search, timedelta(0), most=20)
    return max(found, key=lambda trace: len({span.instance for span in trace.spans}), default=None)
