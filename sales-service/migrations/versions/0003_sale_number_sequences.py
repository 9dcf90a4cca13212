"""Opening a store needs no right to create anything: a function of the owner's does it."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    # With a search path of its own: else its caller could put other functions before the server's.
    op.execute("""
        CREATE FUNCTION create_sale_number_sequence(store_id int) RETURNS void
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
        AS $$
        BEGIN
            EXECUTE format('CREATE SEQUENCE public.sale_number_%s', store_id);
        END
        $$
    """)
