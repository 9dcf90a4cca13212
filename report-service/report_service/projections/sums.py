"""Sums a batch of documents for each counter, before anything is written: pure functions."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from operator import add, attrgetter, itemgetter
from typing import Any, NamedTuple

from report_service.db.counters import (
    DOCUMENTS,
    LATE_DOCUMENTS,
    LINES,
    PAYMENTS,
    STRIPE,
    TAXES,
    Counter,
    Facts,
)
from report_service.events.consumed import Document, ReturnRecorded, SaleRecorded
from report_service.projections.documents import (
    figures_of,
    payments_of,
    signs_of,
    taxes_of,
)

Key = tuple[Any, ...]
Rows = list[tuple[Any, ...]]
# The sums of all measures of the facts by key, in the order of `Facts.measures`.
Sums = dict[Key, list[int]]


class Labels(NamedTuple):
    """A product's labels on a sale. The latest compare greatest."""

    sold_at: datetime
    name: str
    category: str


# A return may name its product as an old receipt does, so the labels of any sale win.
_NEVER_SOLD = datetime(1970, 1, 1, tzinfo=UTC)


def sum_for_counters(
    documents: Sequence[Document], stripe: int, counters: Sequence[Counter]
) -> dict[Counter, Rows]:
    """Return the rows that the documents add to each counter, as the counter's columns.

    A counter to which they add nothing is left out: many batches have no payments.
    """
    labels = find_latest_labels(documents)
    sums: dict[Counter, Sums] = {}
    for counter in counters:
        source = counter.summed_from
        if isinstance(source, Counter):
            sums[counter] = _roll_up(sums[source], _coarser_key(source.key, counter.key, stripe))
        else:
            sums[counter] = _SUM[source](documents, counter.key)
    return {counter: _as_rows(counter, rows, labels) for counter, rows in sums.items() if rows}


def sum_documents(documents: Iterable[Document], key: tuple[str, ...]) -> Sums:
    """Return the sums of documents for each value of some of their fields."""
    key_of = _tuple_of(attrgetter, key)
    sums: Sums = {}
    for document in documents:
        document_key, figures = key_of(document), figures_of(document)
        row = sums.get(document_key)
        sums[document_key] = list(figures) if row is None else list(map(add, row, figures))
    return sums


def _sum_late(documents: Iterable[Document], key: tuple[str, ...]) -> Sums:
    return sum_documents((each for each in documents if each.is_late), key)


def sum_lines(documents: Iterable[Document], key: tuple[str, ...]) -> Sums:
    """Return the sums of lines for each value of some fields of their document, then of their own.

    A sale counts as one receipt of a key, even when several of its lines have the key.
    """
    fields_of_document = tuple(name for name in key if name in _DOCUMENT_FIELDS)
    of_document = _tuple_of(attrgetter, fields_of_document)
    of_line = attrgetter(*key[len(fields_of_document) :])
    # Two levels of dictionaries: with one, each line would build and hash a whole key.
    groups: dict[Key, dict[Any, list[int]]] = {}
    for document in documents:
        rows, seen = groups.setdefault(of_document(document), {}), set()
        signs = signs_of(document)
        for line in document.lines:
            line_key = of_line(line)
            row = rows.get(line_key) or rows.setdefault(line_key, [0, 0, 0])
            if line_key not in seen:
                seen.add(line_key)
                row[0] += signs.receipts
            row[1] += signs.amounts * line.quantity
            row[2] += signs.amounts * line.amount_cents
    if len(key) - len(fields_of_document) == 1:
        return {(*g, each): row for g, rows in groups.items() for each, row in rows.items()}
    return {(*g, *each): row for g, rows in groups.items() for each, row in rows.items()}


def _sum_amounts(
    amounts_of: Callable[[Document], Mapping[str, int]],
) -> Callable[[Iterable[Document], tuple[str, ...]], Sums]:
    """Return what sums the amounts of documents by some of their fields, then by method or code."""

    def sum_amounts(documents: Iterable[Document], key: tuple[str, ...]) -> Sums:
        of_document = _tuple_of(attrgetter, key[:-1])
        sums: Sums = {}
        for document in documents:
            sign = signs_of(document).amounts
            for name, cents in amounts_of(document).items():
                row = sums.setdefault((*of_document(document), name), [0])
                row[0] += sign * cents
        return sums

    return sum_amounts


_SUM: Mapping[Facts, Callable[[Iterable[Document], tuple[str, ...]], Sums]] = {
    DOCUMENTS: sum_documents,
    LATE_DOCUMENTS: _sum_late,
    LINES: sum_lines,
    PAYMENTS: _sum_amounts(payments_of),
    TAXES: _sum_amounts(taxes_of),
}
_DOCUMENT_FIELDS = frozenset(SaleRecorded.__struct_fields__)


def _roll_up(parts: Sums, coarser: Callable[[Key], Key]) -> Sums:
    """Return the sums under coarser keys."""
    whole: Sums = {}
    for key, part in parts.items():
        coarser_key = coarser(key)
        row = whole.get(coarser_key)
        # A new list: the part may be a row of the finer counter, too.
        whole[coarser_key] = part if row is None else list(map(add, row, part))
    return whole


def _coarser_key(
    fine: tuple[str, ...], coarse: tuple[str, ...], stripe: int
) -> Callable[[Key], Key]:
    """Return what turns a key of the columns `fine` into a key of the columns `coarse`."""
    pick = _tuple_of(itemgetter, tuple((*fine, "month", STRIPE).index(name) for name in coarse))
    if set(coarse) <= set(fine):
        return pick
    if "month" not in coarse or "month" in fine:
        return lambda key: pick((*key, None, stripe))
    day = fine.index("business_date")
    return lambda key: pick((*key, _first_of_month(key[day]), stripe))


@cache
def _tuple_of(
    getter: Callable[..., Callable[[Any], Any]], names: tuple[Any, ...]
) -> Callable[[Any], Key]:
    """Return a getter that answers a tuple, also for one name or none."""
    if not names:
        return lambda _: ()
    get = getter(*names)
    return get if len(names) > 1 else lambda each: (get(each),)


@lru_cache(maxsize=4096)
def _first_of_month(day: date) -> date:
    return day.replace(day=1)


def find_latest_labels(documents: Iterable[Document]) -> dict[int, Labels]:
    """Return each product's labels on the latest of these sales."""
    latest: dict[int, Labels] = {}
    for document in documents:
        is_return = isinstance(document, ReturnRecorded)
        sold_at = _NEVER_SOLD if is_return else document.recorded_at
        for line in document.lines:
            known = latest.get(line.product_id)
            if known is None or known.sold_at <= sold_at:
                labels = Labels(sold_at, line.product_name, line.category)
                latest[line.product_id] = max(known, labels) if known else labels
    return latest


def _as_rows(counter: Counter, sums: Sums, labels: Mapping[int, Labels]) -> Rows:
    measured = tuple(_facts_of(counter).measures)
    if counter.measures != measured:
        pick = _tuple_of(itemgetter, tuple(measured.index(name) for name in counter.measures))
        sums = {key: [*pick(row)] for key, row in sums.items()}
    if counter.latest:
        return [(*key, *row, *labels[key[0]]) for key, row in sums.items()]
    return [(*key, *row) for key, row in sums.items()]


def _facts_of(counter: Counter) -> Facts:
    source = counter.summed_from
    return source if isinstance(source, Facts) else _facts_of(source)
