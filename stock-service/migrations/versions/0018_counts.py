"""Let people count goods while the store sells: counts, lines, and corrections of late news."""

from alembic import op

revision = "0018"
down_revision = "0017"

COUNTS = (
    """
    CREATE TABLE counts (
        id uuid PRIMARY KEY,
        number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
        store_id int NOT NULL,
        scope text NOT NULL CHECK (scope IN ('store', 'category', 'products')),
        category text,
        product_ids int[],
        reason text,
        status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'posted', 'cancelled')),
        opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        opened_by text,
        closed_at timestamptz,
        closed_by text,
        missing_units bigint,
        surplus_units bigint,
        value_cents numeric,
        CHECK ((scope = 'category') = (category IS NOT NULL)),
        CHECK ((scope = 'products') = (product_ids IS NOT NULL)),
        CHECK ((status = 'open') = (closed_at IS NULL))
    )
    """,
    "CREATE INDEX counts_by_store ON counts (store_id, number)",
    # A line without quantity has not been counted. What stands after it is written by the posting:
    # `level_version` is that of the level before. A line that a later count has superseded moves
    # nothing and has no difference.
    """
    CREATE TABLE count_lines (
        count_id uuid NOT NULL REFERENCES counts,
        product_id int NOT NULL,
        quantity bigint CHECK (quantity >= 0),
        counted_at timestamptz,
        counted_by text,
        expected bigint,
        difference bigint GENERATED ALWAYS AS (quantity - expected) STORED,
        average_cost numeric(12, 4),
        level_version bigint,
        PRIMARY KEY (count_id, product_id),
        CHECK ((quantity IS NULL) = (counted_at IS NULL)),
        CHECK ((expected IS NULL) = (level_version IS NULL)),
        CHECK (quantity IS NOT NULL OR expected IS NULL)
    )
    """,
    # The last count that was posted. Each sale reads it with the level that it locks.
    "ALTER TABLE stock_levels ADD COLUMN counted_at timestamptz, ADD COLUMN count_id uuid",
    # A movement that had happened before the count and arrived after its posting; `quantity` takes
    # back what it moved. The second constraint is a second defence: each is corrected once.
    """
    CREATE TABLE count_corrections (
        count_id uuid NOT NULL REFERENCES counts,
        store_id int NOT NULL,
        product_id int NOT NULL,
        document_id uuid NOT NULL,
        kind text NOT NULL,
        quantity bigint NOT NULL,
        correction_id uuid NOT NULL,
        PRIMARY KEY (count_id, product_id, document_id, kind),
        UNIQUE (document_id, kind, product_id, store_id)
    )
    """,
    # NOT VALID: the check before it let fewer kinds pass, so no row has to be read.
    """
    ALTER TABLE movements
        DROP CONSTRAINT movements_kind,
        ADD CONSTRAINT movements_kind CHECK (kind IN (
            'sale', 'cancellation', 'reception', 'adjustment', 'opening', 'count', 'return',
            'loss', 'transfer-out', 'transfer-in', 'transfer-difference', 'count-correction'
        )) NOT VALID
    """,
    # What had happened by an instant: all that was recorded by then, and what was recorded later
    # and says that it occurred before. The search by halves is that of `balance_at`.
    """
    CREATE FUNCTION expected_at(
        of_store int, of_product int, last_version bigint, instant timestamptz
    ) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
    DECLARE
        low bigint := 0;
        high bigint := last_version;
        middle bigint;
        movement record;
        balance bigint := 0;
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
        RETURN balance + (
            SELECT coalesce(sum(delta), 0) FROM movements
            WHERE store_id = of_store AND product_id = of_product
                AND level_version > low AND level_version <= last_version
                AND occurred_at < instant
        );
    END
    $$
    """,
)


def upgrade() -> None:
    for statement in COUNTS:
        op.execute(statement)
