"""The tables of docs/performance.md."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Content = Mapping[str, Any]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _sizes_table(reads: Content) -> str:
    """CPU of an answer at each size, and the seed's way."""
    sizes = reads["sizes"]
    cost = {
        (row["state"], row["name"], row["size"]): row["process_us"] + row["postgresql_us"]
        for row in reads["costs"]
    }
    seed = {(row["name"], row["size"]): row["cpu_seconds"] * 1e6 for row in reads["seed"]}
    rows = []
    for name in dict.fromkeys(row["name"] for row in reads["costs"] if row["size"]):
        ours: list[float | None] = []
        for state in ("cached", "changing"):
            ours = [cost.get((state, name, size)) for size in sizes]
            rows.append([name, state, *map(_ms, ours), _growth(ours), ""])
        stated = [seed.get((name, size)) for size in sizes]
        if any(stated):
            times = _ratio(_last(stated), _last(ours))
            rows.append([name, "the seed's way", *map(_ms, stated), _growth(stated), times])
    head = ["", "state", *[f"{size:,}" for size in sizes], "last ÷ first", "÷ ours, changing"]
    return table(head, rows)


def _limits_table(reads: Content) -> str:
    """What is asked, at the largest of its sizes, beside the limits."""
    largest = {
        row["name"]: row["size"] for row in sorted(reads["costs"], key=lambda row: row["size"])
    }
    limit = _cost_of(reads, "limit: 20 rows")
    rows = [
        [
            row["name"],
            row["state"],
            f"{row['process_us']:,.0f}",
            f"{row['postgresql_us']:,.0f}",
            f"{row['process_us'] / limit:.2f}",
            f"{row['rate']:,.0f}",
        ]
        for row in reads["costs"]
        if row["size"] == largest[row["name"]]
    ]
    head = ["", "state", "µs CPU of the process", "µs of PostgreSQL", "× limit", "answers/s"]
    return table(head, rows)


def _latency_table(reads: Content) -> str:
    rows = [
        [
            row["name"],
            row["state"],
            f"{row['rate']:.0f}",
            *[f"{row[each]:.2f}" for each in ("p50", "p95", "p99", "max", "late_ms")],
            f"{row['busy']:.0%}",
            f"{row['refused']:,}",
        ]
        for row in reads["latencies"]
    ]
    times = ["p50 ms", "p95", "p99", "max", "generator late, p99"]
    head = ["", "state", "requests/s", *times, "cores busy", "503"]
    return table(head, rows)


def _telemetry_table(telemetry: Content) -> str:
    rows = []
    for answer, costs, limit_name in (
        ("200", telemetry["costs"], telemetry["limit"]),
        ("304", telemetry["unchanged"], telemetry["unchanged_limit"]),
    ):
        limit = next(row["process_us"] for row in costs if row["name"] == limit_name)
        rows += [
            [row["name"], answer, f"{row['process_us']:,.0f}", f"{row['process_us'] / limit:.2f}"]
            for row in costs
        ]
    return table(["", "answer", "µs CPU per request", "× limit"], rows)


def _writes_table(writes: Content) -> str:
    limit = next(row["rate"] for row in writes["costs"] if row["name"] == writes["limit"])
    rows = [
        [
            row["name"],
            f"{row['rate']:,.0f}",
            f"{row['rate'] / limit:.2f}",
            f"{row['process_us']:,.0f}",
            f"{row['postgresql_us']:,.0f}",
        ]
        for row in writes["costs"]
    ]
    head = ["", "sales/s", "× limit", "µs CPU of the process", "µs of PostgreSQL"]
    return table(head, rows)


def _freshness_table(freshness: Content) -> str:
    rows = [
        [name, *[f"{freshness[key][each]:.1f}" for each in ("p50", "p95", "p99", "max")]]
        for name, key in (("answered 201", "answered_ms"), ("201 → in the report", "seen_ms"))
    ]
    figures = (
        f"{freshness['rate']:.0f} sales/s, half of the {freshness['saturation']:.0f}/s that went"
        f" from the tills into the report at most; {freshness['looked_for']:,} sales looked for,"
        f" {freshness['not_seen']} not seen within 5 s."
    )
    shares = sorted(freshness["cores_of"].items(), key=lambda each: -each[1])
    of_one = ", ".join(f"{name} {share:.0%}" for name, share in shares)
    times = table(["ms", "p50", "p95", "p99", "max"], rows)
    busy = f"All cores were busy for {freshness['busy']:.0%} of the time. Of one core: {of_one}."
    return f"{figures}\n\n{times}\n\n{busy}"


def _projection_table(projection: Content) -> str:
    limit = next(
        row["lines_per_second"] for row in projection["paces"] if row["name"] == projection["limit"]
    )
    rows = [
        [
            row["name"],
            f"{row['lines_per_second']:,.0f}",
            f"{row['lines_per_second'] / limit:.2f}",
            f"{row['lines_per_cpu_second']:,.0f}",
        ]
        for row in projection["paces"]
    ]
    return table(["", "sale lines/s", "× limit", "lines per second of its CPU"], rows)


def _instances_table(instances: Content) -> str:
    rows = [
        [
            row["name"],
            f"{row['one']['rate']:,.0f}",
            f"{row['two']['rate']:,.0f}",
            _ratio(row["two"]["rate"], row["one"]["rate"]),
            f"{row['two']['api_us']:,.0f}",
            f"{row['two']['others_us']:,.0f}",
            f"{row['two']['rate'] * (row['two']['api_us'] + row['two']['others_us']) / 1e6:.2f}",
        ]
        for row in instances["rows"]
    ]
    head = ["answers/s", "one", "two", "ratio", "µs of the API", "µs of others", "cores busy"]
    return table(head, rows)


def _memory_table(memory: Content) -> str:
    names = list(memory["settled_mib"])
    rows = [
        [name, f"{memory['settled_mib'][name]:.0f}", f"{memory['last_mib'][name]:.0f}"]
        for name in names
    ]
    figures = (
        f"{memory['minutes']:g} minutes at {memory['rate']:.0f} sales/s,"
        f" at most {memory['most_mib']:.0f} MiB together."
    )
    return f"{figures}\n\n{table(['MiB', 'after a quarter', 'at the end'], rows)}"


def _unit_costs_table(costs: Content) -> str:
    passed_over = {"measured_on", "command", "commit", "machine", "versions"}
    rows = [
        [f"`{name}`", "–" if each is None else f"{each:,.4g}"]
        for name, each in costs.items()
        if name not in passed_over
    ]
    return table(["", ""], rows)


def _cost_of(content: Content, name: str) -> float:
    return float(next(row["process_us"] for row in content["costs"] if row["name"] == name))


def _ms(microseconds: float | None) -> str:
    return "–" if microseconds is None else f"{microseconds / 1e3:,.3g}"


def _last(figures: Sequence[float | None]) -> float | None:
    """That of the largest size, of those that were measured."""
    return next((each for each in reversed(figures) if each is not None), None)


def _growth(figures: Sequence[float | None]) -> str:
    measured = [each for each in figures if each is not None]
    return _ratio(measured[-1], measured[0]) if len(measured) > 1 else "–"


def _ratio(one: float | None, other: float | None) -> str:
    return "–" if one is None or not other else f"{one / other:,.2f}"


# The marker in the document, the part's JSON, and what is made of it.
TABLES: Mapping[str, tuple[str, Callable[[Content], str]]] = {
    "sizes": ("reads", _sizes_table),
    "limits": ("reads", _limits_table),
    "latencies": ("reads", _latency_table),
    "telemetry": ("telemetry", _telemetry_table),
    "writes": ("writes", _writes_table),
    "freshness": ("freshness", _freshness_table),
    "projection": ("projection", _projection_table),
    "instances": ("instances", _instances_table),
    "memory": ("memory", _memory_table),
    "unit-costs": ("unit-costs", _unit_costs_table),
}
