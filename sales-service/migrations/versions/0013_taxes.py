"""Keep the rates of taxes by place, class of goods and first day, and the taxes of each line.

A store without a place has the list of its own that it had before.
"""

from alembic import op

revision = "0013"
down_revision = "0012"

# With constant defaults no row is rewritten. A process of the version before writes the defaults:
# its stores have lists of their own, its goods are taxable, and its lines have no shares by code.
TAXES = (
    # Each new rate raises the version. A sale compares it with that of the rates it was taxed by.
    "CREATE TABLE tax_places (name text PRIMARY KEY, version bigint NOT NULL DEFAULT 1)",
    """
    CREATE TABLE tax_rates (
        id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        place text NOT NULL REFERENCES tax_places,
        tax_class text NOT NULL,
        code text NOT NULL,
        rate numeric(7, 6) NOT NULL CHECK (rate BETWEEN 0 AND 1),
        valid_from date NOT NULL,
        made_by text,
        made_at timestamptz NOT NULL DEFAULT now(),
        UNIQUE (place, tax_class, code, valid_from)
    )
    """,
    "CREATE INDEX tax_rates_by_class ON tax_rates (tax_class)",
    "ALTER TABLE stores ADD COLUMN tax_place text REFERENCES tax_places",
    "ALTER TABLE products ADD COLUMN tax_class text NOT NULL DEFAULT 'taxable'",
    "ALTER TABLE sales ADD COLUMN tax_exemption text",
    """
    ALTER TABLE sale_lines
        ADD COLUMN tax_class text NOT NULL DEFAULT 'taxable',
        ADD COLUMN taxes jsonb
    """,
    # What Quebec has charged since 2013. No sale is older than the first day.
    "INSERT INTO tax_places (name) VALUES ('QC')",
    """
    INSERT INTO tax_rates (place, tax_class, code, rate, valid_from) VALUES
        ('QC', 'taxable', 'TPS', 0.05, '2000-01-01'),
        ('QC', 'taxable', 'TVQ', 0.09975, '2000-01-01'),
        ('QC', 'detaxe', 'TPS', 0, '2000-01-01'),
        ('QC', 'detaxe', 'TVQ', 0, '2000-01-01')
    """,
)


def upgrade() -> None:
    for statement in TAXES:
        op.execute(statement)
