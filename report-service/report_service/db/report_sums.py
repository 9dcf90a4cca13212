"""SQL that sums counters for a report: over all time, or over a range of dates.

A range is a stretch of months and the days at its edges: `split_range` gives the parameters.
"""

from report_service.db.counters import Counter

# Added days have the sign 1. Days that are taken off their month have the sign -1.
_SPANS = """unnest(CAST(:firsts AS date[]), CAST(:lasts AS date[]), CAST(:signs AS int[]))
            AS span(first, last, sign)"""


def of_all_time(totals: Counter) -> str:
    """Return a SELECT of the key and the measures of a counter."""
    return f"SELECT {', '.join((*totals.key, *totals.measures))} FROM {totals.table}"


def of_range(months: Counter, days: Counter) -> str:
    """Return a SELECT of the key, without its date, and of the sums of the measures."""
    key = ", ".join(name for name in days.key if name != "business_date")
    measures = ", ".join(days.measures)
    signed = ", ".join(f"sign * {name}" for name in days.measures)
    sums = ", ".join(f"sum({name}) AS {name}" for name in days.measures)
    return f"""
        SELECT {key}, {sums} FROM (
            SELECT {key}, {measures} FROM {months.table}
            WHERE month BETWEEN :first_month AND :last_month
            UNION ALL
            SELECT {key}, {signed}
            FROM {_SPANS} JOIN {days.table} ON business_date BETWEEN first AND last
        ) AS parts
        GROUP BY {key}"""
