"""Let goods move between stores: transfers, their receptions, and three kinds of movements."""

from alembic import op

revision = "0014"
down_revision = "0013"

TRANSFERS = (
    """
    CREATE TABLE transfers (
        id uuid PRIMARY KEY,
        number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
        reference text,
        from_store_id int NOT NULL,
        to_store_id int NOT NULL,
        status text NOT NULL CHECK (status IN ('draft', 'shipped', 'received', 'cancelled')),
        created_at timestamptz NOT NULL DEFAULT now(),
        created_by text,
        shipped_at timestamptz,
        shipped_by text,
        closed_at timestamptz,
        closed_by text,
        difference_reason text,
        CHECK (from_store_id <> to_store_id)
    )
    """,
    "CREATE INDEX transfers_by_sender ON transfers (from_store_id, number)",
    "CREATE INDEX transfers_by_receiver ON transfers (to_store_id, number)",
    # A difference is what arrived less what was expected: negative when units are missing.
    # `to_store_id` stands here too, so that one index has what is on its way to a store.
    """
    CREATE TABLE transfer_lines (
        transfer_id uuid NOT NULL REFERENCES transfers,
        product_id int NOT NULL,
        to_store_id int NOT NULL,
        quantity bigint NOT NULL CHECK (quantity > 0),
        shipped bigint NOT NULL DEFAULT 0,
        received bigint NOT NULL DEFAULT 0,
        difference bigint NOT NULL DEFAULT 0,
        in_transit bigint GENERATED ALWAYS AS (shipped - received + difference) STORED
            CHECK (in_transit >= 0),
        PRIMARY KEY (transfer_id, product_id)
    )
    """,
    """
    CREATE INDEX transfer_lines_in_transit ON transfer_lines (to_store_id, product_id)
        INCLUDE (in_transit) WHERE in_transit > 0
    """,
    # `counted` is what the request said: null for a reception of everything.
    """
    CREATE TABLE transfer_receptions (
        id uuid PRIMARY KEY,
        transfer_id uuid NOT NULL REFERENCES transfers,
        counted jsonb,
        reason text,
        received_at timestamptz NOT NULL DEFAULT now(),
        received_by text
    )
    """,
    "CREATE INDEX transfer_receptions_by_transfer ON transfer_receptions (transfer_id)",
    # NOT VALID: the check before it let fewer kinds pass, so no row has to be read.
    """
    ALTER TABLE movements
        DROP CONSTRAINT movements_kind,
        ADD CONSTRAINT movements_kind CHECK (kind IN (
            'sale', 'cancellation', 'reception', 'adjustment', 'opening', 'count', 'return',
            'loss', 'transfer-out', 'transfer-in', 'transfer-difference'
        )) NOT VALID
    """,
    # The lists of levels show what is on its way to a store.
    """
    CREATE FUNCTION announce_transit() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_notify('changes', 'stock:' || to_store_id)
        FROM (SELECT DISTINCT to_store_id FROM changed) AS stores;
        PERFORM pg_notify('changes', 'stock');
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE TRIGGER announce_insert AFTER INSERT ON transfer_lines
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION announce_transit()
    """,
    """
    CREATE TRIGGER announce_update AFTER UPDATE ON transfer_lines
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION announce_transit()
    """,
)


def upgrade() -> None:
    for statement in TRANSFERS:
        op.execute(statement)
