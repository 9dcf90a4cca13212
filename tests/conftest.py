"""Fixtures for every test; a test is marked by what it asks for."""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.fixtures.running import RUNNING

pytest_plugins = [
    "tests.fixtures.system",
    "tests.fixtures.chain",
    "tests.fixtures.postgres",
    "tests.fixtures.kafka",
    "tests.fixtures.secured_kafka",
    "tests.fixtures.flow",
]

SYSTEMS = {
    *("running_system", "watched_system", "several_instances", "fuzzed_system", "demo_system"),
    *("lab", "split"),
}
INFRASTRUCTURE = {
    *("embedded_stack", "postgres_admin_url", "kafka_bootstrap", "secured_kafka"),
    *SYSTEMS,
}


# The tests of a group share something costly, so one process of `make test` runs them all. The
# longest group comes first, so that no process is left with a long one at the end.
SHARING = {
    "system": (
        *("tests/system/test_", "tests/system/fuzz/test_http_fuzz"),
        *("tests/tools/load/test_scenarios", "tests/tools/replay/test_real_retailer"),
    ),
    "telemetry": ("tests/system/telemetry/",),
    "faults": ("tests/system/faults/test_fail", "tests/system/faults/test_random"),
    "instances": ("tests/system/instances/",),
    "cut_off": ("tests/system/cut_off/",),
}
# Each test of these starts a stack of its own.
ALONE = "tests/system/faults/test_mutations.py"


def group_of(nodeid: str) -> str:
    """Return the group of a test: its tests run in one process, one after the other."""
    for group, places in SHARING.items():
        if nodeid.startswith(places):
            return group
    return nodeid if nodeid.startswith(ALONE) else nodeid.partition("::")[0]


def _order_of(item: pytest.Item) -> tuple[int, str]:
    group = group_of(item.nodeid)
    first = [*SHARING, ALONE]
    place = ALONE if group.startswith(ALONE) else group
    return (first.index(place) if place in first else len(first)), group


class GroupScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Gives all tests of a group to one process.

    xdist's own groups are marks, and pytest 9 ignores the way in which it sets them.
    """

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Return the scheduler of a parallel run."""
    return GroupScheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by their fixtures: `integration` for PostgreSQL or Kafka, `system` for all."""
    for item in items:
        wanted = set(getattr(item, "fixturenames", ()))
        if wanted & INFRASTRUCTURE:
            item.add_marker(pytest.mark.integration)
        if wanted & SYSTEMS:
            item.add_marker(pytest.mark.system)
    items.sort(key=_order_of)


# Last: fixtures that use the system end before it.
@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Stop the six processes after the last test of their group: even idle they take CPU."""
    # After the last test of all, the fixtures have stopped the whole stack.
    is_last = nextitem is not None and group_of(nextitem.nodeid) != group_of(item.nodeid)
    stack = item.config.stash.get(RUNNING, None)
    if group_of(item.nodeid) == "system" and is_last and stack is not None:
        stack.stop_services()
