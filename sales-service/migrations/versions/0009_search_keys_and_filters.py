"""Give products their search keys, and sales the indexes of the list's filters.

The application computes the keys, and writes of which version of the product they are. A process of
the version before does not know them: until no such process runs, a trigger computes the keys of
what it writes. For French text they are the same.

An index is built without blocking sales. A run after an interrupted one keeps the complete indexes
and repeats the rest.
"""

from alembic import op
from sqlalchemy import Connection, text

from sales_service.domain.search_keys import fold

revision = "0009"
down_revision = "0008"

BATCH_ROWS = 1000  # of one transaction

ADD_KEYS = (
    # With a constant default no row is rewritten, and the lock lasts for milliseconds.
    """
    ALTER TABLE products
        ADD COLUMN IF NOT EXISTS name_key text COLLATE "C" NOT NULL DEFAULT '',
        ADD COLUMN IF NOT EXISTS sku_key text COLLATE "C" NOT NULL DEFAULT '',
        ADD COLUMN IF NOT EXISTS category_key text COLLATE "C" NOT NULL DEFAULT '',
        ADD COLUMN IF NOT EXISTS keys_version bigint NOT NULL DEFAULT 0
    """,
    r"""
    CREATE OR REPLACE FUNCTION fold_text(words text) RETURNS text LANGUAGE sql IMMUTABLE
    SET search_path = pg_catalog, pg_temp
    AS $$
        SELECT left(lower(replace(replace(replace(replace(
            regexp_replace(normalize(words, NFKD), '[\u0300-\u036F]', '', 'g'),
            'œ', 'oe'), 'Œ', 'oe'), 'æ', 'ae'), 'Æ', 'ae')), 200)
    $$
    """,
    """
    CREATE OR REPLACE FUNCTION fold_product() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp
    AS $$
    BEGIN
        NEW.name_key := fold_text(NEW.name);
        NEW.sku_key := fold_text(NEW.sku);
        NEW.category_key := fold_text(NEW.category);
        RETURN NEW;
    END
    $$
    """,
    """
    CREATE OR REPLACE TRIGGER products_of_old_processes_have_keys
    BEFORE INSERT OR UPDATE OF name, sku, category ON products
    FOR EACH ROW WHEN (NEW.keys_version <> NEW.version) EXECUTE FUNCTION fold_product()
    """,
)

READ = text("""
    SELECT id, name, sku, category FROM products WHERE id > :after ORDER BY id LIMIT :limit
""")
# A product that has changed since it was read got its keys by the trigger.
FILL = text("""
    UPDATE products AS p
    SET name_key = read.name_key, sku_key = read.sku_key, category_key = read.category_key
    FROM unnest(CAST(:ids AS int[]), CAST(:names AS text[]), CAST(:skus AS text[]),
        CAST(:categories AS text[]), CAST(:name_keys AS text[]), CAST(:sku_keys AS text[]),
        CAST(:category_keys AS text[]))
        AS read(id, name, sku, category, name_key, sku_key, category_key)
    WHERE (p.id, p.name, p.sku, p.category) = (read.id, read.name, read.sku, read.category)
""")
IS_BUILT = text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)")

INDEXES = {
    "products_by_name": 'products (name_key, name COLLATE "C", id)',
    "products_by_category_key": "products (category_key, name_key)",
    "products_by_sku_key": "products (sku_key)",
    "sales_by_day": "sales (store_id, business_date, id)",
    "sales_by_register": "sales (store_id, register_id, id) WHERE register_id IS NOT NULL",
    "sales_by_outcome": "sales (store_id, status, id) WHERE status <> 'confirmed'",
    "sale_lines_by_product": "sale_lines (product_id, sale_id)",
}


def upgrade() -> None:
    for statement in ADD_KEYS:
        op.execute(statement)
    with op.get_context().autocommit_block():
        connection = op.get_bind()
        fill_keys(connection)
        connection.execute(text("DROP INDEX CONCURRENTLY IF EXISTS products_by_category"))
        for name, columns in INDEXES.items():
            if not connection.execute(IS_BUILT, {"name": name}).scalar():
                build(connection, name, columns)


def fill_keys(connection: Connection) -> None:
    last = 0
    while rows := connection.execute(READ, {"after": last, "limit": BATCH_ROWS}).all():
        columns = {
            "ids": [row.id for row in rows],
            "names": [row.name for row in rows],
            "skus": [row.sku for row in rows],
            "categories": [row.category for row in rows],
        }
        keys = {
            "name_keys": [fold(name) for name in columns["names"]],
            "sku_keys": [fold(sku) for sku in columns["skus"]],
            "category_keys": [fold(category) for category in columns["categories"]],
        }
        connection.execute(FILL, columns | keys)
        last = rows[-1].id


def build(connection: Connection, name: str, columns: str) -> None:
    """Build an index. It waits for the transactions under way, and nothing waits for it."""
    connection.execute(text(f"DROP INDEX CONCURRENTLY IF EXISTS {name}"))
    # Millions of sales may take longer than other statements may.
    connection.execute(text("SET statement_timeout = 0"))
    connection.execute(text("SET lock_timeout = '60s'"))
    try:
        connection.execute(text(f"CREATE INDEX CONCURRENTLY {name} ON {columns}"))
    finally:
        connection.execute(text("SET statement_timeout = '60s'"))
        connection.execute(text("SET lock_timeout = '500ms'"))
