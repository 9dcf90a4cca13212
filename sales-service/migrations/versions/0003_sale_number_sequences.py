"""Let the service create a store's sequence by a function, without the right to create."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    # A fixed search path: otherwise a caller could put its own functions before the server's.
    op.execute("""
        CREATE FUNCTION create_sale_number_sequence(store_id int) RETURNS void
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
        AS $$
        BEGIN
            EXECUTE format('CREATE SEQUENCE public.sale_number_%s', store_id);
        END
        $$
    """)
