"""Instances have names and ports of their own, and a rolling restart always leaves one running."""

from pathlib import Path

import pytest
import yaml

from infra.tools.local.layout import (
    DEFAULT_PORTS,
    MOST_INSTANCES,
    Layout,
    StackError,
    further_ports,
)
from infra.tools.local.observability import list_backend_programs
from infra.tools.local.programs import PROCESSES, list_programs
from infra.tools.local.rolling import choose_instances, find_interrupted


def layout_of(tmp_path: Path, apis: int, workers: int) -> Layout:
    return Layout(tmp_path, {**DEFAULT_PORTS, **further_ports(apis, workers)})


def test_no_two_of_the_most_instances_share_a_port(tmp_path: Path) -> None:
    ports = [*layout_of(tmp_path, MOST_INSTANCES, MOST_INSTANCES).ports.values(), 8080]

    assert len(set(ports)) == len(ports)


def test_each_instance_listens_at_its_port_under_its_name(tmp_path: Path) -> None:
    layout = layout_of(tmp_path, 2, 3)
    programs = {each.name: each for each in list_programs(layout, jars="")}

    assert layout.instances("stock-worker") == ["stock-worker", "stock-worker-2", "stock-worker-3"]
    third = programs["stock-worker-3"]
    assert third.command[-1] == "stock_service.worker"
    assert third.environment["WORKER_INSTANCE"] == "stock-worker-3"
    assert third.environment["HTTP_PORT"] == "9122"


def test_a_stack_has_one_instance_of_each_by_default(tmp_path: Path) -> None:
    assert sorted(layout_of(tmp_path, 1, 1).processes) == sorted(PROCESSES)


def test_prometheus_asks_each_instance_under_the_name_of_its_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.tools.local.fetch.find", lambda name: f"/usr/bin/{name}")
    several = layout_of(tmp_path, 2, 1)

    list_backend_programs(Layout(tmp_path, {**several.ports, "prometheus": 9090}))

    written = yaml.safe_load((tmp_path / "prometheus.yml").read_text())
    targets = {each["job_name"]: each["static_configs"] for each in written["scrape_configs"]}
    assert targets["sales-api"] == [{"targets": ["127.0.0.1:8001", "127.0.0.1:8011"]}]
    assert targets["sales-worker"] == [{"targets": ["127.0.0.1:9101"]}]
    assert targets["prometheus"] == [{"targets": ["127.0.0.1:9090"]}]


def test_siblings_are_restarted_as_far_apart_as_possible(tmp_path: Path) -> None:
    chosen = choose_instances(layout_of(tmp_path, 2, 1), None)

    assert set(chosen[:6]) == set(PROCESSES)
    assert chosen[6:] == ["sales-api-2", "stock-api-2", "report-api-2"]


def test_a_process_means_all_its_instances_and_an_instance_itself(tmp_path: Path) -> None:
    layout = layout_of(tmp_path, 2, 1)

    assert choose_instances(layout, "sales-api") == ["sales-api", "sales-api-2"]
    assert choose_instances(layout, "sales-api-2") == ["sales-api-2"]
    with pytest.raises(StackError, match="kafka is no process here"):
        choose_instances(layout, "kafka")


def test_an_api_without_a_second_instance_is_named_before_its_restart(tmp_path: Path) -> None:
    single, several = layout_of(tmp_path, 1, 1), layout_of(tmp_path, 2, 1)
    behind_nginx = Layout(tmp_path, {**several.ports, "nginx": 8080})

    assert find_interrupted(single, ["sales-api", "sales-worker"]) == ["sales-api"]
    assert find_interrupted(several, ["sales-api"]) == ["sales-api"]
    assert find_interrupted(behind_nginx, several.processes) == []
