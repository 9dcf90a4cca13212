"""Announces changes of keys, figures and freshness to the processes that cache answers."""

from alembic import op

from service_kit.database.kit_tables import PLUMBING_V3

revision = "0004"
down_revision = "0003"

# The tables that reports read. Reports do not read facts.
SHOWN = (
    *("store_days", "store_months", "store_totals", "chain_days"),
    *("product_days", "product_months", "product_totals"),
    *("stock_levels", "products", "stores"),
)
FRESHNESS = (
    """
    CREATE FUNCTION announce_freshness() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        -- The value itself, so that nobody needs to ask for it four times a second.
        PERFORM pg_notify('changes',
            'freshness ' || NEW.topic || ' ' || extract(epoch FROM NEW.complete_until));
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE TRIGGER announce_freshness AFTER INSERT OR UPDATE ON freshness
    FOR EACH ROW EXECUTE FUNCTION announce_freshness()
    """,
)


def upgrade() -> None:
    for statement in (*PLUMBING_V3, *FRESHNESS):
        op.execute(statement)
    for table in SHOWN:
        op.execute(
            f"CREATE TRIGGER announce_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE"
            f" ON {table} FOR EACH STATEMENT EXECUTE FUNCTION announce_change('figures')"
        )
