"""The verdict on a run, from given figures."""

import json
from pathlib import Path

import pytest

from infra.tools.measure.load.run import LoadError, Wish, play
from infra.tools.measure.load.summary import Phase, Summary
from infra.tools.measure.load.verdict import compare_counts


def summary(begun: int, accepted: int) -> Summary:
    return Summary({"sales_begun": {"count": begun}, "sales_accepted": {"count": accepted}})


@pytest.mark.parametrize("standing", [8, 9, 10])
def test_a_sale_without_an_answer_may_stand_or_not(standing: int) -> None:
    assert compare_counts(summary(begun=10, accepted=8), standing, standing) == []


def test_a_sale_that_was_answered_must_be_there() -> None:
    assert compare_counts(summary(begun=10, accepted=8), 7, 7) == [
        "1 sales were answered 201 and are not there"
    ]


def test_no_sale_may_be_there_twice() -> None:
    assert compare_counts(summary(begun=10, accepted=10), 11, 11) == ["1 sales stand twice"]


def test_a_summary_tells_crossed_thresholds_and_phases_in_their_order(tmp_path: Path) -> None:
    file = tmp_path / "summary.json"
    metrics = {
        "checks": {"value": 0.5, "thresholds": {"rate==1": True, "rate>0": False}},
        "phase_ends{phase:peak}": {"value": 6, "thresholds": {"value>=0": False}},
        "phase_ends{phase:before}": {"value": 4},
        "sales_begun{phase:peak}": {"count": 20},
        "sale_duration{phase:peak}": {"p(95)": 12.5},
    }
    file.write_text(json.dumps({"metrics": metrics}))

    summary = Summary.read(file)

    assert summary.crossed() == ["checks: rate==1"]
    assert list(summary.phases()) == [
        Phase("before", 0, 0, 0, 0),
        Phase("peak", begun=10, accepted=0, shed=0, p95_ms=12.5),
    ]


def test_load_goes_to_no_other_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPTOIR_STOCK_URL", "http://192.0.2.1:8002")

    with pytest.raises(LoadError, match=r"this machine only, not to http://192\.0\.2\.1:8002"):
        play(Wish("smoke"))
