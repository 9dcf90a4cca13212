"""The scenarios of `k6/`, played by real k6 on the whole system."""

import asyncio
import csv
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from infra.tools.measure.load.k6 import SCENARIOS
from infra.tools.measure.load.run import Result, Wish, play
from infra.tools.measure.replay.reading import COLUMNS
from tests.fixtures.processes import service_process
from tests.fixtures.system import RunningSystem
from tests.fixtures.waiting import eventually

Play = Callable[..., Awaitable[Result]]

# Thresholds of time, which hold only on a machine that runs nothing else.
OF_TIME = re.compile(r"p\(95\)|phase:after|dropped_iterations")


def wrong_answers(result: Result) -> list[str]:
    """Return the faults that a slow machine does not excuse."""
    return [fault for fault in result.faults if not OF_TIME.search(fault)]


@pytest.fixture
def play_here(running_system: RunningSystem, monkeypatch: pytest.MonkeyPatch) -> Play:
    """Return a function that plays a scenario as `make load` does."""
    state = str(running_system.stack.layout.state)
    for name, value in (*running_system.environment.items(), ("COMPTOIR_STATE", state)):
        monkeypatch.setenv(name, value)

    async def play_wish(scenario: str, **wish: object) -> Result:
        return await asyncio.to_thread(play, Wish(scenario, **wish))  # type: ignore[arg-type]

    return play_wish


async def test_a_little_of_everything_is_answered_as_it_must_be(play_here: Play) -> None:
    result = await play_here("smoke", duration="3s", rate="2")

    assert wrong_answers(result) == []
    begun, accepted = (result.summary.count(f"sales_{name}") for name in ("begun", "accepted"))
    assert begun == accepted == result.verdict.confirmed > 0


async def test_no_limit_refuses_the_users_of_the_original_who_never_pause(
    play_here: Play,
) -> None:
    result = await play_here("users", duration="12s")

    # Its thresholds include: no 429 and no 503.
    assert wrong_answers(result) == []
    assert result.summary.count("http_reqs") > 500


async def test_a_run_fails_when_a_threshold_is_crossed(
    play_here: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMPTOIR_TILL_KEY", "of-nobody")

    result = await play_here("smoke", duration="1s", rate="1")

    assert {"checks: rate==1", "sales_abandoned: count==0"} <= set(result.faults)
    assert result.verdict.confirmed == 0


async def test_beyond_the_knee_the_excess_is_refused_and_nothing_else_suffers(
    play_here: Play, running_system: RunningSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A process with a low limit: the knee of the system's own process differs by machine.
    small = {"DATABASE_URL": running_system.database_url("sales"), "MOST_REQUESTS": "20"}
    async with service_process("sales_service.main", **small) as sales_api:
        await eventually(sales_api.is_ready, True)
        monkeypatch.setenv("COMPTOIR_SALES_URL", sales_api.url)
        monkeypatch.setenv("USERS", "100")

        result = await play_here("stress", duration="12s", rate="1600")
        shed = await sales_api.total("http_requests_shed_total", reason="requests")

    # Its thresholds include: no 5xx but 503 with Retry-After, and an answer to every request.
    assert wrong_answers(result) == []
    assert result.summary.count("requests_shed") >= shed > 0
    steps = {phase.name: phase for phase in result.summary.phases()}
    assert steps["1600-a-second"].accepted > 0
    assert steps["after"].accepted > 0


async def test_tills_insist_until_a_lost_database_is_back(
    play_here: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USERS", "200")

    result = await play_here("unavailable", duration="30s", rate="5")

    assert wrong_answers(result) == []
    assert result.summary.count("requests_shed") > 0
    begun, accepted = (result.summary.count(f"sales_{name}") for name in ("begun", "accepted"))
    assert begun == accepted == result.verdict.confirmed


async def test_the_receipts_of_a_retailer_are_sold_once_each(
    play_here: Play, tmp_path: Path
) -> None:
    data = tmp_path / "lines.csv"
    with data.open("w", newline="") as file:
        rows = csv.DictWriter(file, sorted(COLUMNS))
        rows.writeheader()
        for number in range(20):
            rows.writerow(
                {
                    "InvoiceNo": str(536365 + number),
                    "StockCode": "85123A",
                    "Description": "WHITE HANGING HEART T-LIGHT HOLDER",
                    "Quantity": "6",
                    # Another test sums the days of the real data, so this is a later year.
                    "InvoiceDate": "2012-12-01 08:26:00",
                    "UnitPrice": "2.55",
                    "Country": "United Kingdom",
                }
            )

    result = await play_here("tills", rate="10", data=data)

    assert wrong_answers(result) == []
    assert result.summary.count("sales_accepted") == result.verdict.confirmed > 0


def test_every_scenario_is_in_the_readme() -> None:
    readme = (Path(__file__).parents[3] / "k6/README.md").read_text()

    assert [name for name in SCENARIOS if f"| `{name}` |" not in readme] == []
