"""Keep what received units cost, and the average cost of each level and after each movement.

Costs are of one unit, in the store's currency, before taxes. Null: unknown, as in all earlier rows
and in those of a process from before this migration.
"""

from alembic import op

revision = "0017"
down_revision = "0016"

COSTS = (
    "ALTER TABLE stock_levels ADD COLUMN average_cost numeric(12, 4)",
    """
    ALTER TABLE movements
        ADD COLUMN unit_cost numeric(12, 4),
        ADD COLUMN average_cost numeric(12, 4)
    """,
    # For the audit, which must not trust the code that it checks. `div` is exact; a quotient that
    # is rounded twice is not.
    """
    CREATE FUNCTION average_cost_step(
        average numeric, on_hand bigint, received bigint, unit_cost numeric
    ) RETURNS numeric LANGUAGE plpgsql IMMUTABLE AS $$
    BEGIN
        IF unit_cost IS NULL THEN
            RETURN average;
        ELSIF average IS NULL OR on_hand <= 0 THEN
            RETURN unit_cost;
        END IF;
        RETURN div(
            20000 * (on_hand * average + received * unit_cost) + on_hand + received,
            2 * (on_hand::numeric + received)
        ) / 10000;
    END
    $$
    """,
    """
    CREATE AGGREGATE average_cost_of(on_hand bigint, received bigint, unit_cost numeric) (
        SFUNC = average_cost_step, STYPE = numeric
    )
    """,
)


def upgrade() -> None:
    for statement in COSTS:
        op.execute(statement)
