"""A till file of any content gives sales, lines that are set aside, or one error with its place."""

import csv
import io
from gzip import compress
from pathlib import Path

import hypothesis
import pytest
from hypothesis import HealthCheck
from hypothesis import strategies as st

from infra.tools.measure.replay.reading import TillData, UnreadableData, read_till_data
from tests.system.fuzz.conftest import SEED

COLUMNS = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)
ANYTHING = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
CELLS = {
    "InvoiceNo": st.one_of(st.sampled_from(["1", "2", "C3", "A4", ""]), ANYTHING),
    "StockCode": st.one_of(st.sampled_from(["85123a", "85123A"]), ANYTHING),
    "Description": ANYTHING,
    "Quantity": st.one_of(
        st.integers(-5, 5).map(str), st.sampled_from(["1.5", "1_0", "", "9" * 5000]), ANYTHING
    ),
    "InvoiceDate": st.one_of(
        st.just("2010-12-01 08:26:00"), st.sampled_from(["2010-02-30 00:00:00", "1/12/2010"])
    ),
    "UnitPrice": st.one_of(
        st.decimals(-5, 5, places=2).map(str),
        st.sampled_from(["NaN", "sNaN", "Infinity", "1e999999", "-0", ""]),
        ANYTHING,
    ),
    "CustomerID": ANYTHING,
    "Country": ANYTHING,
}
settings = hypothesis.settings(
    max_examples=300,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@st.composite
def till_files(draw: st.DrawFn) -> bytes:
    """Draw a header, mostly complete and in any order, and rows that may be short or long."""
    columns = draw(st.permutations(COLUMNS))
    if draw(st.integers(0, 9)) == 0:
        columns = columns[1:]
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(columns)
    for _ in range(draw(st.integers(0, 5))):
        row = [draw(CELLS[column]) for column in columns]
        writer.writerow(row[: len(row) - draw(st.sampled_from([0, 0, 0, 1, 4]))])
    return buffer.getvalue().encode()


def read_or_refuse(path: Path, content: bytes) -> TillData | None:
    """Return the content of the file; None when a message that names the file refuses it."""
    path.write_bytes(content)
    try:
        data = read_till_data(path)
    except UnreadableData as error:
        refusal = str(error)
    else:
        refusal = ""
    if refusal:
        assert str(path) in refusal
        return None
    for invoice in data.invoices:
        assert invoice.cents >= 0
    return data


@hypothesis.seed(SEED)
@settings
@hypothesis.given(till_files())
def test_every_line_is_a_sale_or_set_aside_or_the_file_is_refused(
    tmp_path: Path, content: bytes
) -> None:
    data = read_or_refuse(tmp_path / "tills.csv", content)

    if data is not None:
        rows = sum(1 for _ in csv.DictReader(io.StringIO(content.decode(), newline="")))
        sold = sum(len(invoice.lines) for invoice in data.invoices)
        assert sold + data.set_aside.total() == rows


@hypothesis.seed(SEED)
@settings
@hypothesis.given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(tmp_path: Path, content: bytes) -> None:
    read_or_refuse(tmp_path / "tills.csv", content)
    read_or_refuse(tmp_path / "tills.csv.gz", content)


@pytest.mark.parametrize("damage", [10, -9])
def test_a_damaged_archive_is_refused(tmp_path: Path, damage: int) -> None:
    whole = bytearray(compress(b"InvoiceNo,StockCode\n" + bytes(range(256)) * 40))
    whole[damage] ^= 0xFF

    assert read_or_refuse(tmp_path / "tills.csv.gz", bytes(whole)) is None


@pytest.mark.parametrize("last", COLUMNS)
def test_a_row_that_ends_early_is_refused_whatever_it_lacks(tmp_path: Path, last: str) -> None:
    columns = [column for column in COLUMNS if column != last]
    whole = {"Quantity": "1", "InvoiceDate": "2010-12-01 08:26:00", "UnitPrice": "1"}
    row = ",".join(whole.get(column, "x") for column in columns)
    content = f"{','.join([*columns, last])}\n{row}\n"

    refused = read_or_refuse(tmp_path / "tills.csv", content.encode()) is None

    assert refused == (last != "CustomerID")
