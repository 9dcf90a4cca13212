"""Turns till lines into invoices; counts, by reason, the lines that are no sale.

A line is a sale when its invoice is neither a return (`C…`) nor an adjustment (`A…`) and its
quantity and price are above zero. An invoice is one sale of one store, its country, at the
earliest time of its lines. Codes are compared in upper case. The amount of a line is quantity ×
price, rounded to the cent, half up.
"""

import csv
import gzip
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import TextIO

ONE = Decimal(1)
LARGEST = 10**9  # a larger quantity or price is an error in the file

COLUMNS = {
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "Country",
}


class UnreadableData(Exception):
    """The file has an error; the message says where."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an invoice."""

    sku: str
    quantity: int
    price: Decimal

    @property
    def cents(self) -> int:
        return int((self.quantity * self.price * 100).quantize(ONE, ROUND_HALF_UP))


@dataclass(slots=True)
class Invoice:
    """One sale of one store."""

    number: str
    store: str
    sold_at: datetime
    lines: list[Line] = field(default_factory=list)

    @property
    def cents(self) -> int:
        return sum(line.cents for line in self.lines)


@dataclass(slots=True)
class TillData:
    """A whole file: its sales in order, its product names, and the count of lines set aside."""

    invoices: list[Invoice]
    names: dict[str, str]
    set_aside: Counter[str]


def read_till_data(path: Path) -> TillData:
    """Read a `.csv` or `.csv.gz`; raises `UnreadableData`."""
    data = TillData([], {}, Counter())
    invoices: dict[tuple[str, str], Invoice] = {}
    try:
        with _open(path) as file:
            for number, row in _rows(file, path):
                _add(data, invoices, row, f"{path}, line {number}")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise UnreadableData(f"{path} cannot be read: {error}") from error
    data.invoices = list(invoices.values())
    return data


def _open(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")


def _rows(file: TextIO, path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(file)
    missing = COLUMNS - set(reader.fieldnames or ())
    if missing:
        raise UnreadableData(f"{path} lacks the columns {', '.join(sorted(missing))}")
    for row in reader:
        if any(row[column] is None for column in COLUMNS):
            raise UnreadableData(f"{path}, line {reader.line_num}: a column is missing")
        yield reader.line_num, row


def _add(
    data: TillData, invoices: dict[tuple[str, str], Invoice], row: dict[str, str], where: str
) -> None:
    try:
        line = Line(
            row["StockCode"].strip().upper(), int(row["Quantity"]), Decimal(row["UnitPrice"])
        )
        sold_at = datetime.strptime(row["InvoiceDate"], "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007
        name = row["Description"].strip()
    except (ValueError, ArithmeticError) as error:
        raise UnreadableData(f"{where}: {error}") from error
    # Comparing a NaN raises, and infinity cannot be rounded to cents.
    if not (abs(line.quantity) < LARGEST and line.price.is_finite() and abs(line.price) < LARGEST):
        raise UnreadableData(f"{where}: quantity or price out of range")
    if name:
        data.names[line.sku] = name
    # Files that went through a spreadsheet have blanks at the ends of their cells.
    number, store = row["InvoiceNo"].strip(), row["Country"].strip()
    if reason := _why_no_sale(number, line):
        data.set_aside[reason] += 1
        return
    invoice = invoices.setdefault((number, store), Invoice(number, store, sold_at))
    invoice.sold_at = min(invoice.sold_at, sold_at)
    invoice.lines.append(line)


def _why_no_sale(invoice: str, line: Line) -> str | None:
    if invoice.startswith("C"):
        return "return"
    if invoice.startswith("A"):
        return "adjustment"
    if line.quantity <= 0:
        return "quantity of zero or less"
    if line.price <= 0:
        return "price of zero or less"
    return None
