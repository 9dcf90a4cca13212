"""A page of another origin reads the report with its key, in a real browser."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import async_playwright

from tests.fixtures.chain import Chain
from tests.fixtures.system import RunningSystem

CHROMIUM = shutil.which("chromium")
PAGE = b"<!doctype html><title>dashboard</title>"

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the PATH")

FETCH = """
async ([url, key]) => {
    const answer = await fetch(url, {headers: {"x-token": key}});
    const names = ["etag", "server-timing"];
    return [answer.status, names.map(name => answer.headers.has(name)), await answer.json()];
}
"""


@asynccontextmanager
async def serve_page() -> AsyncIterator[str]:
    """Serve an empty page from a port of its own. Chromium lets no page without an address ask
    this machine."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n"
        writer.write(head + PAGE)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        yield f"http://localhost:{port}/"


async def read_from_a_page(url: str, key: str, times: int = 1) -> list[Any]:
    """Return status, readable headers and content as a page of another port sees them."""
    async with serve_page() as address, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await browser.new_page()
        await page.goto(address)
        answers = [await page.evaluate(FETCH, [url, key]) for _ in range(times)]
        await browser.close()
    return answers


async def test_a_page_of_another_origin_reads_the_report(
    running_system: RunningSystem, chain: Chain
) -> None:
    url = f"{running_system.report_url}/api/ventes/rapport"

    # The second answer is a cached one.
    for status, headers, report in await read_from_a_page(
        url, running_system.token("head-office"), 2
    ):
        assert (status, headers) == (200, [True, True])
        assert "total_ventes" in report


async def test_a_page_of_another_origin_reads_why_it_is_refused(
    running_system: RunningSystem,
) -> None:
    url = f"{running_system.report_url}/api/ventes/rapport"

    [(status, _, problem)] = await read_from_a_page(url, "no key of ours")

    assert (status, problem["code"]) == (401, "cle-inconnue")
