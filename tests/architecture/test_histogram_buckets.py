"""Each histogram has buckets that fit what it measures.

The libraries' own begin at 5 ms or 5 s: a percentile of shorter times would be an invention.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from service_kit.telemetry.http_metrics import DURATION_BUCKETS_SECONDS, STAGE_BUCKETS_SECONDS

ROOT = Path(__file__).parents[2]
PACKAGES = (ROOT / "infra/service-kit/service_kit", *ROOT.glob("*-service/*_service"))
BUCKETS_OF = {"create_histogram": "explicit_bucket_boundaries_advisory", "Histogram": "buckets"}

# Quicker requests have nothing to explain; a wait for a lock or a connection ends after 2 s.
JUDGED_SECONDS = (0.025, 2.5)


def histograms() -> Iterator[tuple[str, bool]]:
    """Yield the place of each histogram, and whether its buckets are given."""
    for package in PACKAGES:
        for path in sorted(package.rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call):
                    made = getattr(node.func, "attr", getattr(node.func, "id", ""))
                    if made in BUCKETS_OF:
                        given = {word.arg for word in node.keywords}
                        yield f"{path.relative_to(ROOT)}:{node.lineno}", BUCKETS_OF[made] in given


def test_no_histogram_has_the_buckets_of_a_library() -> None:
    found = dict(histograms())

    assert found
    assert [place for place, has_buckets in found.items() if not has_buckets] == []


def test_percentiles_of_stages_are_as_fine_as_those_of_the_whole_request() -> None:
    # With wider buckets the p95 of a stage would exceed that of the request that it is part of.
    shortest, longest = JUDGED_SECONDS

    def judged(buckets: tuple[float, ...]) -> list[float]:
        return [each for each in buckets if shortest <= each <= longest]

    assert judged(STAGE_BUCKETS_SECONDS) == judged(DURATION_BUCKETS_SECONDS)
