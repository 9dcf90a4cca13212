"""Draws a trace as a waterfall of text."""

from collections import defaultdict
from collections.abc import Iterator

from infra.tools.operate.traces.jaeger import Span, Trace

NAME_WIDTH = 58
BAR_WIDTH = 50
SHOWN_SHARE = 0.1  # print statements that took a larger share of the trace
STATEMENT = "db.query.text"


def draw(trace: Trace) -> Iterator[str]:
    """Yield a line per span, children below their parents in the order of their start.

    The slow statements follow, each on one line, as text that EXPLAIN (GENERIC_PLAN) accepts.
    """
    begin = min(span.started for span in trace.spans)
    end = max(span.ended for span in trace.spans)
    whole = max(1, end - begin)
    yield f"trace {trace.id}: {len(trace.spans)} spans in {whole / 1000:.1f} ms"
    for depth, span in _in_order(trace):
        offset = round((span.started - begin) / whole * BAR_WIDTH)
        width = max(1, round(span.duration / whole * BAR_WIDTH))
        bar = " " * min(offset, BAR_WIDTH - 1) + "█" * min(width, BAR_WIDTH - offset or 1)
        name = f"{'  ' * depth}{span.service}: {span.name}"
        after = (span.started - begin) / 1000
        yield (
            f"{name[:NAME_WIDTH]:{NAME_WIDTH}} {after:9.2f} ms +{span.duration / 1000:9.2f} ms "
            f"|{bar:{BAR_WIDTH}}|{_failure(span)}"
        )
    for span in sorted(trace.spans, key=lambda span: -span.duration):
        if STATEMENT in span.attributes and span.duration > SHOWN_SHARE * whole:
            statement = " ".join(span.attributes[STATEMENT].split())
            yield f"\n{span.service}, {span.duration / 1000:.2f} ms: {statement}"


def _failure(span: Span) -> str:
    """Return the reason of a failure: a status, an SQLSTATE or an error's name."""
    return f" ERROR {span.attributes.get('error.type', '')}" if "error" in span.attributes else ""


def _in_order(trace: Trace) -> Iterator[tuple[int, Span]]:
    known = {span.id for span in trace.spans}
    children: dict[str | None, list[Span]] = defaultdict(list)
    for span in trace.spans:
        # Children of a span that is not in the trace, such as the caller's, become roots.
        children[span.parent_id if span.parent_id in known else None].append(span)

    def below(parent: str | None, depth: int) -> Iterator[tuple[int, Span]]:
        for span in children[parent]:
            yield depth, span
            yield from below(span.id, depth + 1)

    return below(None, 0)
