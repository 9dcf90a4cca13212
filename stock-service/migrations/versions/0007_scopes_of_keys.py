"""Limit keys to stores, and give the keys of before the rights that they have had."""

from alembic import op

from service_kit.database.kit_tables import PLUMBING_V4

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    for statement in PLUMBING_V4:
        op.execute(statement)
    op.execute("""
        UPDATE api_keys SET rights = CASE role
            WHEN 'till' THEN '{backdate,price-override}'
            ELSE '{backdate,price-override,return-without-receipt,see-costs}'
        END::text[]
    """)
