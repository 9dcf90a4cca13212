"""The documents show the stored results in readable tables."""

from pathlib import Path

import pytest

from infra.tools.measure import tables
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


def test_what_is_kept_is_shown_with_its_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "FOLDER", tmp_path / "results")

    tables.keep("sales", {"rates": [{"": "limit", "sales/s": 830.26}]}, "make bench")

    assert "| limit | 830 |\n\n`make bench` at " in tables.show("sales", "rates")
    assert tables.show("reads") == "\nNot measured yet.\n\n"
