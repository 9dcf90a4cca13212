"""Keep returns; each store has a sequence for their numbers, as for those of receipts."""

from alembic import op

revision = "0014"
down_revision = "0013"

RETURNS = (
    """
    CREATE TABLE returns (
        id uuid PRIMARY KEY,
        store_id int NOT NULL REFERENCES stores,
        number text NOT NULL,
        sale_id uuid REFERENCES sales,
        sale_number text,
        sale_store_id int REFERENCES stores,
        returned_at timestamptz NOT NULL,
        utc_offset_minutes smallint NOT NULL,
        recorded_at timestamptz NOT NULL,
        business_date date NOT NULL,
        local_hour smallint NOT NULL,
        currency text NOT NULL,
        register_id text,
        reason text,
        taxes jsonb NOT NULL,
        total_cents bigint NOT NULL CHECK (total_cents >= 0),
        tax_cents bigint NOT NULL CHECK (tax_cents >= 0),
        payments jsonb NOT NULL,
        cash_rounding_cents bigint NOT NULL,
        client_id text NOT NULL,
        UNIQUE (store_id, number),
        CHECK (num_nulls(sale_id, sale_number, sale_store_id) IN (0, 3))
    )
    """,
    "CREATE INDEX returns_by_sale ON returns (sale_id, id) WHERE sale_id IS NOT NULL",
    "CREATE INDEX returns_by_store ON returns (store_id, id)",
    "CREATE INDEX returns_by_day ON returns (store_id, business_date, id)",
    """
    CREATE TABLE return_lines (
        return_id uuid NOT NULL REFERENCES returns,
        line_no smallint NOT NULL,
        sale_line_no smallint,
        product_id int NOT NULL REFERENCES products,
        product_name text NOT NULL,
        category text NOT NULL,
        quantity int NOT NULL CHECK (quantity > 0),
        is_restocked boolean NOT NULL,
        unit_price numeric(12, 4) NOT NULL,
        amount_cents bigint NOT NULL CHECK (amount_cents >= 0),
        tax_cents bigint NOT NULL CHECK (tax_cents >= 0),
        taxes jsonb NOT NULL,
        PRIMARY KEY (return_id, line_no)
    )
    """,
)

SEQUENCES = (
    # A store that is opened meanwhile would have no sequence for its returns.
    "LOCK TABLE stores IN SHARE MODE",
    # The function of before, so that processes of before open stores that take goods back.
    """
    CREATE OR REPLACE FUNCTION create_sale_number_sequence(store_id int) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    BEGIN
        EXECUTE format('CREATE SEQUENCE public.sale_number_%s', store_id);
        EXECUTE format('CREATE SEQUENCE public.return_number_%s', store_id);
    END
    $$
    """,
    """
    DO $$
    DECLARE
        store_id int;
    BEGIN
        FOR store_id IN SELECT id FROM stores LOOP
            EXECUTE format('CREATE SEQUENCE public.return_number_%s', store_id);
        END LOOP;
    END
    $$
    """,
)


def upgrade() -> None:
    for statement in (*RETURNS, *SEQUENCES):
        op.execute(statement)
