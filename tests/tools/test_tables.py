"""The documents show the results that are kept, and show them readably."""

from infra.tools.measure.tables import Row, render, write_documents


def test_the_documents_show_the_results_that_are_kept() -> None:
    assert write_documents(is_check=True) == 0


def test_a_table_has_a_column_for_each_key() -> None:
    rows: list[Row] = [
        {"": "one", "ms": 12.345, "sales": 10_000},
        {"": "two", "ms": 98765.4, "× limit": None},
    ]

    assert render(rows) == (
        "|  | ms | sales | × limit |\n"
        "| --- | --- | --- | --- |\n"
        "| one | 12.3 | 10,000 | – |\n"
        "| two | 98,765 | – | – |\n"
    )
