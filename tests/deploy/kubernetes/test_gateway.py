"""NGINX is that of docker-compose.yml; policies allow what NGINX and the processes need."""

import re
from typing import Any

import pytest

from tests.deploy.compose.stack import INFRA, PROCESSES, SERVICES
from tests.deploy.kubernetes.rendered import container_of, environment_of, named

NGINX = SERVICES["nginx"]


def test_nginx_is_the_image_and_the_command_of_compose() -> None:
    container = container_of(named("base", "Deployment")["gateway"])

    assert container["image"] == NGINX["image"]
    assert container["command"] == NGINX["entrypoint"]


def test_the_files_of_large_bodies_have_the_bound_of_compose() -> None:
    volumes = named("base", "Deployment")["gateway"]["spec"]["template"]["spec"]["volumes"]
    [temporary] = [each["emptyDir"] for each in volumes if each["name"] == "tmp"]

    assert NGINX["tmpfs"] == ["/tmp:size=64m"]
    assert temporary == {"medium": "Memory", "sizeLimit": "64Mi"}


OURS = named("base", "ConfigMap")["gateway-upstreams"]["data"]["upstreams.conf"]
THEIRS = (INFRA / "nginx/upstreams.conf").read_text()
IDLE = r"\n +keepalive_timeout (\d+)s;"


def blocks(text: str) -> list[str]:
    return re.findall(r"^upstream .*?^\}", re.sub(IDLE, "", text), re.MULTILINE | re.DOTALL)


def test_its_settings_differ_from_those_of_compose_in_names_only() -> None:
    assert blocks(OURS.replace(".comptoir.svc.cluster.local", "")) == blocks(THEIRS)


def test_it_lets_go_of_idle_connections_as_soon_or_sooner() -> None:
    ours, theirs = ([int(each) for each in re.findall(IDLE, text)] for text in (OURS, THEIRS))

    assert len(ours) == len(theirs)
    assert max(ours) <= min(theirs)


def test_the_services_that_nginx_asks_for_are_headless_and_listen() -> None:
    services = named("base", "Service")

    for name, port in PROCESSES.items():
        if name.endswith("-api"):
            assert services[name]["spec"]["clusterIP"] == "None"
            assert [each["port"] for each in services[name]["spec"]["ports"]] == [port]


def policies_for(name: str, direction: str) -> list[dict[str, Any]]:
    labels = named("base", "Deployment")[name]["spec"]["template"]["metadata"]["labels"]
    rules = []
    for policy in named("base", "NetworkPolicy").values():
        selector = policy["spec"]["podSelector"]
        matches = selector.get("matchLabels", {}).items() <= labels.items() and all(
            labels.get(each["key"]) in each["values"]
            for each in selector.get("matchExpressions", [])
        )
        if matches and direction in policy["spec"]["policyTypes"]:
            rules += policy["spec"].get(direction.lower(), [])
    return rules


def reachable(rules: list[dict[str, Any]], end: str) -> set[str | int]:
    return {port["port"] for rule in rules if rule.get(end) for port in rule["ports"]}


@pytest.mark.parametrize("name", sorted(PROCESSES))
def test_a_process_may_call_its_database_and_only_a_worker_calls_kafka(name: str) -> None:
    wanted = {53, 4318, 5432} | ({9092} if name.endswith("-worker") else set())

    assert reachable(policies_for(name, "Egress"), "to") == wanted
    assert (
        ":4318" in environment_of(named("base", "Deployment")[name])["OTEL_EXPORTER_OTLP_ENDPOINT"]
    )


def test_only_the_gateway_and_prometheus_reach_an_api_and_only_prometheus_a_worker() -> None:
    assert len(policies_for("sales-api", "Ingress")) == 2
    [rule] = policies_for("sales-worker", "Ingress")
    [peer] = rule["from"]
    assert peer["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "monitoring"}


def test_the_gateway_reaches_the_apis_and_nothing_else() -> None:
    ports = {port for name, port in PROCESSES.items() if name.endswith("-api")}

    assert reachable(policies_for("gateway", "Egress"), "to") == ports | {53, 4318}
