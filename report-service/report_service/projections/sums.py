"""Sums a batch of sales for each counter, before anything is written: pure functions."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cache, lru_cache
from operator import add, attrgetter, itemgetter
from typing import Any, NamedTuple

from report_service.db.counters import LINES, SALES, STRIPE, Counter, Facts
from report_service.events.consumed import SaleRecorded

Key = tuple[Any, ...]
Rows = list[tuple[Any, ...]]
# The sums of all measures of the facts by key, in the order of `Facts.measures`.
Sums = dict[Key, list[int]]


class Labels(NamedTuple):
    """A product's labels on a sale. The latest compare greatest."""

    sold_at: datetime
    name: str
    category: str


def sum_for_counters(
    sales: Sequence[SaleRecorded], stripe: int, counters: Sequence[Counter]
) -> dict[Counter, Rows]:
    """Return the rows that the sales add to each counter, as the counter's columns."""
    labels = find_latest_labels(sales)
    sums: dict[Counter, Sums] = {}
    for counter in counters:
        source = counter.summed_from
        if isinstance(source, Counter):
            sums[counter] = _roll_up(sums[source], _coarser_key(source.key, counter.key, stripe))
        else:
            sums[counter] = _SUM[source](sales, counter.key)
    return {counter: _as_rows(counter, sums[counter], labels) for counter in counters}


def sum_sales(sales: Iterable[SaleRecorded], key: tuple[str, ...]) -> Sums:
    """Return the sums of sales for each value of some of their fields."""
    key_of = _tuple_of(attrgetter, key)
    sums: Sums = {}
    for sale in sales:
        sale_key = key_of(sale)
        row = sums.get(sale_key) or sums.setdefault(sale_key, [0, 0, 0, 0])
        row[0] += 1
        row[1] += sum([line.quantity for line in sale.lines])
        row[2] += sale.total_cents
        row[3] += sale.tax_cents
    return sums


def sum_lines(sales: Iterable[SaleRecorded], key: tuple[str, ...]) -> Sums:
    """Return the sums of lines for each value of some fields of their sale, then of their own.

    A sale counts as one receipt of a key, even when several of its lines have the key.
    """
    fields_of_sale = tuple(name for name in key if name in _SALE_FIELDS)
    of_sale = _tuple_of(attrgetter, fields_of_sale)
    of_line = attrgetter(*key[len(fields_of_sale) :])
    # Two levels of dictionaries: with one, each line would build and hash a whole key.
    groups: dict[Key, dict[Any, list[int]]] = {}
    for sale in sales:
        rows, seen = groups.setdefault(of_sale(sale), {}), set()
        for line in sale.lines:
            line_key = of_line(line)
            row = rows.get(line_key) or rows.setdefault(line_key, [0, 0, 0])
            if line_key not in seen:
                seen.add(line_key)
                row[0] += 1
            row[1] += line.quantity
            row[2] += line.amount_cents
    if len(key) - len(fields_of_sale) == 1:
        return {(*g, each): row for g, rows in groups.items() for each, row in rows.items()}
    return {(*g, *each): row for g, rows in groups.items() for each, row in rows.items()}


_SUM = {SALES: sum_sales, LINES: sum_lines}
_SALE_FIELDS = frozenset(SaleRecorded.__struct_fields__)


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


def find_latest_labels(sales: Iterable[SaleRecorded]) -> dict[int, Labels]:
    """Return each product's labels on the latest of these sales."""
    latest: dict[int, Labels] = {}
    for sale in sales:
        for line in sale.lines:
            known = latest.get(line.product_id)
            if known is None or known.sold_at <= sale.recorded_at:
                labels = Labels(sale.recorded_at, line.product_name, line.category)
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
