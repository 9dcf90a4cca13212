"""`make pictures`: write a picture of every page to docs/pictures, while there is traffic."""

import asyncio
import os
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from infra.tools.operate.pictures.browser import NoBrowser, open_window
from infra.tools.operate.pictures.pages import (
    ROOT,
    View,
    find_sale,
    list_views,
    show,
    show_docs,
    trace_view,
)
from infra.tools.operate.traces.jaeger import Jaeger, Search
from infra.tools.rest import address_of

FOLDER = ROOT / "docs/pictures"
MOST_BYTES = 200_000
SALE = ("http.route", "/api/ventes/")
# These also in dark colours.
DARK = ("golden-signals", "trace")


async def main() -> int:
    """Photograph the pages of the running stack; return 1 when it cannot be done."""
    prometheus, jaeger = (os.environ.get(f"{name}_URL") for name in ("PROMETHEUS", "JAEGER"))
    if prometheus is None or jaeger is None:
        sys.stderr.write("the stack runs without Prometheus or Jaeger: make observability\n")
        return 1
    views = [*list_views(), *latest_sale(Jaeger(jaeger))]
    FOLDER.mkdir(exist_ok=True)
    try:
        await photograph(f"{prometheus}/user/", views, "light", "")
        in_dark = [view for view in views if view.name in DARK]
        await photograph(f"{prometheus}/user/", in_dark, "dark", "-dark")
        async with open_window() as window:
            await show_docs(window.page, address_of("sales"))
            write(FOLDER / "docs.png", await window.page.screenshot())
    except NoBrowser as missing:
        sys.stderr.write(f"{missing}\n")
        return 1
    return 0


def latest_sale(jaeger: Jaeger) -> Iterator[View]:
    """Yield the view of a sale's trace, if one was made in the last minutes."""
    now = datetime.now(UTC)
    for service in jaeger.list_services():
        search = Search(service, SALE, now - timedelta(minutes=5), now)
        if (trace := find_sale(jaeger, search)) is not None:
            yield trace_view(trace.id)


async def photograph(board: str, views: Iterable[View], theme: str, suffix: str) -> None:
    """Write a picture of each view."""
    async with open_window(theme) as window:
        for view in views:
            await show(window.page, board, view)
            write(FOLDER / f"{view.name}{suffix}.png", await window.page.screenshot())


def write(path: Path, picture: bytes) -> None:
    """Write a picture; raises `ValueError` when it is too large for the repository."""
    if len(picture) > MOST_BYTES:
        raise ValueError(f"{path.name} has {len(picture)} bytes, more than {MOST_BYTES}")
    path.write_bytes(picture)
    sys.stdout.write(f"{path.relative_to(ROOT)}: {len(picture) // 1000} kB\n")


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
