"""`make check` reads pip-audit's answer."""

import pytest

from infra.tools.checks.__main__ import judge_advisories

SKIPPED = {"name": "httpx", "skip_reason": "could not be audited"}
SOUND = {"name": "httpx", "version": "1.0", "vulns": []}
WEAK = {
    "name": "httpx",
    "version": "1.0",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}],
}


def test_a_known_vulnerability_is_named_with_its_remedy() -> None:
    assert judge_advisories([SOUND, WEAK]) == "httpx 1.0: PYSEC-1 (fixed in 1.1)"


def test_nothing_is_said_of_packages_without_one() -> None:
    assert judge_advisories([SOUND, SKIPPED]) is None


@pytest.mark.parametrize("packages", [[], [SKIPPED]])
def test_a_service_out_of_reach_is_reported_and_fails_nothing(
    packages: list[dict[str, object]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert judge_advisories(packages) is None
    assert "not checked" in capsys.readouterr().out
