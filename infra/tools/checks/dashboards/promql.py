"""PromQL expressions that several panels use."""

from infra.tools.checks.dashboards.parts import Query


def rate(counter: str, by: str) -> str:
    """Return the rate per second over the last minute."""
    return f"sum by ({by}) (rate({counter}[1m]))"


def rare(counter: str, by: str) -> str:
    """Return the rate of a counter, as zero when the counter has no series yet."""
    return f"{rate(counter, by)} or on () vector(0)"


def hourly(counter: str, by: str) -> str:
    """Return how much a counter rose in the last hour, as zero when it has no series yet."""
    return f"sum by ({by}) (increase({counter}[1h])) or on () vector(0)"


def quantile(quantile: str, histogram: str, by: str = "") -> str:
    """Return a quantile of a histogram's buckets over the last minute."""
    labels = f"{by}, le" if by else "le"
    return f"histogram_quantile({quantile}, sum by ({labels}) (rate({histogram}[1m])))"


def percentiles(histogram: str, has_exemplars: bool = False) -> tuple[Query, ...]:
    """Return queries for median, p95 and p99 of a histogram's buckets."""
    return tuple(
        Query(quantile(f"0.{percent}", histogram), f"p{percent}", has_exemplars)
        for percent in ("50", "95", "99")
    )
