"""`/docs` in a browser without the internet: the key is given once, and the examples are sent."""

import asyncio
import importlib
import json
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from playwright.async_api import Page, Request, Route, async_playwright

from infra.tools.checks.openapi import FOLDER, SERVICES
from tests.fixtures.docs_page import authorize, execute, operations_of

CHROMIUM = shutil.which("chromium")

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the PATH"),
]


@asynccontextmanager
async def serve(service: str) -> AsyncIterator[str]:
    """Serve the API of a service without its database."""
    settings = importlib.import_module(f"{service}_service.settings").Settings(
        database_url="postgresql+asyncpg://nowhere/none", http_port=1
    )
    app = importlib.import_module(f"{service}_service.main").create_app(settings)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        task = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task


@asynccontextmanager
async def open_page() -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield await browser.new_page()
        finally:
            await browser.close()


@pytest.mark.parametrize("service", SERVICES)
async def test_each_example_is_sent_with_the_key_at_the_first_click(service: str) -> None:
    document = json.loads((FOLDER / f"{service}.json").read_text())
    loaded: list[str] = []
    failed: list[str] = []
    sent: list[Request] = []

    async def take(route: Route) -> None:
        sent.append(route.request)
        await route.fulfill(json={})

    async with serve(service) as url, open_page() as page:
        page.on("request", lambda request: loaded.append(request.url))
        page.on("requestfailed", lambda request: failed.append(request.url))
        page.on("pageerror", lambda error: failed.append(str(error)))
        await page.route("**/api/**", take)
        await page.goto(f"{url}/docs")
        await authorize(page, "a key")
        for operation in operations_of(document):
            await execute(page, operation)

    assert failed == []
    assert {each.startswith((url, "data:")) for each in loaded} == {True}
    assert len(sent) == len(operations_of(document))
    assert {each.headers["x-token"] for each in sent} == {"a key"}
    examples = [
        example
        for schema in document["components"]["schemas"].values()
        for example in schema.get("examples", ())
    ]
    for each in sent:
        if each.post_data is not None:
            assert each.post_data_json in examples
