"""The text of a statement can be read in a trace, and EXPLAIN takes it as it stands."""

from service_kit.telemetry.statements import _describe

STATEMENT = """
    -- The newest first.
    SELECT id
    FROM notes

    WHERE id > $1   -- The page's end.
      AND is_shown
"""


def test_a_statement_keeps_its_lines_but_no_comment() -> None:
    name, attributes = _describe(STATEMENT)

    assert name == "SELECT notes"
    assert attributes["db.query.text"].splitlines() == [
        "SELECT id",
        "FROM notes",
        "WHERE id > $1",
        "  AND is_shown",
    ]


def test_a_statement_that_writes_several_tables_is_named_after_its_widest() -> None:
    name, _ = _describe(
        """
        WITH sale AS (INSERT INTO sales (id, store_id, number) SELECT $1, $2, $3),
            event AS (
                INSERT INTO outbox
                    (topic) SELECT $4
            )
        SELECT 1 FROM stores
        """
    )

    assert name == "INSERT sales"
