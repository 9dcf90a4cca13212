"""`apres_vente`: the report waits for the sale that its reader has just made."""

import asyncio
from uuid import uuid4

import pytest

from tests.report_service.builders import a_sale
from tests.report_service.conftest import Reports

PATHS = ["/api/ventes/rapport", "/api/performance/global", "/api/rapports/ventes"]


@pytest.mark.parametrize("path", PATHS)
async def test_a_sale_that_is_counted_is_in_the_report(reports: Reports, path: str) -> None:
    sale = a_sale()
    await reports.receive(sale)

    assert (await reports.get(path, apres_vente=sale.sale_id))["a_jour"] is True


async def test_the_report_waits_until_the_sale_is_counted(reports: Reports) -> None:
    sale = a_sale()
    waiting = asyncio.create_task(reports.get(apres_vente=sale.sale_id, attendre_ms=10_000))
    assert (await reports.get())["nombre_ventes"] == 0
    assert not waiting.done()

    await reports.receive(sale)

    report = await waiting
    assert report["a_jour"] is True
    assert report["nombre_ventes"] == 1


@pytest.mark.parametrize("path", PATHS)
async def test_the_wait_ends_and_says_that_the_sale_is_missing(reports: Reports, path: str) -> None:
    report = await reports.get(path, apres_vente=uuid4(), attendre_ms=30)

    assert report["a_jour"] is False


async def test_waiting_requests_hold_no_connection(reports: Reports) -> None:
    sale = a_sale()
    waiting = [
        asyncio.create_task(reports.get(apres_vente=sale.sale_id, attendre_ms=10_000))
        for _ in range(60)  # more than the pool holds
    ]

    # A request that had to wait for a connection would get 503.
    for _ in range(10):
        assert (await reports.get())["nombre_ventes"] == 0
    assert not any(task.done() for task in waiting)
    await reports.receive(sale)

    assert all(report["a_jour"] for report in await asyncio.gather(*waiting))
