"""The audit of the stock compares levels, decisions and documents with movements."""

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from service_kit.audit import find_all_differences
from stock_service.db.audits import CHECKS

TAKEN = "018f3c5e-0000-7000-8000-000000000001"
COUNTED = "018f3c5e-0000-7000-8000-000000000002"
RESERVED = "018f3c5e-0000-7000-8000-000000000003"
CONSUMED = "018f3c5e-0000-7000-8000-000000000004"
SENT, ARRIVED = "018f3c5e-0000-7000-8000-000000000003", "018f3c5e-0000-7000-8000-000000000004"
SOUND = (
    "INSERT INTO stock_levels (store_id, product_id, on_hand, version) VALUES (1, 1, 9, 3)",
    f"""
    INSERT INTO movements (store_id, product_id, delta, balance_after, level_version, kind,
        document_id, occurred_at)
    VALUES (1, 1, 10, 10, 1, 'reception', gen_random_uuid(), now()),
        (1, 1, -3, 7, 2, 'sale', '{TAKEN}', now()),
        (1, 1, 2, 9, 3, 'count', '{COUNTED}', now())
    """,
    f"INSERT INTO level_declarations VALUES ('{COUNTED}', 1, 1, 'count', 9, 2, now())",
    "INSERT INTO level_declarations VALUES (gen_random_uuid(), 1, 1, 'count', 9, 0, now())",
    f"INSERT INTO sale_decisions VALUES ('{TAKEN}', 1, 'withdrawn', now())",
    "INSERT INTO sale_decisions VALUES (gen_random_uuid(), 1, 'refused', now())",
    "UPDATE stock_levels SET reserved = 2",
    f"""
    INSERT INTO reservations (id, store_id, status, version, created_at, expires_at)
    VALUES ('{RESERVED}', 1, 'open', 1, now(), 'tomorrow')
    """,
    f"INSERT INTO reservation_lines VALUES ('{RESERVED}', 1, 2, 1, 'tomorrow', true)",
    f"""
    INSERT INTO reservations (id, store_id, status, version, created_at, expires_at, closed_at,
        sale_id)
    VALUES ('{CONSUMED}', 1, 'consumed', 2, now(), 'tomorrow', now(), '{TAKEN}')
    """,
    f"INSERT INTO reservation_lines VALUES ('{CONSUMED}', 1, 3, 1, 'tomorrow', false)",
    # Five units leave a centre, four arrive, and one is missing; nothing of a draft has left.
    """
    INSERT INTO stock_levels (store_id, product_id, on_hand, version)
    VALUES (6, 1, 0, 2), (2, 1, 4, 2)
    """,
    f"""
    INSERT INTO movements (store_id, product_id, delta, balance_after, level_version, kind,
        document_id, occurred_at)
    VALUES (6, 1, 5, 5, 1, 'reception', gen_random_uuid(), now()),
        (6, 1, -5, 0, 2, 'transfer-out', '{SENT}', now()),
        (2, 1, 5, 5, 1, 'transfer-in', '{ARRIVED}', now()),
        (2, 1, -1, 4, 2, 'transfer-difference', '{ARRIVED}', now())
    """,
    f"""
    INSERT INTO transfers (id, from_store_id, to_store_id, status)
    VALUES ('{SENT}', 6, 2, 'received'), (gen_random_uuid(), 6, 2, 'draft')
    """,
    """
    INSERT INTO transfer_lines (transfer_id, product_id, to_store_id, quantity, shipped, received,
        difference)
    SELECT id, 1, 2, 5, CASE status WHEN 'draft' THEN 0 ELSE 5 END,
        CASE status WHEN 'draft' THEN 0 ELSE 4 END, CASE status WHEN 'draft' THEN 0 ELSE -1 END
    FROM transfers
    """,
    f"INSERT INTO transfer_receptions (id, transfer_id) VALUES ('{ARRIVED}', '{SENT}')",
    f"""
    INSERT INTO replenishment_requests (store_id, product_id, quantity, status, centre_id,
        transfer_id)
    VALUES (2, 1, 6, 'received', 6, '{SENT}'), (2, 1, 6, 'pending', 6, NULL)
    """,
    # Nine units of a product should be there, eight are; then comes a sale of before.
    """
    INSERT INTO stock_levels (store_id, product_id, on_hand, version, counted_at, count_id)
    VALUES (8, 1, 8, 4, 'today', '018f3c5e-0000-7000-8000-000000000005')
    """,
    """
    INSERT INTO movements (store_id, product_id, delta, balance_after, level_version, kind,
        document_id, occurred_at)
    VALUES (8, 1, 9, 9, 1, 'reception', gen_random_uuid(), 'yesterday'),
        (8, 1, -1, 8, 2, 'count', '018f3c5e-0000-7000-8000-000000000005', 'today'),
        (8, 1, -2, 6, 3, 'sale', '018f3c5e-0000-7000-8000-000000000006', 'yesterday'),
        (8, 1, 2, 8, 4, 'count-correction', gen_random_uuid(), 'yesterday')
    """,
    """
    INSERT INTO counts (id, store_id, scope, status, closed_at)
    VALUES ('018f3c5e-0000-7000-8000-000000000005', 8, 'store', 'posted', now())
    """,
    """
    INSERT INTO count_lines (count_id, product_id, quantity, counted_at, expected, level_version)
    SELECT id, 1, 8, CAST('today' AS timestamptz), 9, 1 FROM counts
    UNION ALL SELECT id, 2, NULL, NULL, NULL, NULL FROM counts
    """,
    """
    INSERT INTO count_corrections
    SELECT id, 8, 1, '018f3c5e-0000-7000-8000-000000000006', 'sale', 2, gen_random_uuid()
    FROM counts
    """,
    "DELETE FROM limit_changes",
    "UPDATE stock_levels SET is_watched = true",
    "UPDATE stock_levels SET open_alerts = 1 WHERE store_id = 6",
    """
    INSERT INTO stock_alerts (id, store_id, product_id, kind, on_hand, reserved, opened_at)
    VALUES (gen_random_uuid(), 6, 1, 'out-of-stock', 0, 0, now())
    """,
    "INSERT INTO stock_thresholds (store_id, product_id, low) VALUES (NULL, 1, 3), (1, 1, 8)",
    "UPDATE stock_levels SET low = 8, low_clear = 9, open_alerts = 2 WHERE store_id = 1",
    """
    INSERT INTO stock_alerts (id, store_id, product_id, kind, on_hand, reserved, opened_at)
    VALUES (gen_random_uuid(), 1, 1, 'low', 8, 2, now()),
        (gen_random_uuid(), 6, 1, 'low', 0, 0, now())
    """,
    "UPDATE stock_levels SET low = 3, low_clear = 4 WHERE store_id <> 1",
    "UPDATE stock_levels SET open_alerts = 3 WHERE store_id = 6",
)
A_LINE = f"UPDATE transfer_lines SET {{}} WHERE transfer_id = '{SENT}'"
SPOILT = {
    "UPDATE stock_levels SET on_hand = 8": "levels",
    "UPDATE stock_levels SET version = 4": "levels",
    """
    INSERT INTO stock_levels (store_id, product_id, on_hand, version) VALUES (1, 2, 1, 1)
    """: "levels",
    """
    INSERT INTO movements (store_id, product_id, delta, balance_after, level_version, kind,
        document_id, occurred_at)
    VALUES (1, 1, 5, 99, 4, 'adjustment', gen_random_uuid(), now())
    """: "levels",
    "UPDATE sale_decisions SET outcome = 'refused'": "decisions",
    "UPDATE sale_decisions SET outcome = 'returned' WHERE outcome = 'withdrawn'": "decisions",
    "UPDATE sale_decisions SET outcome = 'withdrawn'": "decisions",
    "UPDATE level_declarations SET delta = 1": "declarations",
    "UPDATE stock_levels SET reserved = 0": "reserved",
    "UPDATE reservation_lines SET is_held = NOT is_held": "reserved",
    "UPDATE reservation_lines SET quantity = quantity + 1": "reserved",
    f"""
    UPDATE reservations SET status = 'released', closed_at = now() WHERE id = '{RESERVED}'
    """: "reservations",
    "UPDATE reservations SET expires_at = now()": "reservations",
    f"UPDATE reservations SET sale_id = '{COUNTED}' WHERE status = 'consumed'": "reservations",
    "DELETE FROM reservation_lines": "reservations",
    A_LINE.format("received = 3"): "transfers",
    A_LINE.format("received = 5, difference = 0"): "transfers",
    A_LINE.format("shipped = 6, quantity = 6"): "transfers",
    A_LINE.format("quantity = 6"): "transfers",
    "UPDATE transfer_lines SET shipped = 1 WHERE received = 0": "transfers",
    f"UPDATE transfers SET status = 'cancelled' WHERE id = '{SENT}'": "transfers",
    "UPDATE transfers SET to_store_id = 1": "transfers",
    "DELETE FROM transfer_receptions": "transfers",
    "UPDATE replenishment_requests SET quantity = 4": "requests",
    "UPDATE replenishment_requests SET product_id = 2": "requests",
    "UPDATE replenishment_requests SET centre_id = 7": "requests",
    f"UPDATE transfers SET status = 'shipped' WHERE id = '{SENT}'": "requests",
    "UPDATE count_lines SET expected = 8 WHERE product_id = 1": "counts",
    "UPDATE count_lines SET expected = NULL, level_version = NULL": "counts",
    "UPDATE count_corrections SET quantity = 1": "counts",
    "DELETE FROM count_corrections": "counts",
    "UPDATE counts SET status = 'open', closed_at = NULL": "counts",
    "UPDATE stock_levels SET counted_at = 'yesterday' WHERE store_id = 8": "counts",
    """
    INSERT INTO movements (store_id, product_id, delta, balance_after, level_version, kind,
        document_id, occurred_at)
    VALUES (8, 1, -2, 6, 5, 'sale', gen_random_uuid(), 'yesterday')
    """: "counts",
    "DELETE FROM stock_alerts": "alerts",
    "UPDATE stock_alerts SET closed_at = now() WHERE kind = 'low'": "alerts",
    "UPDATE stock_alerts SET kind = 'overstock' WHERE kind = 'low'": "alerts",
    "UPDATE stock_levels SET open_alerts = 0": "alerts",
    "UPDATE stock_thresholds SET low = 4": "alerts",
    "UPDATE stock_levels SET is_watched = NULL, on_hand = 0": "alerts",
}


async def look(engine: AsyncEngine) -> dict[str, list[str]]:
    """Return what each check finds in a whole round."""
    async with AsyncSession(engine) as session:
        return {check.name: await find_all_differences(session, check) for check in CHECKS}


async def run(engine: AsyncEngine, *statements: str) -> None:
    async with engine.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))


async def test_nothing_is_found_while_all_is_well(stock_engine: AsyncEngine) -> None:
    await run(stock_engine, *SOUND)

    assert not any((await look(stock_engine)).values())


@pytest.mark.parametrize("statement", SPOILT)
async def test_what_is_spoilt_is_found_by_its_check(
    stock_engine: AsyncEngine, statement: str
) -> None:
    await run(stock_engine, *SOUND, statement)

    assert (await look(stock_engine))[SPOILT[statement]]
