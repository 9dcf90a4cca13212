"""The capacity model: its arithmetic, with invented costs, and its document."""

from dataclasses import fields, replace

import pytest

from infra.tools.measure.capacity import (
    DOCUMENT,
    SHAPES,
    SIZES,
    TAKES_OVER,
    Assumptions,
    Costs,
    choose_shape,
    demand_of,
    list_lines,
    shares_of,
)
from tests.deploy.compose.stack import SERVICES
from tests.deploy.kubernetes.rendered import named

MADE_UP = Costs(
    sale_api_cpu_ms=2,
    sale_worker_cpu_ms=1,
    sale_postgres_cpu_ms=1,
    sale_kafka_cpu_ms=1,
    stock_event_cpu_ms=0.2,
    report_event_cpu_ms=0.1,
    report_read_cpu_ms=1,
    stock_read_cpu_ms=0.5,
    sale_bytes_postgres=2000,
    sale_bytes_kafka=1000,
    relay_events_per_second=10_000,
    projection_lines_per_second=30_000,
)
ASSUMED = Assumptions()


def test_demand_is_the_formulas_of_the_document() -> None:
    demand = demand_of(600, 100, MADE_UP, ASSUMED)

    # 600 stores ask for a report each minute: ten per second.
    assert demand.api_cores == pytest.approx(100 * (0.002 + 0.0005) + 10 * 0.001)
    assert demand.stock_worker_cores == pytest.approx(150 * 0.0002)
    assert demand.report_worker_cores == pytest.approx(max(150 * 0.0001, 300 / 30_000))
    assert demand.kafka_cores == pytest.approx(100 * 0.001)
    assert demand.relay_share == pytest.approx(150 / 10_000)
    assert demand.postgres_gigabytes_per_day == pytest.approx(100 * 14_400 * 2000 / 1e9)


def test_the_dearer_measure_of_the_projection_counts() -> None:
    slow_lines = replace(MADE_UP, projection_lines_per_second=300)

    assert demand_of(600, 100, slow_lines, ASSUMED).report_worker_cores == pytest.approx(1)


def test_a_size_runs_on_the_smallest_shape_into_which_it_fits() -> None:
    shapes = [choose_shape(demand_of(*size, MADE_UP, ASSUMED), ASSUMED)[0] for size in SIZES]

    assert [SHAPES.index(shape) for shape in shapes] == sorted(SHAPES.index(s) for s in shapes)
    assert shapes[0] == SHAPES[0]
    assert shapes[-1] == SHAPES[-1]


def test_the_part_that_is_slow_is_the_one_that_is_named() -> None:
    slow_relay = replace(MADE_UP, relay_events_per_second=100)

    text = "\n".join(list_lines(slow_relay))

    assert "| 1,000 | 100 | large | relay of sales | 250 % |" in text


def test_the_model_names_a_remedy_for_every_part() -> None:
    demand = demand_of(10, 1, MADE_UP, ASSUMED)

    assert {part for shape in SHAPES for part in shares_of(demand, shape, ASSUMED)} == set(
        TAKES_OVER
    )


def test_shapes_are_those_of_the_manifests() -> None:
    for shape, overlay in zip(SHAPES[1:], ("base", "overlays/large"), strict=True):
        topic = named(overlay, "KafkaTopic")["sales.events.v1"]["spec"]
        server = named(overlay, "Cluster")["sales-db"]["spec"]["postgresql"]["parameters"]
        assert shape.partitions == topic["partitions"]
        assert shape.connections == int(server["max_connections"])
        assert shape.brokers == named(overlay, "KafkaNodePool")["node"]["spec"]["replicas"]
    assert f"max_connections={SHAPES[0].connections}" in SERVICES["postgres"]["command"]


def test_the_document_explains_every_cost() -> None:
    text = DOCUMENT.read_text()

    assert [each.name for each in fields(Costs) if f"`{each.name}`" not in text] == []
