"""Find the level of an instant in the ledger, and what was reserved then.

Each level has its versions without gaps, so a search by halves needs no index by time, which each
sale would pay for.
"""

from alembic import op

revision = "0013"
down_revision = "0012"

PAST = (
    # Movements of a level are written under its lock: by this clock, later versions are later.
    # The beginning of the transaction may be before a movement that it has waited for.
    "ALTER TABLE movements ALTER COLUMN recorded_at SET DEFAULT clock_timestamp()",
    """
    CREATE FUNCTION balance_at(
        of_store int, of_product int, last_version bigint, instant timestamptz
    ) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
    DECLARE
        low bigint := 0;
        high bigint := last_version;
        middle bigint;
        movement record;
        balance bigint;
    BEGIN
        WHILE low < high LOOP
            middle := (low + high + 1) / 2;
            SELECT recorded_at, balance_after INTO movement FROM movements
            WHERE store_id = of_store AND product_id = of_product AND level_version = middle;
            IF movement.recorded_at <= instant THEN
                low := middle;
                balance := movement.balance_after;
            ELSE
                high := middle - 1;
            END IF;
        END LOOP;
        RETURN balance;
    END
    $$
    """,
    """
    CREATE INDEX reservation_lines_by_end ON reservation_lines (store_id, product_id, expires_at)
    """,
)


def upgrade() -> None:
    for statement in PAST:
        op.execute(statement)
