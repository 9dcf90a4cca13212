"""The suite can fail: without a protection it names the broken invariant."""

import pytest

from tests.system.faults import quiet
from tests.system.faults.lab import open_lab
from tests.system.faults.mutations import AND
from tests.system.faults.run import run_seed

# Which requests meet a fault, or each other, depends on the machine, too. Other tills meet others.
MOST_WORKLOADS = 4
CLAIMS = "report claims all sales until"
# Protections with a seed, the faults that they protect from, and for each the invariant that must
# be broken. Some share a system where none hides the other. The zombie's seed freezes the
# report's worker after a fetch and before its fence. The leader's seed freezes that of sales. The
# clock's seed sets back that of sales-api, and sends an unknown version of an event.
CASES: dict[tuple[str, ...], tuple[int, list[str], list[str]]] = {
    ("deduplication", "entry-key", "change", "reported-voids"): (
        7,
        ["delivered-again"] * 3,
        [
            "audit report: store-days",
            "audit each void of sale is in the report once",
            "audit changes of sales are in the journal once",
            "audit sales: payments are what is due",
        ],
    ),
    ("fencing",): (13, ["zombie"], ["a position went back"]),
    ("relay-order", "largest-remainder"): (
        7,
        ["broker-away"],
        ["audit sales: events are in order", "recorded with another discount"],
    ),
    # Exchanges are frequent where no earlier return refuses them: a kill meets some.
    ("key-versions", "voids", "earlier-returns", "look-for-returns", "one-transaction"): (
        5,
        [*["catalogue-again"] * 3, *["kill-everything"] * 2],
        [
            "audit keys are the same everywhere",
            "audit sales and stock agree",
            "units came back of",
            "is voided: ",
            "one document only",
            "audit sales: exchanges are pairs",
        ],
    ),
    # Each sale or reception shows it, whatever the fault.
    ("rates-version", "tax-remainder", "offline-sales", "marks", "open-day", "averages"): (
        5,
        ["catalogue-again"],
        [
            "taxed by",
            "audit sales: taxes",
            "sold offline, and left to the stock",
            "sold offline, and marked",
            "audit sales: closings are the sums of their days",
            "audit stock: costs",
        ],
    ),
    ("gaps",): (1, ["transaction"], ["not quiet"]),
    # The stock withdraws for every aborted sale; the report counts those of permissive stores only.
    ("isolation",): (1, ["transaction"], [": level "]),
    ("life", "heartbeat"): (1, ["leader-frozen"], ["no event left", CLAIMS]),
    ("database-clock", "unknown-types"): (
        138096,
        [*["wrong-clock"] * 3, "poison"],
        [CLAIMS, "was not set aside"],
    ),
    # A fault that disturbs no request: the tills bring goods back at once, and cash meets closings.
    ("sale-lock", "return-key", "cash-key", "cash-lock"): (
        7,
        ["delivered-again"] * 3,
        [
            "audit sales: no more comes back than was sold",
            "audit report: store-days",
            "done, and the cash moved 2 times",
            "in the registers by the closing",
        ],
    ),
    # Each ended reservation shows the second. The first shows where one is left open.
    ("reserved", "freed-units"): (
        7,
        ["catalogue-again"],
        ["left less than is reserved", "audit stock: reserved"],
    ),
    # People fulfil one request at once, count what arrives, and post each lot twice.
    ("request-lock", "centre-stock", "named-differences", "lot-key"): (
        7,
        ["delivered-again"] * 3,
        ["is fulfilled", "belongs to no request", "the centre has", "is named", "a lot was posted"],
    ),
    # Each late lot shows the second.
    ("count-lock", "late-corrections"): (
        7,
        ["delivered-again"] * 3,
        ["is ended", "lie in the shelf", "audit stock: counts"],
    ),
    # They show in one check: each has a system of its own.
    ("alerts",): (7, ["catalogue-again"], ["audit stock: alerts"]),
    ("limits",): (7, ["catalogue-again"], ["audit stock: alerts"]),
    ("outbox",): (
        7,
        # A request that repeats another, or corrects a count, has nothing to lose.
        ["sales-api/request.after-commit"] * 4,
        ["audit sales: sales are announced"],
    ),
}


@pytest.mark.integration
@pytest.mark.system
@pytest.mark.parametrize("protections", CASES, ids=AND.join)
async def test_a_system_without_this_protection_is_caught(
    protections: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    seed, faults, invariants = CASES[protections]
    # Without these faults a system is quiet within seconds.
    monkeypatch.setattr(quiet, "QUIET_SECONDS", 30.0)

    missed, reports = set(invariants), []
    async with open_lab(mutation=AND.join(protections)) as lab:
        for number in range(MOST_WORKLOADS):
            report = await run_seed(lab, seed, [[name] for name in faults], seed + number)
            reports.append(report)
            missed -= {each for each in missed for line in report.violations if each in line}
            if not missed:
                break
    assert not missed, reports
