"""`apres_vente` and its like: the report waits for what its reader has just made."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from tests.report_service.builders import a_return, a_sale, a_void_of
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
    # The pool opens its connections: on a busy machine each of them takes its time.
    await asyncio.gather(*(reports.get() for _ in range(10)))
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


async def test_the_report_waits_for_a_void_and_for_a_return(reports: Reports) -> None:
    sale, refund = a_sale(), a_return()
    await reports.receive(sale)
    until_voided: dict[str, Any] = {"apres_annulation": sale.sale_id, "attendre_ms": 10_000}
    until_returned: dict[str, Any] = {"apres_retour": refund.return_id, "attendre_ms": 10_000}
    voided = asyncio.create_task(reports.get(**until_voided))
    returned = asyncio.create_task(reports.get(**until_returned))
    assert (await reports.get())["total_ventes"] == 12.5
    assert not voided.done()
    assert not returned.done()

    await reports.receive(a_void_of(sale))
    report = await voided
    assert (report["a_jour"], report["total_ventes"]) == (True, 0)
    assert not returned.done()

    await reports.receive(refund)
    report = await returned
    assert (report["a_jour"], report["total_ventes"]) == (True, -12.5)


async def test_of_several_documents_each_must_be_counted(reports: Reports) -> None:
    sale = a_sale()
    await reports.receive(sale)
    both: dict[str, Any] = {
        "apres_vente": sale.sale_id,
        "apres_annulation": sale.sale_id,
        "attendre_ms": 30,
    }

    assert (await reports.get(**both))["a_jour"] is False
    await reports.receive(a_void_of(sale))
    assert (await reports.get(**both))["a_jour"] is True
