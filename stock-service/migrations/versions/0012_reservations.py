"""Let tills reserve goods: reservations with their lines, and what they hold of each level."""

from alembic import op

revision = "0012"
down_revision = "0011"

RESERVATIONS = (
    # The sum of the lines of open reservations, those that have expired unnoticed included.
    # A process from before this migration leaves it as it is. Without a check: PostgreSQL would
    # prepare it for each statement that moves a level.
    "ALTER TABLE stock_levels ADD COLUMN reserved bigint NOT NULL DEFAULT 0",
    """
    CREATE TABLE reservations (
        id uuid PRIMARY KEY,
        store_id int NOT NULL,
        status text NOT NULL CHECK (status IN ('open', 'consumed', 'released', 'expired')),
        version int NOT NULL,
        reference text,
        actor text,
        created_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        closed_at timestamptz,
        sale_id uuid,
        CHECK ((status = 'open') = (closed_at IS NULL)),
        CHECK ((status = 'consumed') = (sale_id IS NOT NULL))
    )
    """,
    "CREATE INDEX reservations_by_store ON reservations (store_id, id)",
    "CREATE INDEX reservations_open ON reservations (store_id, id) WHERE status = 'open'",
    "CREATE INDEX reservations_to_expire ON reservations (expires_at) WHERE status = 'open'",
    # Store and end are those of the reservation: the indexes need them beside the product.
    """
    CREATE TABLE reservation_lines (
        reservation_id uuid NOT NULL REFERENCES reservations (id),
        product_id int NOT NULL,
        quantity bigint NOT NULL CHECK (quantity > 0),
        store_id int NOT NULL,
        expires_at timestamptz NOT NULL,
        is_held boolean NOT NULL,
        PRIMARY KEY (reservation_id, product_id)
    )
    """,
    """
    CREATE INDEX reservation_lines_held ON reservation_lines (store_id, product_id, expires_at)
    WHERE is_held
    """,
    """
    CREATE INDEX reservation_lines_by_level
    ON reservation_lines (store_id, product_id, reservation_id)
    """,
)


def upgrade() -> None:
    for statement in RESERVATIONS:
        op.execute(statement)
