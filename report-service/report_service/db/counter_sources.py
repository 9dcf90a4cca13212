"""SQL that sums what a counter must hold, from the facts or the finer counter below it."""

from collections.abc import Iterable

from report_service.db.counters import STRIPE, Counter, Facts

# The facts have an index by store and day, none by day alone.
FACTS_OF_DAY = """business_date = :day
            AND store_id IN (SELECT store_id FROM store_days WHERE business_date = :day)"""
# Columns of a coarser key, computed from a finer row.
_COARSER = {"month": "CAST(date_trunc('month', business_date) AS date)", STRIPE: "0"}


def select_source(
    counter: Counter, key: Iterable[str], where: str, further: Iterable[str] = ()
) -> str:
    """Return a SELECT that sums what the counter must hold from its source's rows in `where`.

    Its columns are those of the key, the measures and the `further` sums.
    """
    source = counter.summed_from
    if isinstance(source, Facts):
        sums = [f"{source.measures[name]} AS {name}" for name in counter.measures]
        # Each SELECT has the condition, so that each table of facts is read by its index.
        rows = " UNION ALL ".join(f"{select} WHERE {where}" for select in source.rows)
        return select_sums(f"({rows}) AS facts", "true", key, [*sums, *further])
    coarser = [name if name in source.key else f"{_COARSER[name]} AS {name}" for name in key]
    return select_sums(source.table, where, coarser, [*sum_each(counter.measures), *further])


def sum_each(columns: Iterable[str]) -> list[str]:
    return [f"sum({name}) AS {name}" for name in columns]


def select_sums(source: str, where: str, key: Iterable[str], sums: Iterable[str]) -> str:
    """Return a SELECT of the key and the sums of each group of rows in `where`."""
    key = list(key)
    numbers = ", ".join(str(number) for number in range(1, len(key) + 1))
    return f"""SELECT {", ".join([*key, *sums])}
        FROM {source}
        WHERE {where} GROUP BY {numbers}"""
