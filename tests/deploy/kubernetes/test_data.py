"""Topics, accounts, databases and autoscaling agree with each other and with the services."""

import re
from typing import Any

import pytest

import report_service.worker
import sales_service.worker
import stock_service.worker
from service_kit.settings import ServiceSettings
from tests.deploy.compose.stack import INFRA, PROCESSES, read_yaml
from tests.deploy.kubernetes.rendered import (
    MANIFESTS,
    OVERLAYS,
    environment_of,
    named,
    read_documents,
)
from tests.deploy.kubernetes.test_processes import SETTINGS, pods

WORKERS = {
    "sales": sales_service.worker,
    "stock": stock_service.worker,
    "report": report_service.worker,
}
POOL = ServiceSettings.model_fields["database_pool_size"].default


def consumed_by(service: str) -> set[str]:
    """Return the topics of the subscriptions that the worker's module wires."""
    consumers = [getattr(WORKERS[service], name) for name in dir(WORKERS[service])]
    return {each.SUBSCRIPTION.topic for each in consumers if hasattr(each, "SUBSCRIPTION")}


def test_topics_are_those_of_the_broker_in_compose() -> None:
    wanted = {
        topic["name"]: (topic["partitions"], topic["config"])
        for topic in read_yaml(INFRA / "kafka/topics.yml")["topics"]
    }

    assert wanted == {
        name: (topic["spec"]["partitions"], topic["spec"]["config"])
        for name, topic in named("base", "KafkaTopic").items()
    }


def test_accounts_have_the_rights_of_compose_and_no_more() -> None:
    script = (INFRA / "kafka/accounts.sh").read_text().replace("\\\n", " ")
    wanted: dict[str, set[tuple[str, str, str]]] = {}
    for user, operation, rest in re.findall(r"^allow (\w+) --operation (\w+)(.*)$", script, re.M):
        for kind, name in re.findall(r"--(topic|group) (\S+)", rest):
            wanted.setdefault(user, set()).add((operation, kind, name))
    accounts = {
        name: {
            (operation, rule["resource"]["type"], rule["resource"]["name"])
            for rule in user["spec"]["authorization"]["acls"]
            for operation in rule["operations"]
        }
        for name, user in named("base", "KafkaUser").items()
    }

    watcher = accounts.pop("lag")
    assert accounts == wanted
    assert {operation for operation, _, _ in watcher} == {"Describe"}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_workers_scale_on_the_lag_of_each_topic_that_they_consume(overlay: str) -> None:
    partitions = {
        name: topic["spec"]["partitions"] for name, topic in named(overlay, "KafkaTopic").items()
    }
    scaled = named(overlay, "ScaledObject")

    assert sorted(scaled) == sorted(name for name in PROCESSES if name.endswith("-worker"))
    for name, each in scaled.items():
        service = name.partition("-")[0]
        triggers = [trigger["metadata"] for trigger in each["spec"]["triggers"]]
        assert each["spec"]["scaleTargetRef"] == {"name": name}
        assert {trigger["topic"] for trigger in triggers} == consumed_by(service)
        assert {trigger["consumerGroup"] for trigger in triggers} == {
            SETTINGS[service].model_fields["service_name"].default
        }
        assert each["spec"]["maxReplicaCount"] <= min(partitions[t["topic"]] for t in triggers)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_apis_scale_on_their_cpu(overlay: str) -> None:
    scaled = named(overlay, "HorizontalPodAutoscaler")

    assert {name: each["spec"]["scaleTargetRef"]["name"] for name, each in scaled.items()} == {
        name: name for name in PROCESSES if name.endswith("-api")
    }


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_is_scaled_by_itself_is_not_set_back_by_the_next_apply(overlay: str) -> None:
    for name in PROCESSES:
        assert "replicas" not in named(overlay, "Deployment")[name]["spec"]


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("service", SETTINGS)
def test_a_database_takes_the_connections_of_the_most_processes(service: str, overlay: str) -> None:
    most = {
        f"{service}-api": named(overlay, "HorizontalPodAutoscaler")[f"{service}-api"]["spec"][
            "maxReplicas"
        ],
        f"{service}-worker": named(overlay, "ScaledObject")[f"{service}-worker"]["spec"][
            "maxReplicaCount"
        ],
    }
    processes = named(overlay, "Deployment")
    # A process has one more connection than its pool, for readiness. A roll-out adds a process.
    wanted = sum(
        (count + 1) * (int(environment_of(processes[name]).get("DATABASE_POOL_SIZE", POOL)) + 1)
        for name, count in most.items()
    )
    server = named(overlay, "Cluster")[f"{service}-db"]["spec"]["postgresql"]

    assert int(server["parameters"]["max_connections"]) > wanted


@pytest.mark.parametrize("service", SETTINGS)
def test_a_database_has_an_owner_and_a_role_for_the_processes(service: str) -> None:
    cluster = named("base", "Cluster")[f"{service}-db"]["spec"]
    first = cluster["bootstrap"]["initdb"]

    assert (first["database"], first["owner"]) == (service, f"{service}_owner")
    # The rights name the role, so it must exist before them.
    assert first["postInitSQL"][0] == f"CREATE ROLE {service} LOGIN"
    assert first["postInitApplicationSQLRefs"]["configMapRefs"] == [
        {"name": "database-rights", "key": "rights.sql"}
    ]
    assert cluster["managed"]["roles"] == [
        {"name": service, "login": True, "passwordSecret": {"name": f"{service}-role"}}
    ]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_was_answered_outlives_a_server_wherever_there_are_several(overlay: str) -> None:
    for cluster in named(overlay, "Cluster").values():
        is_safe = cluster["spec"]["postgresql"].get("synchronous", {}).get("number", 0) >= 1
        assert is_safe == (cluster["spec"]["instances"] > 1)
    brokers = named(overlay, "KafkaNodePool")["node"]["spec"]["replicas"]
    config = named(overlay, "Kafka")["comptoir"]["spec"]["kafka"]["config"]
    for topic in named(overlay, "KafkaTopic").values():
        copies = topic["spec"]["replicas"]
        assert copies == config["default.replication.factor"] <= brokers
        assert config["min.insync.replicas"] == max(1, copies - 1)


def test_the_example_has_every_secret_that_no_operator_makes_and_no_other() -> None:
    asked = {
        value
        for workload in pods("base").values()
        for value in environment_of(workload).values()
        if re.fullmatch(r"[\w-]+/[\w-]+", str(value))
    }
    made = {f"kafka-{name}/password" for name in named("base", "KafkaUser")} | {
        f"{name}-app/password" for name in named("base", "Cluster")
    }
    given: dict[str, dict[str, Any]] = {
        each["metadata"]["name"]: each["stringData"]
        for each in read_documents(MANIFESTS / "secrets.example.yaml")
    }

    assert asked - made == {
        f"{name}/{key}" for name, data in given.items() for key in data if key != "username"
    }
    for service in SETTINGS:
        assert given[f"{service}-role"]["username"] == service
