"""Till lines become invoices, and every other line is counted."""

import gzip
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from infra.tools.measure.replay.reading import TillData, UnreadableData, read_till_data

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
NINE = "2010-12-01 09:00:00"
TEN = "2010-12-01 10:00:00"


def read(tmp_path: Path, *lines: str) -> TillData:
    """Return the data that the replay reads from these lines."""
    path = tmp_path / "tills.csv"
    path.write_text(HEADER + "\n".join(lines) + "\n")
    return read_till_data(path)


def test_the_lines_of_an_invoice_are_one_sale_at_its_earliest_time(tmp_path: Path) -> None:
    data = read(
        tmp_path,
        f"1,A,CUP,2,{TEN},1.25,,France",
        f"1,B,POT,1,{NINE},3,,France",
        f"2,A,CUP,1,{TEN},1.25,,France",
    )

    assert [(each.number, each.cents) for each in data.invoices] == [("1", 550), ("2", 125)]
    assert data.invoices[0].sold_at == datetime(2010, 12, 1, 9)  # noqa: DTZ001


def test_an_invoice_in_two_countries_is_a_sale_in_each(tmp_path: Path) -> None:
    data = read(tmp_path, f"1,A,CUP,1,{NINE},1,,France", f"1,A,CUP,1,{NINE},1,,Spain")

    assert [each.store for each in data.invoices] == ["France", "Spain"]


def test_blanks_at_the_end_of_a_cell_make_neither_another_invoice_nor_store(
    tmp_path: Path,
) -> None:
    data = read(
        tmp_path,
        f"1,A,CUP,1,{NINE},1,,France",
        f"1 ,B,POT,1,{NINE},1,,France",
        f"2,A,CUP,1,{NINE},1,,France ",
    )

    assert [(each.number, each.store, each.cents) for each in data.invoices] == [
        ("1", "France", 200),
        ("2", "France", 100),
    ]


def test_codes_differ_in_letter_case_only_by_mistake(tmp_path: Path) -> None:
    data = read(tmp_path, f"1,85123a,CUP,1,{NINE},1,,France", f"1,85123A,,1,{NINE},1,,France")

    assert {line.sku for line in data.invoices[0].lines} == {"85123A"}
    assert data.names == {"85123A": "CUP"}


def test_what_is_no_sale_is_counted_by_its_reason(tmp_path: Path) -> None:
    data = read(
        tmp_path,
        f"C1,A,CUP,-1,{NINE},1.25,,France",
        f"A1,B,Adjust bad debt,1,{NINE},11062.06,,France",
        f"2,A,damaged,-9,{NINE},0,,France",
        f"3,A,,5,{NINE},0,,France",
        f"4,A,CUP,1,{NINE},1.25,,France",
    )

    assert data.set_aside == Counter(
        {"return": 1, "adjustment": 1, "quantity of zero or less": 1, "price of zero or less": 1}
    )
    assert [each.number for each in data.invoices] == ["4"]


@pytest.mark.parametrize(
    ("quantity", "price", "cents"),
    [("1", "0.125", 13), ("3", "0.005", 2), ("1", "0.001", 0), ("12", "0.38", 456)],
)
def test_a_line_is_rounded_once_half_a_cent_up(
    tmp_path: Path, quantity: str, price: str, cents: int
) -> None:
    data = read(tmp_path, f"1,A,CUP,{quantity},{NINE},{price},,France")

    assert data.invoices[0].cents == cents


def test_a_compressed_file_reads_alike(tmp_path: Path) -> None:
    path = tmp_path / "tills.csv.gz"
    path.write_bytes(gzip.compress((HEADER + f"1,A,CUP,1,{NINE},1,,France\n").encode()))

    assert len(read_till_data(path).invoices) == 1


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("InvoiceNo,Quantity\n1,2\n", "lacks the columns Country"),
        (HEADER + f"1,A,CUP,many,{NINE},1,,France\n", "line 2"),
        (HEADER + "1,A,CUP,1,yesterday,1,,France\n", "line 2"),
        (HEADER + f"1,A,CUP,1,{NINE},dear,,France\n", "line 2"),
        (HEADER + "1,A\n", "line 2"),
    ],
)
def test_a_file_that_is_no_till_data_is_refused_by_place(
    tmp_path: Path, text: str, complaint: str
) -> None:
    path = tmp_path / "tills.csv"
    path.write_text(text)

    with pytest.raises(UnreadableData, match=complaint):
        read_till_data(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableData, match=r"nowhere\.csv"):
        read_till_data(tmp_path / "nowhere.csv")
