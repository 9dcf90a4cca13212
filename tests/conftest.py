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

SYSTEMS = {"running_system", "several_instances", "fuzzed_system"}
INFRASTRUCTURE = {
    *("embedded_stack", "postgres_admin_url", "kafka_bootstrap", "secured_kafka"),
    *SYSTEMS,
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark a test `integration` because it asks for PostgreSQL or Kafka, `system` for all."""
    for item in items:
        wanted = set(getattr(item, "fixturenames", ()))
        if wanted & INFRASTRUCTURE:
            item.add_marker(pytest.mark.integration)
        if wanted & SYSTEMS:
            item.add_marker(pytest.mark.system)
