"""Checks a run: compares the clients' knowledge with the databases."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import pairwise
from uuid import UUID

import asyncpg

from infra.tools.operate.audit.run import audit_everything
from tests.system.faults.bulk import count_of_lots, judge_lots
from tests.system.faults.cash import judge_cash
from tests.system.faults.closings import judge_days
from tests.system.faults.counting import judge_counts, sum_counted
from tests.system.faults.exchanging import judge_exchanges, read_exchanges
from tests.system.faults.history import History, Operation, Outcome
from tests.system.faults.key_changes import judge_keys
from tests.system.faults.lab import Lab
from tests.system.faults.lots import judge_offline
from tests.system.faults.moving import count_moved, judge_moved
from tests.system.faults.quiet import READS, wait_for_quiet
from tests.system.faults.reserving import judge_reservations
from tests.system.faults.returning import (
    count_refunds,
    count_restocked,
    judge_returns,
    read_returns,
)
from tests.system.faults.tax_changes import judge_rates
from tests.system.faults.undoing import judge_undone
from tests.system.faults.voids import judge_voids, statuses_after

STATUS_OF_REFUSAL = {
    "stock-insuffisant": "rejected",
    "reservation-inutilisable": "rejected",
    "vente-annulee": "cancelled",
}


@dataclass(frozen=True, slots=True)
class RecordedSale:
    """A sale as the sales service stores it."""

    id: UUID
    store_id: int
    number: str
    status: str
    void_origin: str | None
    total_cents: int
    discount_cents: int
    stock_policy: str
    is_price_forced: bool
    is_backdated: bool
    quantities: dict[int, int]


async def find_violations(lab: Lab, history: History) -> list[str]:
    """Return a line for every broken invariant; none may be broken."""
    found = [f"surprise: {each}" for each in history.surprises]
    unquiet = await wait_for_quiet(lab)
    found += unquiet
    found += await find_steps_back(lab)
    found += await judge_history(lab, history)
    found += await judge_keys(lab, history)
    found += await judge_rates(lab, history)
    found += await judge_days(lab, history)
    found += await judge_cash(lab, history)
    found += await find_applied_poison(lab)
    found += await find_innocent_dead_letters(lab)
    audit = await audit_everything(lab.database_urls)
    found += [f"audit {each.check}: {each.detail}" for each in audit.differences]
    return found


async def judge_history(lab: Lab, history: History) -> list[str]:
    """Compare the clients' knowledge with sales, levels and report."""
    async with lab.connection("sales") as sales_db:
        sales = await read_sales(sales_db, list(history.stores))
        keys = await read_keys(sales_db, [sale.key for sale in history.sales])
        returns = await read_returns(sales_db, list(history.stores))
        asked = [each for of_sale in history.returns.values() for each in of_sale]
        return_keys = await read_keys(sales_db, [each.operation.key for each in asked])
        exchanges = await read_exchanges(sales_db, list(history.stores))
    keys |= {each.operation.key: each.id for each in history.offline}
    found = [fault for sale in history.sales for fault in judge_sale(sale, keys, sales)]
    found += judge_returns(history, return_keys, returns)
    found += judge_exchanges(history, return_keys, exchanges)
    found += judge_offline(history, sales)
    known = {*keys.values(), *(each.sale_id for each in exchanges if each.return_id)}
    found += [f"sale {id} belongs to no request" for id in sales.keys() - known]
    found += judge_voids(history, sales)
    found += judge_undone(history, sales, returns)
    async with lab.connection("stock") as stock_db:
        moved = await count_moved(stock_db, list(history.stores))
        moved.update(count_restocked(returns.values()))
        moved.update(count_of_lots(history))
        moved.update(await sum_counted(stock_db, list(history.stores)))
        found += await judge_levels(stock_db, history, sales, moved)
        found += await judge_moved(stock_db, history)
        found += await judge_lots(stock_db, history)
        found += await judge_counts(stock_db, history)
        found += await judge_declarations(stock_db, history)
        found += await judge_reservations(stock_db, history, keys, sales)
    async with lab.connection("report") as report_db:
        found += await judge_report(report_db, history, sales, count_refunds(returns.values()))
    return found


async def read_sales(
    connection: asyncpg.Connection, store_ids: list[int]
) -> dict[UUID, RecordedSale]:
    lines: dict[UUID, dict[int, int]] = defaultdict(dict)
    for row in await connection.fetch(
        """
        SELECT sale_id, product_id, sum(quantity) AS units FROM sale_lines
        JOIN sales ON sales.id = sale_id WHERE store_id = ANY($1) GROUP BY 1, 2
        """,
        store_ids,
    ):
        lines[row["sale_id"]][row["product_id"]] = row["units"]
    rows = await connection.fetch(
        """
        SELECT id, store_id, number, status, void_origin, total_cents, discount_cents,
            stock_policy, is_price_forced, is_backdated
        FROM sales WHERE store_id = ANY($1)
        """,
        store_ids,
    )
    return {row["id"]: RecordedSale(**row, quantities=lines[row["id"]]) for row in rows}


async def read_keys(connection: asyncpg.Connection, keys: list[str]) -> dict[str, UUID]:
    """Return the effect of each idempotency key."""
    rows = await connection.fetch(
        "SELECT key, resource_id FROM idempotency_keys WHERE key = ANY($1)", keys
    )
    assert len({row["key"] for row in rows}) == len(rows)
    return {row["key"]: UUID(row["resource_id"]) for row in rows}


def judge_sale(
    operation: Operation, keys: dict[str, UUID], sales: dict[UUID, RecordedSale]
) -> list[str]:
    """Check that one request took effect once, as it was answered."""
    sale = sales.get(keys[operation.key]) if operation.key in keys else None
    if operation.outcome is Outcome.UNKNOWN:
        return []
    if sale is None:
        happened = operation.outcome is Outcome.DONE
        return [f"{operation.key}: answered, but there is no sale"] if happened else []
    found = []
    expected = STATUS_OF_REFUSAL.get(operation.refusal or "", "confirmed")
    if sale.status not in statuses_after(expected, sale):
        found.append(f"{operation.key}: answered as {expected}, recorded as {sale.status}")
    if sale.quantities != dict(operation.quantities):
        found.append(f"{operation.key}: recorded with other lines")
    if sale.discount_cents != operation.discount_cents:
        found.append(f"{operation.key}: recorded with another discount")
    for answer in operation.answers:
        answered = (answer["vente_id"], answer["numero"], round(answer["total"] * 100))
        if answered != (str(sale.id), sale.number, sale.total_cents):
            found.append(f"{operation.key}: answered {answered}, recorded {sale}")
    return found


async def judge_levels(
    connection: asyncpg.Connection,
    history: History,
    sales: dict[UUID, RecordedSale],
    moved: Counter[tuple[int, int]],
) -> list[str]:
    """Check that each level is what came in, less what confirmed sales took.

    `moved` is what came back, what lots moved, what transfers brought less what they took, and what
    counts found.

    A voided sale has given its goods back, once.
    """
    expected: Counter[tuple[int, int]] = Counter(moved)
    for movement in history.movements:
        if movement.outcome is Outcome.DONE:
            for product_id, units in movement.quantities.items():
                expected[movement.store_id, product_id] += units
    for sale in sales.values():
        if sale.status == "confirmed":
            for product_id, units in sale.quantities.items():
                expected[sale.store_id, product_id] -= units
    rows = await connection.fetch(
        "SELECT store_id, product_id, on_hand FROM stock_levels WHERE store_id = ANY($1)",
        list(history.stores),
    )
    levels = {(row["store_id"], row["product_id"]): row["on_hand"] for row in rows}
    found = [
        f"store {key[0]}, product {key[1]}: level {levels.get(key, 0)}, expected {expected[key]}"
        for key in sorted(expected.keys() | levels.keys())
        if levels.get(key, 0) != expected[key]
    ]
    strict = [id for id, policy in history.stores.items() if policy == "strict"]
    # Goods that have left are taken below zero: those of an exchange, or of an offline till. What
    # comes back of them lost, or is missing of a transfer, is put in and taken out. A count says
    # what is there.
    final = [sale.id for sale in sales.values() if sale.stock_policy == "permissive"]
    below = await connection.fetch(
        """
        SELECT store_id, product_id, balance_after FROM movements
        WHERE store_id = ANY($1) AND balance_after < 0 AND delta < 0
            AND kind NOT IN ('loss', 'transfer-difference', 'count', 'count-correction')
            AND document_id <> ALL($2)
        """,
        strict,
        final,
    )
    return found + [f"a strict store went below zero: {dict(row)}" for row in below]


async def judge_declarations(connection: asyncpg.Connection, history: History) -> list[str]:
    """Check that each declared level took effect once, in the order of the clients' counts."""
    rows = await connection.fetch(
        """
        SELECT store_id, product_id, quantity, delta FROM level_declarations
        WHERE store_id = ANY($1) ORDER BY declared_at
        """,
        list(history.stores),
    )
    applied: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for row in rows:
        applied[row["store_id"], row["product_id"]].append((row["quantity"], row["delta"]))
    found = []
    for key, declared in history.declared.items():
        # Nothing else moves these levels, so each count moves the level from the one before it.
        expected = [(now, now - before) for before, now in pairwise([0, *declared])]
        if applied[key] != expected:
            found.append(
                f"store {key[0]}, product {key[1]}: declared {expected}, applied {applied[key]}"
            )
    return found


async def judge_report(
    connection: asyncpg.Connection,
    history: History,
    sales: dict[UUID, RecordedSale],
    refunds: Counter[int],
) -> list[str]:
    """Check that each confirmed sale is reported once, less refunds, and no other sale is."""
    rows = await connection.fetch(
        """
        SELECT store_id, sum(sales_count) AS count, sum(amount_cents) AS cents FROM store_days
        WHERE store_id = ANY($1) GROUP BY store_id
        """,
        list(history.stores),
    )
    reported = {row["store_id"]: (int(row["count"]), int(row["cents"])) for row in rows}
    found = []
    for store_id in history.stores:
        confirmed = [
            sale
            for sale in sales.values()
            if sale.store_id == store_id and sale.status == "confirmed"
        ]
        sold = sum(sale.total_cents for sale in confirmed)
        expected = (len(confirmed), sold - refunds[store_id])
        if reported.get(store_id, (0, 0)) != expected:
            found.append(
                f"store {store_id}: report says {reported.get(store_id)}, sales say {expected}"
            )
    return found


async def find_steps_back(lab: Lab) -> list[str]:
    """Check that a consumer's position only advances, whichever worker owns the partition."""
    found = []
    for service in lab.database_urls:
        async with lab.connection(service) as connection:
            rows = await connection.fetch(
                "DELETE FROM fault_lab.steps_back RETURNING topic, partition, former, new"
            )
        found += [f"{service}: a position went back: {dict(row)}" for row in rows]
    return found


async def find_applied_poison(lab: Lab) -> list[str]:
    """Return the poison that a reader of its topic has not set aside."""
    poison, lab.poison = lab.poison, {}
    found = []
    for service, topics in READS.items():
        async with lab.connection(service) as connection:
            rows = await connection.fetch('SELECT topic, partition, "offset" FROM dead_letters')
        set_aside = {(row["topic"], row["partition"], row["offset"]) for row in rows}
        found += [
            f"{service}: {kind} at {place} was not set aside"
            for place, kind in poison.items()
            if place[0] in topics and place not in set_aside
        ]
    return found


async def find_innocent_dead_letters(lab: Lab) -> list[str]:
    """Return real events that became dead letters; only they name a service as source."""
    found = []
    for service in lab.database_urls:
        async with lab.connection(service) as connection:
            rows = await connection.fetch(
                """
                SELECT topic, partition, "offset", error FROM dead_letters
                WHERE headers ? 'ce_source' AND status = 'open'
                """
            )
            # Remove them, so that the next run does not see them.
            await connection.execute(
                "UPDATE dead_letters SET status = 'discarded' WHERE status = 'open'"
            )
        found += [f"{service} set an event aside: {dict(row)}" for row in rows]
    return found
