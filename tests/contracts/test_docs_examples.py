"""`/docs` of each API and of NGINX: on the demo chain every example works at the first click."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest

from infra.tools.checks.openapi import FOLDER, SERVICES
from infra.tools.local import nginx
from infra.tools.local.fetch import NO_NGINX
from infra.tools.local.layout import DEFAULT_PORTS
from infra.tools.operate.pictures.browser import MISSING, Window, find_browser, open_window
from tests.fixtures.docs_page import Operation, authorize, execute, operations_of
from tests.fixtures.system import RunningSystem, temporary_stack

TAB_OF = {"sales": "ventes", "stock": "stock", "report": "rapports"}
# The second time a name would be taken, a sale voided already, and a document beyond the step.
ONCE = {
    ("POST", "/api/magasins/"),
    ("POST", "/api/ventes/{vente_id}/annulation"),
    ("DELETE", "/api/ventes/{vente_id}"),
    ("POST", "/api/stock/transferts/{transfert_id}/expedition"),
    ("POST", "/api/stock/transferts/{transfert_id}/reception"),
    ("POST", "/api/stock/inventaires/{inventaire_id}/comptages"),
    ("POST", "/api/stock/inventaires/{inventaire_id}/cloture"),
}
WITHOUT_EXAMPLE = {
    # The service makes these ids: nobody knows one beforehand.
    ("GET", "/api/stock/mouvements/{document_id}"),
    ("DELETE", "/api/taxes/{taux_id}"),
    ("GET", "/api/stock/alertes/{alerte_id}"),
    ("POST", "/api/stock/alertes/{alerte_id}/acquittement"),
    # Which step a request may take depends on those before it.
    *(
        ("POST", f"/api/demandes/{step}")
        for step in (
            "traiter/{demande_id}",
            *(f"{{demande_id}}/{each}" for each in ("approbation", "preparation", "refus")),
            *(f"{{demande_id}}/{each}" for each in ("expedition", "reception")),
        )
    ),
    # The example has been shipped by then.
    ("POST", "/api/stock/transferts/{transfert_id}/annulation"),
    # The example has been posted by then.
    ("POST", "/api/stock/inventaires/{inventaire_id}/annulation"),
    # Of an open day: nobody knows its date beforehand.
    ("POST", "/api/magasins/{magasin_id}/journees/{date}/cloture"),
    ("POST", "/api/magasins/{magasin_id}/journees/{date}/mouvements-caisse"),
}


@pytest.fixture(scope="module")
async def demo_system() -> AsyncIterator[RunningSystem]:
    """Run what `make up` runs: the demo chain behind NGINX."""
    if not nginx.installed_ports():
        pytest.skip(NO_NGINX)
    async with temporary_stack((*DEFAULT_PORTS, *nginx.PORTS)) as stack:
        await stack.start_services()
        system = RunningSystem(stack)
        demo = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "infra.tools.local.demo"),
            env={**os.environ, **system.environment},
        )
        assert await demo.wait() == 0
        yield system


@pytest.fixture
async def window() -> AsyncIterator[Window]:
    if find_browser() is None:
        pytest.skip(MISSING)
    async with open_window() as window:
        yield window


def document_of(service: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((FOLDER / f"{service}.json").read_text())
    return document


async def statuses(window: Window, operations: list[Operation]) -> dict[Operation, int]:
    return {each: (await execute(window.page, each)).status for each in operations}


def succeeded(answers: dict[Operation, int]) -> bool:
    return {status // 100 for status in answers.values()} == {2}


@pytest.mark.parametrize("service", SERVICES)
async def test_each_example_works_on_the_page_of_an_api(
    demo_system: RunningSystem, window: Window, service: str
) -> None:
    await window.page.goto(f"{demo_system.stack.layout.url(f'{service}-api')}/docs")
    await authorize(window.page, demo_system.token("head-office"))

    sent = [each for each in operations_of(document_of(service)) if each not in WITHOUT_EXAMPLE]
    answers = await statuses(window, sent)

    assert succeeded(answers), answers
    assert window.complaints == []


async def test_each_example_works_on_the_page_of_nginx_with_one_key(
    demo_system: RunningSystem, window: Window
) -> None:
    layout = demo_system.stack.layout
    await window.page.goto(f"{layout.url('nginx')}/docs")
    await authorize(window.page, demo_system.token("head-office"))

    for service in SERVICES:
        document = document_of(service)
        await window.page.click(f"nav button:text-is('{TAB_OF[service]}')")
        title = window.page.locator(".info .title", has_text=document["info"]["title"])
        await title.wait_for()
        sent = [each for each in operations_of(document) if each not in ONCE | WITHOUT_EXAMPLE]
        answers = await statuses(window, sent)
        assert succeeded(answers), answers

    assert window.complaints == []
