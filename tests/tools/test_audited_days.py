"""The audit finds a closing that differs from its day, in sales, in the report or in between."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from aiokafka import ConsumerRecord
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from infra.tools.operate.audit import closings, day_side, journal_side, report_side
from report_service.consumers.sales_events import SUBSCRIPTION
from service_kit.events.cloud_events import Event
from tests.report_service.conftest import Projection
from tests.report_service.conftest import projection as projection
from tests.sales_service.conftest import Shop
from tests.sales_service.conftest import shop as shop
from tests.sales_service.test_closing_days import close, have_a_day, sell, today

TODAY = today()
_OUTBOX = text("""
    UPDATE outbox SET published_at = now(), kafka_partition = 0, kafka_offset = id
    WHERE topic = 'sales.events.v1' RETURNING id, event_id, type, actor, payload
""")
_POSITION = """
    INSERT INTO consumer_positions (consumer, topic, partition, next_offset)
    VALUES ('report-service', 'sales.events.v1', 0, :next)
    ON CONFLICT (consumer, topic, partition) DO UPDATE SET next_offset = excluded.next_offset
"""


async def run(engine: AsyncEngine, statement: str, **values: object) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(statement), values)


async def have_a_closed_day(shop: Shop) -> None:
    """Close a day that has documents of each kind, and sell something of it afterwards."""
    await have_a_day(shop)
    counts = [{"caisse": "caisse 1", "montant": 130}]
    assert (await close(shop, json={"comptages": counts})).is_success
    await sell(shop, date=TODAY.isoformat())


async def look(shop: Shop) -> set[str]:
    """Return the checks of the sales database that find something."""
    async with AsyncSession(shop.engine) as session:
        found = {name: await check(session) for name, check in day_side.CHECKS.items()}
    return {name for name, differences in found.items() if differences}


async def test_a_closed_day_with_late_documents_is_right(shop: Shop) -> None:
    await have_a_closed_day(shop)

    assert await look(shop) == set()


SEALED = "closings are the sums of their days"
UNSEALED = "closed days take no documents in time"


@pytest.mark.parametrize(
    ("statement", "check"),
    [
        ("UPDATE sales SET is_late = false", SEALED),
        ("UPDATE returns SET is_late = true", SEALED),
        ("UPDATE sales SET register_id = 'caisse 2'", SEALED),
        ("UPDATE sales SET taxes = '[]'", SEALED),
        ("UPDATE returns SET payments = '[]'", SEALED),
        ("UPDATE cash_movements SET amount_cents = amount_cents + 1", SEALED),
        ("UPDATE sales SET total_cents = 1 WHERE status = 'voided'", SEALED),
        ("UPDATE day_closings SET totals = jsonb_set(totals, '{sale_count}', '7')", SEALED),
        ("UPDATE sales SET status = 'pending' WHERE status = 'confirmed'", UNSEALED),
        ("UPDATE stores SET closed_through = NULL", "late documents are of closed days"),
        ("UPDATE stores SET closed_through = NULL", "stores know how far they have closed"),
    ],
)
async def test_what_is_spoilt_is_found_by_its_check(shop: Shop, statement: str, check: str) -> None:
    await have_a_closed_day(shop)

    await run(shop.engine, statement)

    assert check in await look(shop)


@pytest.mark.parametrize(
    ("seconds", "is_found"), [(3600, True), (-3600, False)], ids=["after", "before"]
)
async def test_a_day_before_the_first_closing_takes_nothing_in_time_either(
    shop: Shop, seconds: int, is_found: bool
) -> None:
    await have_a_closed_day(shop)

    await run(
        shop.engine,
        "UPDATE sales SET business_date = business_date - 9, is_late = false,"
        " recorded_at = recorded_at + make_interval(secs => :seconds) WHERE is_late",
        seconds=seconds,
    )

    assert (UNSEALED in await look(shop)) == is_found


async def test_a_later_closing_closes_a_day_that_has_none(shop: Shop) -> None:
    await have_a_closed_day(shop)

    await run(shop.engine, "UPDATE stores SET closed_through = closed_through + 1")
    await run(
        shop.engine,
        "UPDATE sales SET business_date = business_date + 1, is_late = false WHERE is_late",
    )

    assert UNSEALED in await look(shop)


async def deliver(shop: Shop, projection: Projection, *, but: Sequence[str] = ()) -> None:
    """Bring the events of the sales service to the report, but those of some types."""
    async with shop.engine.begin() as connection:
        rows = sorted(await connection.execute(_OUTBOX))
    events = [_event(row) for row in rows if row.type not in but]
    async with AsyncSession(projection.engine) as session, session.begin():
        await SUBSCRIPTION.apply(session, events)
    await run(projection.engine, _POSITION, next=rows[-1].id + 1)


def _event(row: Any) -> Event[msgspec.Struct]:
    record = ConsumerRecord("sales.events.v1", 0, row.id, 0, 0, b"", b"", None, 0, 0, headers=())
    body = msgspec.json.decode(row.payload, type=SUBSCRIPTION.decoders[row.type])
    return Event(row.event_id, row.type, body, None, record, row.actor)


async def compared(shop: Shop, projection: Projection) -> dict[str, list[str]]:
    """Return what the comparisons of closings find, as the audit calls them."""
    async with AsyncSession(projection.engine) as report, AsyncSession(shop.engine) as sales:
        days, journal = await closings.read(report), await journal_side.read(report)
        state = await report_side.read(report)
        told = await journal_side.compare("sales", sales, journal)
        facts = [await report_side.compare(sales, state, kind) for kind in report_side.KINDS]
        return {
            "closings": await closings.compare(sales, days, journal),
            "days": await closings.explain(sales, days, state),
            "facts": [each for found in facts for each in found],
            "journal": [each for each in told if each.startswith("day-closed")],
        }


NOTHING: dict[str, list[str]] = {"closings": [], "days": [], "facts": [], "journal": []}


async def closed_and_delivered(shop: Shop, projection: Projection) -> None:
    await have_a_closed_day(shop)
    await deliver(shop, projection)


async def test_the_report_explains_the_day_by_its_closing_and_what_came_later(
    shop: Shop, projection: Projection
) -> None:
    await closed_and_delivered(shop, projection)

    assert await compared(shop, projection) == NOTHING


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE closed_days SET amount_cents = 1", {"closings", "days"}),
        ("UPDATE closed_days SET cash_difference_cents = 1", {"closings"}),
        ("UPDATE closed_days SET is_automatic = true", {"closings"}),
        ("DELETE FROM closed_days", {"closings"}),
        (
            "INSERT INTO closed_days SELECT business_date - 1, store_id, closed_at, closed_by,"
            " is_automatic, sales_count, amount_cents, tax_cents, discount_cents, returns_count,"
            " returned_cents, voids_count, voided_cents, cash_rounding_cents, uncounted_registers,"
            " cash_difference_cents FROM closed_days",
            {"closings", "days"},
        ),
        ("UPDATE late_days SET tax_cents = 0", {"days"}),
        ("DELETE FROM late_days", {"days"}),
        ("UPDATE store_days SET voids_count = 0", {"days"}),
        ("UPDATE sale_facts SET is_late = NOT is_late", {"facts"}),
        ("UPDATE sale_voids SET is_late = true", {"facts"}),
        ("UPDATE return_facts SET is_late = true", {"facts"}),
        ("DELETE FROM journal WHERE kind = 'day-closed'", {"journal"}),
        ("UPDATE journal SET subject = '2020-01-01' WHERE kind = 'day-closed'", {"journal"}),
    ],
)
async def test_what_is_spoilt_in_the_report_is_found(
    shop: Shop, projection: Projection, statement: str, found: set[str]
) -> None:
    await closed_and_delivered(shop, projection)

    await run(projection.engine, statement)

    differences = await compared(shop, projection)
    assert {name for name, details in differences.items() if details} == found


async def test_a_closing_that_is_on_its_way_is_excused(shop: Shop, projection: Projection) -> None:
    await have_a_day(shop)
    await deliver(shop, projection)
    assert (await close(shop)).is_success

    assert await compared(shop, projection) == NOTHING


@pytest.mark.parametrize("kind", ["sales.day-closed.v1", "sales.return-recorded.v1"])
async def test_what_is_lost_is_found_and_a_dead_letter_is_excused(
    shop: Shop, projection: Projection, kind: str
) -> None:
    await have_a_day(shop)
    assert (await close(shop)).is_success
    await deliver(shop, projection, but=[kind])

    lost = {"closings", "journal"} if kind == "sales.day-closed.v1" else {"days", "facts"}
    differences = await compared(shop, projection)
    assert {name for name, details in differences.items() if details} == lost

    await _set_aside(shop, projection, kind)
    assert await compared(shop, projection) == NOTHING


async def test_the_closing_of_another_store_excuses_nothing(
    shop: Shop, projection: Projection
) -> None:
    await have_a_day(shop)
    assert (await close(shop)).is_success
    await deliver(shop, projection, but=["sales.day-closed.v1"])
    answer = await shop.client.post(f"/api/magasins/{shop.strict}/journees/{TODAY}/cloture")
    assert answer.is_success, answer.text

    differences = await compared(shop, projection)

    assert [len(found) for found in differences.values()] == [1, 0, 0, 1]
    assert all(f"store {shop.permissive}" in found for [found] in _found(differences))


def _found(differences: dict[str, list[str]]) -> list[list[str]]:
    return [each for each in differences.values() if each]


async def _set_aside(shop: Shop, projection: Projection, kind: str) -> None:
    async with shop.engine.connect() as connection:
        offsets = await connection.execute(
            text("SELECT kafka_offset FROM outbox WHERE type = :kind"), {"kind": kind}
        )
        for offset in offsets.scalars():
            await run(projection.engine, _DEAD_LETTER, offset=offset)


_DEAD_LETTER = """
    INSERT INTO dead_letters (consumer, topic, partition, "offset", headers, error, kind)
    VALUES ('report-service', 'sales.events.v1', 0, :offset, '{}', 'poison', 'poison')
"""
