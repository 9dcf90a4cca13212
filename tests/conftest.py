"""Fixtures for every test; a test is marked by what it asks for."""

import pytest

pytest_plugins = [
    "tests.fixtures.system",
    "tests.fixtures.chain",
    "tests.fixtures.postgres",
    "tests.fixtures.kafka",
    "tests.fixtures.secured_kafka",
    "tests.fixtures.flow",
]

SYSTEMS = {"running_system", "several_instances", "fuzzed_system", "lab"}
INFRASTRUCTURE = {
    *("embedded_stack", "postgres_admin_url", "kafka_bootstrap", "secured_kafka"),
    *SYSTEMS,
}


# Tests that share something costly stay together, in one process of `make test`. The longest
# groups begin first, so that no process is left with one of them at the end.
SHARED = {"watched_system": 0, "lab": 1, "running_system": 2, "several_instances": 4}
ALONE = {"test_mutations": 3}
REST = 5


# First: xdist reads the groups in its own hook.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark a test by what it asks for: `integration` for PostgreSQL or Kafka, `system` for all."""
    for item in items:
        wanted = set(getattr(item, "fixturenames", ()))
        if wanted & INFRASTRUCTURE:
            item.add_marker(pytest.mark.integration)
        if wanted & SYSTEMS:
            item.add_marker(pytest.mark.system)
        _, group = _place(item)
        item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=_place)


# Last: fixtures that use the system end before it.
@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Stop the six processes with the last test that asks for them: idle, they still take CPU."""
    system = getattr(item, "funcargs", {}).get("running_system")
    if system and "running_system" not in getattr(nextitem, "fixturenames", ()):
        system.stack.discard()


def _place(item: pytest.Item) -> tuple[int, str]:
    """Return when a test begins and the group that it belongs to."""
    fixtures = getattr(item, "fixturenames", ())
    if item.path.stem in ALONE:
        return ALONE[item.path.stem], item.nodeid
    for fixture, order in SHARED.items():
        if fixture in fixtures:
            return order, fixture
    return REST, str(item.path)
