"""A trace as a waterfall of text: who did what, for how long, and when within the whole."""

from collections import defaultdict
from collections.abc import Iterator

from infra.tools.operate.traces.jaeger import Span, Trace

NAME_WIDTH = 58
BAR_WIDTH = 50
SHOWN_SHARE = 0.1  # a statement that took more of the whole is shown with its text
STATEMENT = "db.query.text"


def draw(trace: Trace) -> Iterator[str]:
    """One line per span, children below their parents in the order of their beginnings.

    The statements that took long follow, as text that EXPLAIN (GENERIC_PLAN) takes.
    """
    begin = min(span.started for span in trace.spans)
    end = max(span.ended for span in trace.spans)
    whole = max(1, end - begin)
    yield f"trace {trace.id}: {len(trace.spans)} spans in {whole / 1000:.1f} ms"
    for depth, span in _in_order(trace):
        offset = round((span.started - begin) / whole * BAR_WIDTH)
        width = max(1, round(span.duration / whole * BAR_WIDTH))
        bar = " " * min(offset, BAR_WIDTH - 1) + "█" * min(width, BAR_WIDTH - offset or 1)
        name = f"{'  ' * depth}{span.service.removesuffix('-service')}: {span.name}"
        after = (span.started - begin) / 1000
        yield (
            f"{name[:NAME_WIDTH]:{NAME_WIDTH}} {after:9.2f} ms +{span.duration / 1000:9.2f} ms "
            f"|{bar:{BAR_WIDTH}}|{_failure(span)}"
        )
    for span in sorted(trace.spans, key=lambda span: -span.duration):
        if STATEMENT in span.attributes and span.duration > SHOWN_SHARE * whole:
            yield f"\n{span.service}, {span.duration / 1000:.2f} ms: {span.attributes[STATEMENT]}"


def _failure(span: Span) -> str:
    """Why it failed: a status, an SQLSTATE, the name of an error."""
    return f" ERROR {span.attributes.get('error.type', '')}" if "error" in span.attributes else ""


def _in_order(trace: Trace) -> Iterator[tuple[int, Span]]:
    known = {span.id for span in trace.spans}
    children: dict[str | None, list[Span]] = defaultdict(list)
    for span in trace.spans:
        # A parent that was not kept, or is the caller's own, makes its children roots.
        children[span.parent_id if span.parent_id in known else None].append(span)

    def below(parent: str | None, depth: int) -> Iterator[tuple[int, Span]]:
        for span in children[parent]:
            yield depth, span
            yield from below(span.id, depth + 1)

    return below(None, 0)
