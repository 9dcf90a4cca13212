"""Keep the prices of products by first business date, of the chain and of single stores.

A product without rows has one price, that of its own row.
"""

from alembic import op

revision = "0018"
down_revision = "0017"

# No row of a product is rewritten. A process of the version before writes the product's own price
# only, which counts as long as `has_dated_prices` is false.
PRICES = (
    """
    CREATE TABLE product_prices (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        product_id int NOT NULL REFERENCES products,
        store_id int REFERENCES stores,
        -- '-infinity': the price that the product began with.
        valid_from date NOT NULL,
        -- Null: from this date the store has the chain's price again.
        unit_price numeric(12, 4) CHECK (unit_price >= 0),
        -- Of the chain, and to come: the product's own row does not have it yet.
        is_planned boolean NOT NULL DEFAULT false,
        set_by text,
        -- Null: before there was a history.
        set_at timestamptz DEFAULT now(),
        CHECK (unit_price IS NOT NULL OR store_id IS NOT NULL)
    )
    """,
    """
    CREATE INDEX product_prices_by_product ON product_prices
        (product_id, store_id, valid_from, id)
    """,
    "CREATE INDEX product_prices_planned ON product_prices (valid_from) WHERE is_planned",
    "ALTER TABLE products ADD COLUMN has_dated_prices boolean NOT NULL DEFAULT false",
)


def upgrade() -> None:
    for statement in PRICES:
        op.execute(statement)
