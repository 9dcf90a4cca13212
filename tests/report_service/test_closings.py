"""A closing is kept once with what it sealed, and what comes later is counted as late."""

import random
from datetime import date

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from report_service.consumers import sales_events
from report_service.events.consumed import Register
from report_service.rebuild.store_day import rebuild_store_day
from service_kit.events.cloud_events import PoisonMessage
from tests.report_service.audit import assert_counters_equal_facts
from tests.report_service.builders import (
    COFFEE,
    MONDAY,
    NOON,
    STORE,
    TEA,
    a_closing,
    a_line,
    a_return,
    a_sale,
    delivered,
)
from tests.report_service.conftest import Projection

MANAGER = "store-3/manager"
CLOSED = "SELECT * FROM closed_days ORDER BY 1, 2"
LATE = "SELECT sales_count, returns_count, amount_cents, tax_cents, discount_cents FROM late_days"
UNEXPLAINED = """
    SELECT count(*) FROM store_days AS d JOIN closed_days AS c USING (business_date, store_id)
    LEFT JOIN late_days AS l USING (business_date, store_id)
    WHERE d.amount_cents <> c.amount_cents + coalesce(l.amount_cents, 0)
        OR d.sales_count <> c.sales_count + coalesce(l.sales_count, 0)
"""


async def test_a_closing_keeps_what_it_sealed_and_who_closed(projection: Projection) -> None:
    registers = [
        Register("caisse-1", 11800, 11790),
        Register("caisse-2", 500, 520),
        Register(None, 0, None),
    ]
    closing = a_closing(*registers, discount_cents=50, return_cents=250)

    await projection.receive(closing, actor=MANAGER)

    assert await projection.rows(CLOSED) == [
        (MONDAY, STORE, NOON, MANAGER, False, 1, 1250, 187, 50, 1, 250, 0, 0, 0, 1, 10)
    ]


async def test_cash_that_nobody_counted_has_no_difference(projection: Projection) -> None:
    await projection.receive(a_closing(Register(None, 500, None), is_automatic=True))

    row = "SELECT is_automatic, uncounted_registers, cash_difference_cents FROM closed_days"
    assert await projection.rows(row) == [(True, 1, None)]


async def test_a_closing_that_is_delivered_again_changes_nothing(projection: Projection) -> None:
    events = delivered([a_closing(), a_closing(store_id=STORE + 1)], actor=MANAGER)

    for _ in range(2):
        async with AsyncSession(projection.engine) as session, session.begin():
            await sales_events.apply(session, events)

    assert await projection.rows("SELECT store_id FROM closed_days ORDER BY 1") == [(3,), (4,)]
    journal = "SELECT kind, store_id, subject, actor FROM journal ORDER BY store_id"
    assert await projection.rows(journal) == [
        ("day-closed", STORE, "2026-11-23", MANAGER),
        ("day-closed", STORE + 1, "2026-11-23", MANAGER),
    ]


async def test_a_late_document_counts_on_its_day_and_among_the_late(
    projection: Projection,
) -> None:
    await projection.receive(a_sale(), a_closing())
    await projection.receive(
        a_sale(a_line(TEA, 2, 400), discount_cents=30, is_late=True),
        a_return(a_line(COFFEE, 1, 100), is_late=True),
    )

    assert await projection.rows("SELECT amount_cents FROM store_days") == [(1550,)]
    assert await projection.rows(LATE) == [(1, 1, 300, 45, 30)]
    assert await projection.rows(UNEXPLAINED) == [(0,)]


async def test_a_late_document_is_measured_when_it_is_counted_and_no_more(
    projection: Projection, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[str] = []

    class Noted:
        def add(self, count: int, labels: dict[str, str]) -> None:
            measured.extend([labels["kind"]] * count)

    monkeypatch.setattr(sales_events, "LATE_DOCUMENTS", Noted())
    late = [a_sale(is_late=True), a_return(is_late=True)]

    for _ in range(2):
        await projection.receive(*late, a_sale(), a_return())

    assert measured == ["sale", "return"]


async def test_a_day_without_late_documents_has_no_row_of_them(projection: Projection) -> None:
    await projection.receive(a_sale(), a_return())

    assert await projection.rows("SELECT * FROM late_days") == []


@pytest.mark.parametrize("seed", range(3))
async def test_the_order_of_closings_and_documents_changes_nothing(
    projection: Projection, seed: int
) -> None:
    generator = random.Random(seed)
    bodies: list[msgspec.Struct] = [
        a_sale(),
        a_sale(a_line(TEA, 1, 99)),
        a_return(a_line(TEA, 1, 99)),
        a_closing(sale_count=2, return_cents=99, total_cents=1250),
        a_sale(is_late=True),
        a_return(a_line(COFFEE, 1, 50), is_late=True),
    ]
    deliveries = bodies + generator.choices(bodies, k=6)
    generator.shuffle(deliveries)

    for body in deliveries:
        await projection.receive(body)

    assert await projection.rows(UNEXPLAINED) == [(0,)]
    assert await projection.rows("SELECT amount_cents FROM closed_days") == [(1250,)]
    assert await projection.rows(LATE) == [(1, 1, 1200, 180, 0)]
    await assert_counters_equal_facts(projection)


async def test_a_day_that_is_computed_anew_has_its_late_documents(projection: Projection) -> None:
    await projection.receive(a_sale(), a_closing(), a_sale(a_line(TEA), is_late=True))
    async with projection.engine.begin() as connection:
        await connection.execute(text("UPDATE late_days SET amount_cents = 7, sales_count = 0"))

    async with AsyncSession(projection.engine) as session, session.begin():
        await rebuild_store_day(session, STORE, MONDAY)

    assert await projection.rows(LATE) == [(1, 0, 1250, 187, 0)]
    assert len(await projection.rows(CLOSED)) == 1


async def test_a_closing_that_contradicts_itself_is_refused(projection: Projection) -> None:
    replace = msgspec.structs.replace

    with pytest.raises(PoisonMessage, match=f"store {STORE}"):
        await projection.receive(replace(a_closing(), gross_cents=1))
    with pytest.raises(PoisonMessage, match="9999"):
        await projection.receive(a_closing(business_date=date.max))

    assert await projection.rows(CLOSED) == []
