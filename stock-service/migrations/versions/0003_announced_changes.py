"""Announces changes of keys, levels and the catalogue to processes that cache answers."""

from alembic import op

from service_kit.database.kit_tables import PLUMBING_V3

revision = "0003"
down_revision = "0002"

LEVELS = (
    """
    CREATE FUNCTION announce_levels() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_notify('changes', 'stock:' || store_id)
        FROM (SELECT DISTINCT store_id FROM changed) AS stores;
        PERFORM pg_notify('changes', 'stock');
        RETURN NULL;
    END
    $$
    """,
    # A trigger with a transition table may serve one kind of change only.
    """
    CREATE TRIGGER announce_insert AFTER INSERT ON stock_levels
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION announce_levels()
    """,
    """
    CREATE TRIGGER announce_update AFTER UPDATE ON stock_levels
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION announce_levels()
    """,
    """
    CREATE TRIGGER announce_delete AFTER DELETE ON stock_levels
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION announce_levels()
    """,
)
CATALOGUE = (
    """
    CREATE TRIGGER announce_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON stores
    FOR EACH STATEMENT EXECUTE FUNCTION announce_change('catalogue')
    """,
    """
    CREATE TRIGGER announce_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON products
    FOR EACH STATEMENT EXECUTE FUNCTION announce_change('catalogue')
    """,
)


def upgrade() -> None:
    for statement in (*PLUMBING_V3, *LEVELS, *CATALOGUE):
        op.execute(statement)
