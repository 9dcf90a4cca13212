"""The shapes of expression that panels share."""

from infra.tools.checks.dashboards.parts import Query


def rate(counter: str, by: str) -> str:
    """Per second, over the last minute."""
    return f"sum by ({by}) (rate({counter}[1m]))"


def rare(counter: str, by: str) -> str:
    """A counter that may never have counted: zero rather than nothing."""
    return f"{rate(counter, by)} or on () vector(0)"


def quantile(quantile: str, histogram: str, by: str = "") -> str:
    """Of a histogram's buckets over the last minute."""
    labels = f"{by}, le" if by else "le"
    return f"histogram_quantile({quantile}, sum by ({labels}) (rate({histogram}[1m])))"


def percentiles(histogram: str, has_exemplars: bool = False) -> tuple[Query, ...]:
    """Median, p95 and p99 of a histogram's buckets."""
    return tuple(
        Query(quantile(f"0.{percent}", histogram), f"p{percent}", has_exemplars)
        for percent in ("50", "95", "99")
    )
