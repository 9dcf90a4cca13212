"""The ledger gets English kinds and the name `movements`; processes before this one see no change.

A rollout runs old and new processes side by side, so the change takes three steps:

1. Expand (here). `stock_movements` becomes a view of `movements` in the French kinds. An old
   process reads French from it, and what it inserts there is stored in English.
2. Backfill (0005). Rows from before this migration become English, in short transactions. The view
   shows them in French before and after.
3. Contract (a later release). Drop the view and its functions when no old process runs any more.

New processes know `movements` and English only. They start after both migrations.
"""

from alembic import op

revision = "0004"
down_revision = "0003"

EXPAND = (
    # Only the catalogue of the database changes: the lock lasts for milliseconds.
    "ALTER TABLE stock_movements RENAME TO movements",
    # NOT VALID: the check before it let fewer kinds pass, so no row has to be read.
    """
    ALTER TABLE movements
        DROP CONSTRAINT stock_movements_kind_check,
        ADD CONSTRAINT movements_kind CHECK (kind IN (
            'sale', 'cancellation', 'reception', 'adjustment', 'vente', 'annulation', 'ajustement'
        )) NOT VALID
    """,
    """
    CREATE FUNCTION kind_in_english(kind text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
        SELECT CASE kind
            WHEN 'vente' THEN 'sale'
            WHEN 'annulation' THEN 'cancellation'
            WHEN 'ajustement' THEN 'adjustment'
            ELSE kind
        END
    $$
    """,
    """
    CREATE FUNCTION kind_in_french(kind text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
        SELECT CASE kind
            WHEN 'sale' THEN 'vente'
            WHEN 'cancellation' THEN 'annulation'
            WHEN 'adjustment' THEN 'ajustement'
            ELSE kind
        END
    $$
    """,
    """
    CREATE VIEW stock_movements AS
    SELECT id, store_id, product_id, delta, balance_after, level_version,
        kind_in_french(kind) AS kind, reason, document_id, occurred_at, recorded_at
    FROM movements
    """,
    """
    CREATE FUNCTION insert_movement() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO movements (store_id, product_id, delta, balance_after, level_version, kind,
            reason, document_id, occurred_at)
        VALUES (NEW.store_id, NEW.product_id, NEW.delta, NEW.balance_after, NEW.level_version,
            kind_in_english(NEW.kind), NEW.reason, NEW.document_id, NEW.occurred_at);
        RETURN NEW;
    END
    $$
    """,
    """
    CREATE TRIGGER insert_movement INSTEAD OF INSERT ON stock_movements
    FOR EACH ROW EXECUTE FUNCTION insert_movement()
    """,
    # The ledger stays append-only during the backfill. Only a kind may change, and only from its
    # French to its English word.
    "DROP TRIGGER stock_movements_are_append_only ON movements",
    """
    CREATE TRIGGER movements_are_append_only
    BEFORE DELETE OR TRUNCATE OR UPDATE OF id, store_id, product_id, delta, balance_after,
        level_version, reason, document_id, occurred_at, recorded_at ON movements
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER kinds_are_translated_only BEFORE UPDATE OF kind ON movements
    FOR EACH ROW WHEN (NEW.kind IS DISTINCT FROM kind_in_english(OLD.kind))
    EXECUTE FUNCTION refuse_change()
    """,
)


def upgrade() -> None:
    for statement in EXPAND:
        op.execute(statement)
