"""The suite can fail: without a protection it names the broken invariant."""

import pytest

from tests.system.faults import quiet
from tests.system.faults.lab import open_lab
from tests.system.faults.run import run_seed

# Each protection with a seed, the faults that it protects from, and the invariant that must be
# broken. The zombie's seed freezes the report's worker after a fetch and before its fence. The seed
# of the wrong clock sets back that of sales-api. The poison's seed sends an unknown version.
CASES = {
    "deduplication": (7, ["delivered-again"] * 3, "audit report: store-days"),
    "fencing": (13, ["zombie"], "a position went back"),
    "relay-order": (7, ["broker-away"], "audit sales: events are in order"),
    "gaps": (1, ["transaction"], "not quiet"),
    "isolation": (1, ["transaction"], "audit sales are in the report once"),
    "life": (1, ["leader-frozen"], "no event left"),
    "heartbeat": (7, ["sales-worker/relay.before-send"] * 3, "report claims all sales until"),
    "database-clock": (2794, ["wrong-clock"] * 3, "report claims all sales until"),
    "unknown-types": (5, ["poison"], "was not set aside"),
    "outbox": (7, ["sales-api/request.after-commit"] * 2, "audit sales: sales are announced"),
}


@pytest.mark.integration
@pytest.mark.system
@pytest.mark.parametrize("protection", CASES)
async def test_a_system_without_this_protection_is_caught(
    protection: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed, faults, noticed = CASES[protection]
    # Without these faults a system is quiet within seconds.
    monkeypatch.setattr(quiet, "QUIET_SECONDS", 30.0)

    async with open_lab(mutation=protection) as lab:
        report = await run_seed(lab, seed, faults=[[name] for name in faults])

    assert any(noticed in violation for violation in report.violations), report
