"""Checks of the sales database alone."""

from collections.abc import Awaitable, Callable

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

# A sale without a decision is cancelled after 30 s.
LONGEST_SAGA_SECONDS = 60

_WRONG_TOTALS = text("""
    SELECT id, total_cents, discount_cents, amount, discount FROM sales LEFT JOIN (
        SELECT sale_id, sum(amount_cents) AS amount,
            sum(line_discount_cents + receipt_discount_cents) AS discount
        FROM sale_lines GROUP BY sale_id
    ) AS lines ON sale_id = id
    WHERE (total_cents, discount_cents) IS DISTINCT FROM (amount, discount) LIMIT 100
""")


async def check_totals(session: AsyncSession) -> list[str]:
    """Check that a receipt is the sum of its lines, and its discounts are those of its lines."""
    rows = await session.execute(_WRONG_TOTALS)
    return [
        f"sale {row.id}: total {row.total_cents}, discounts {row.discount_cents};"
        f" of its lines {row.amount}, {row.discount}"
        for row in rows
    ]


_WRONG_PAYMENTS = text("""
    WITH documents AS (
        SELECT 'sale' AS kind, id, payments, change_cents, cash_rounding_cents,
            total_cents + tax_cents AS total
        FROM sales
        UNION ALL
        SELECT 'return', id, payments, 0, cash_rounding_cents, total_cents + tax_cents FROM returns
    )
    SELECT kind, id FROM documents CROSS JOIN LATERAL (
        SELECT sum(CAST(payment ->> 'amount_cents' AS bigint)) AS handed_over,
            sum(CAST(payment ->> 'amount_cents' AS bigint))
                FILTER (WHERE payment ->> 'method' <> 'cash') AS without_cash
        FROM jsonb_array_elements(payments) AS payment
    ) AS paid
    WHERE change_cents < 0 OR abs(cash_rounding_cents) > 2 OR without_cash > total
        OR CASE WHEN payments = '[]' THEN (change_cents, cash_rounding_cents) <> (0, 0)
            ELSE handed_over - change_cents <> total + cash_rounding_cents END
    LIMIT 100
""")


async def check_payments(session: AsyncSession) -> list[str]:
    """Check that the payments of a sale cover what is due, and those of a return pay it back."""
    rows = await session.execute(_WRONG_PAYMENTS)
    return [f"{row.kind} {row.id}: its payments are not what is due" for row in rows]


# What the exchange pays of one document is what it pays of the other one, on one day of a store.
_BROKEN_EXCHANGES = text("""
    WITH documents AS (
        SELECT id AS sale_id, exchange_return_id AS return_id, store_id, business_date, payments,
            1 AS sign
        FROM sales WHERE exchange_return_id IS NOT NULL
        UNION ALL
        SELECT exchange_sale_id, id, store_id, business_date, payments, -1
        FROM returns WHERE exchange_sale_id IS NOT NULL
    )
    SELECT sale_id, return_id FROM documents CROSS JOIN LATERAL (
        SELECT coalesce(sum(CAST(payment ->> 'amount_cents' AS bigint)), 0) AS cents
        FROM jsonb_array_elements(payments) AS payment WHERE payment ->> 'method' = 'exchange'
    ) AS exchanged
    GROUP BY sale_id, return_id
    HAVING count(*) <> 2 OR sum(sign) <> 0 OR sum(sign * cents) <> 0
        OR count(DISTINCT (store_id, business_date)) <> 1
    LIMIT 100
""")


async def check_exchanges(session: AsyncSession) -> list[str]:
    """Check that an exchange has two documents that name each other and pay for each other."""
    rows = await session.execute(_BROKEN_EXCHANGES)
    return [
        f"exchange of return {row.return_id} for sale {row.sale_id}: they are no pair"
        for row in rows
    ]


# A line of an older version has no shares.
_WRONG_TAXES = text("""
    WITH receipts AS (
        SELECT id, taxes, tax_cents FROM sales
        WHERE recorded_at > clock_timestamp() - interval '7 days'
    ), lines AS (
        SELECT receipts.id, lines.taxes, lines.tax_cents
        FROM receipts JOIN sale_lines AS lines ON sale_id = receipts.id
    ), of_receipts AS (
        SELECT id, tax->>'code' AS code, sum(CAST(tax->>'amount_cents' AS bigint)) AS cents
        FROM receipts, jsonb_array_elements(taxes) AS tax GROUP BY 1, 2
        UNION ALL SELECT id, '', tax_cents FROM receipts
    ), of_lines AS (
        SELECT id, share->>'code' AS code, sum(CAST(share->>'amount_cents' AS bigint)) AS cents
        FROM lines, jsonb_array_elements(taxes) AS share GROUP BY 1, 2
        UNION ALL SELECT id, '', sum(tax_cents) FROM lines GROUP BY 1
    )
    SELECT id, code, of_receipts.cents AS charged, of_lines.cents AS shared
    FROM of_receipts FULL JOIN of_lines USING (id, code)
    WHERE of_receipts.cents IS DISTINCT FROM of_lines.cents
        AND (code = '' OR id NOT IN (SELECT id FROM lines WHERE taxes IS NULL))
    LIMIT 100
""")


async def check_taxes(session: AsyncSession) -> list[str]:
    """Check that the taxes of each receipt of a week are the sums of its lines."""
    rows = await session.execute(_WRONG_TAXES)
    return [
        f"sale {row.id}: tax {row.code or 'in all'} {row.charged}, its lines {row.shared}"
        for row in rows
    ]


_OVERDUE = text("""
    SELECT id, recorded_at FROM sales
    WHERE status = 'pending'
      AND recorded_at < clock_timestamp() - make_interval(secs => :seconds)
    LIMIT 100
""")


async def check_sagas(session: AsyncSession) -> list[str]:
    """Check that no sale has been pending for long."""
    rows = await session.execute(_OVERDUE, {"seconds": LONGEST_SAGA_SECONDS})
    return [f"sale {row.id} has been open since {row.recorded_at}" for row in rows]


_BROKEN_KEYS = text("""
    SELECT client_id, key, resource_id FROM idempotency_keys AS k
    WHERE CASE WHEN resource_id IS NULL THEN status IS NULL
        WHEN resource_id ~ '^[0-9a-f-]{36}$'
        THEN NOT EXISTS (SELECT FROM sales WHERE id = CAST(k.resource_id AS uuid))
            AND NOT EXISTS (SELECT FROM returns WHERE id = CAST(k.resource_id AS uuid)) END
    LIMIT 100
""")


async def check_keys(session: AsyncSession) -> list[str]:
    """Check that every used idempotency key has an effect."""
    rows = await session.execute(_BROKEN_KEYS)
    return [f"key {row.key} of {row.client_id} has no effect" for row in rows]


_UNANNOUNCED = text("""
    WITH announced AS (
        SELECT subject, array_agg(DISTINCT type) AS types FROM outbox
        WHERE topic = 'sales.events.v1' GROUP BY subject
    )
    SELECT id, status FROM sales LEFT JOIN announced ON subject = id::text
    WHERE recorded_at > clock_timestamp() - interval '7 days'
      AND (types @> CASE
        WHEN status = 'pending' OR (status = 'confirmed' AND stock_policy = 'permissive')
        THEN ARRAY['sales.sale-recorded.v1']
        ELSE ARRAY['sales.sale-recorded.v1', 'sales.sale-' || status || '.v1'] END) IS NOT TRUE
    LIMIT 100
""")


async def check_announced(session: AsyncSession) -> list[str]:
    """Check that the outbox has the events of each sale; it keeps rows for eight days."""
    rows = await session.execute(_UNANNOUNCED)
    return [f"sale {row.id} is {row.status}, without an event" for row in rows]


# An event that tells of another end than the row does.
_CONTRADICTED = text("""
    SELECT id, status, types FROM sales JOIN (
        SELECT subject, array_agg(DISTINCT type ORDER BY type) AS types FROM outbox
        WHERE topic = 'sales.events.v1' AND type <> 'sales.sale-recorded.v1'
          -- A till may have given a return the id of a sale.
          AND type <> 'sales.return-recorded.v1'
        GROUP BY subject
    ) AS announced ON subject = id::text
    WHERE NOT types <@ CASE
        WHEN status = 'voided' THEN ARRAY['sales.sale-confirmed.v1', 'sales.sale-voided.v1']
        ELSE ARRAY['sales.sale-' || status || '.v1'] END
    LIMIT 100
""")


async def check_one_end(session: AsyncSession) -> list[str]:
    """Check that a sale has one end: no voided one was also rejected or cancelled."""
    rows = await session.execute(_CONTRADICTED)
    return [f"sale {row.id} is {row.status}, and announced as {row.types}" for row in rows]


_WRONG_RETURNS = text("""
    SELECT id, total_cents, tax_cents, amounts, of_lines FROM returns LEFT JOIN (
        SELECT return_id, sum(amount_cents) AS amounts, sum(tax_cents) AS of_lines
        FROM return_lines GROUP BY return_id
    ) AS lines ON return_id = id
    WHERE (total_cents, tax_cents) IS DISTINCT FROM (amounts, of_lines) LIMIT 100
""")


async def check_returns(session: AsyncSession) -> list[str]:
    """Check that a return is the sum of its lines."""
    rows = await session.execute(_WRONG_RETURNS)
    return [
        f"return {row.id}: {row.total_cents} and {row.tax_cents} of tax, "
        f"its lines {row.amounts} and {row.of_lines}"
        for row in rows
    ]


# The taxes of a line may differ by a cent from its shares by code, where a receipt of before has
# only their sum: they are compared for the whole receipt.
_TOO_MUCH_RETURNED = text("""
    WITH returned AS (
        SELECT sale_id, sale_line_no, sum(quantity) AS units, sum(amount_cents) AS cents
        FROM returns JOIN return_lines ON return_id = returns.id
        WHERE sale_id IS NOT NULL GROUP BY sale_id, sale_line_no
    )
    SELECT r.sale_id, r.sale_line_no, r.units, r.cents, l.quantity, l.amount_cents
    FROM returned AS r LEFT JOIN sale_lines AS l
        ON l.sale_id = r.sale_id AND l.line_no = r.sale_line_no
    WHERE l.quantity IS NULL OR r.units > l.quantity OR r.cents > l.amount_cents
        OR (r.units = l.quantity AND r.cents <> l.amount_cents)
    LIMIT 100
""")
_TOO_MUCH_REFUNDED = text("""
    SELECT sales.id, status, sales.total_cents + sales.tax_cents AS paid, refunded
    FROM sales JOIN (
        SELECT sale_id, sum(total_cents + tax_cents) AS refunded FROM returns
        WHERE sale_id IS NOT NULL GROUP BY sale_id
    ) AS returned ON sale_id = sales.id
    WHERE status <> 'confirmed' OR refunded > sales.total_cents + sales.tax_cents LIMIT 100
""")


async def check_refunds(session: AsyncSession) -> list[str]:
    """Check that no more came back than was sold, and that no more was refunded than was paid."""
    lines = await session.execute(_TOO_MUCH_RETURNED)
    sales = await session.execute(_TOO_MUCH_REFUNDED)
    return [
        *(
            f"sale {row.sale_id}, line {row.sale_line_no}: {row.units} units came back for "
            f"{row.cents} cents, of {row.quantity} for {row.amount_cents}"
            for row in lines
        ),
        *(
            f"sale {row.id} is {row.status}: {row.refunded} cents of {row.paid} were refunded"
            for row in sales
        ),
    ]


_UNANNOUNCED_RETURNS = text("""
    SELECT id FROM returns
    WHERE recorded_at > clock_timestamp() - interval '7 days' AND NOT EXISTS (
        SELECT FROM outbox WHERE subject = returns.id::text AND type = 'sales.return-recorded.v1'
    ) LIMIT 100
""")


async def check_announced_returns(session: AsyncSession) -> list[str]:
    """Check that the outbox has the event of each return; it keeps rows for eight days."""
    rows = await session.execute(_UNANNOUNCED_RETURNS)
    return [f"return {row.id} has no event" for row in rows]


CHECKS: dict[str, Callable[[AsyncSession], Awaitable[list[str]]]] = {
    "totals": check_totals,
    "payments are what is due": check_payments,
    "exchanges are pairs": check_exchanges,
    "taxes": check_taxes,
    "sagas end": check_sagas,
    "keys have one effect": check_keys,
    "sales are announced": check_announced,
    "sales have one end": check_one_end,
    "returns are the sums of their lines": check_returns,
    "no more comes back than was sold": check_refunds,
    "returns are announced": check_announced_returns,
}
