"""The six processes and their jobs are those of docker-compose.yml: image, command, settings."""

import re
from typing import Any

import pytest

import report_service.settings
import sales_service.settings
import stock_service.settings
from service_kit.settings import ServiceSettings
from tests.deploy.compose.stack import PROCESSES, SERVICES
from tests.deploy.kubernetes.rendered import (
    OVERLAYS,
    Manifest,
    container_of,
    environment_of,
    named,
    render,
)

SETTINGS: dict[str, type[ServiceSettings]] = {
    "sales": sales_service.settings.Settings,
    "stock": stock_service.settings.Settings,
    "report": report_service.settings.Settings,
}
LONGEST_STOP_SECONDS = 10  # docs/limits.md
JOBS = sorted(named("base", "Job"))


def pods(overlay: str) -> dict[str, Manifest]:
    """Return everything that runs a container of ours."""
    return named(overlay, "Deployment") | named(overlay, "Job")


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_processes_are_those_of_compose_with_its_image_command_and_port(overlay: str) -> None:
    found = named(overlay, "Deployment")

    assert sorted(found) == sorted([*PROCESSES, "gateway"])
    for name, port in PROCESSES.items():
        container = container_of(found[name])
        assert container["image"] == SERVICES[name]["image"]
        assert container["command"] == SERVICES[name]["command"]
        assert container["ports"] == [{"name": "http", "containerPort": port}]
        assert environment_of(found[name])["HTTP_PORT"] == str(port)


@pytest.mark.parametrize("name", JOBS)
def test_each_job_runs_the_command_of_compose(name: str) -> None:
    container = container_of(named("base", "Job")[name])

    assert container["image"] == SERVICES[name]["image"]
    if name.endswith("-migrate"):
        assert container["command"] == SERVICES[name]["command"]
    else:
        ensured = re.findall(r"^ensure \S+ (\S+)", container["command"][-1], re.MULTILINE)
        assert ensured == ["till", "manager", "head-office"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_variable_is_a_setting_or_goes_into_one(overlay: str) -> None:
    for name, workload in pods(overlay).items():
        if name == "gateway":
            continue
        service = name.partition("-")[0]
        known = {setting.upper() for setting in SETTINGS[service].model_fields}
        variables = environment_of(workload)
        used = re.findall(r"\$\(?(\w+)", str([*variables.values(), container_of(workload)]))
        assert [each for each in variables if each not in known and each not in used] == []


@pytest.mark.parametrize("name", sorted(PROCESSES))
def test_the_settings_of_a_process_are_read_without_complaint(name: str) -> None:
    service = name.partition("-")[0]
    variables = environment_of(named("overlays/large", "Deployment")[name])

    settings = SETTINGS[service].model_validate(
        {key.lower(): value for key, value in variables.items() if key != "DATABASE_PASSWORD"}
    )

    assert settings.kafka_security_protocol == (
        "SASL_PLAINTEXT" if name.endswith("-worker") else "PLAINTEXT"
    )
    # Autoscaling stops workers for good: a named worker would keep its partitions for a while.
    assert settings.worker_instance is None


@pytest.mark.parametrize("name", sorted(PROCESSES))
def test_what_compose_says_to_a_process_is_said_here_too(name: str) -> None:
    here = environment_of(named("base", "Deployment")[name])

    assert set(SERVICES[name]["environment"]) - set(here) == set()
    for variable in ("HTTP_HOST", "KAFKA_SECURITY_PROTOCOL", "KAFKA_USERNAME"):
        assert here.get(variable) == SERVICES[name]["environment"].get(variable)


def test_processes_and_migrations_have_the_roles_of_their_own_database() -> None:
    for name, workload in pods("base").items():
        if name == "gateway":
            continue
        service, _, kind = name.partition("-")
        role = f"{service}_owner" if kind == "migrate" else service
        password = f"{service}-db-app/password" if kind == "migrate" else f"{service}-role/password"
        variables = environment_of(workload)
        assert variables["DATABASE_PASSWORD"] == password
        assert variables["DATABASE_URL"] == (
            f"postgresql+asyncpg://{role}:$(DATABASE_PASSWORD)@{service}-db-rw:5432/{service}"
        )


def test_a_stopping_process_has_time_for_its_work() -> None:
    for name, workload in named("base", "Deployment").items():
        pod = workload["spec"]["template"]["spec"]
        pause = container_of(workload).get("lifecycle", {}).get("preStop", {})
        seconds = pause.get("sleep", {}).get("seconds", 0)
        # NGINX learns within 5 s that a pod is gone; a worker gets no requests.
        assert seconds > 5 or name.endswith("-worker")
        assert pod["terminationGracePeriodSeconds"] > seconds + LONGEST_STOP_SECONDS


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_probes_ask_paths_that_the_process_answers(overlay: str) -> None:
    for name in PROCESSES:
        container = container_of(named(overlay, "Deployment")[name])
        asked = {
            probe: container[f"{probe}Probe"]["httpGet"]
            for probe in ("startup", "liveness", "readiness")
        }
        live = {"path": "/health/live", "port": "http"}
        assert asked == {
            "startup": live,
            # The probe asks about the process only: a restart repairs neither database nor broker.
            "liveness": live,
            "readiness": {"path": "/health/ready", "port": "http"},
        }


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_container_is_confined_and_bounded(overlay: str) -> None:
    for workload in pods(overlay).values():
        pod = workload["spec"]["template"]["spec"]
        container = container_of(workload)
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["securityContext"] == {
            "readOnlyRootFilesystem": True,
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["limits"]["memory"]
        assert set(container["resources"]["requests"]) == {"cpu", "memory"}


def selected(selector: dict[str, Any], overlay: str) -> list[str]:
    return [
        name
        for name, workload in named(overlay, "Deployment").items()
        if selector.items() <= workload["spec"]["template"]["metadata"]["labels"].items()
    ]


@pytest.mark.parametrize("kind", ["PodDisruptionBudget", "Service"])
def test_budgets_and_services_select_the_deployment_of_their_name(kind: str) -> None:
    found = named("base", kind)

    for name, manifest in found.items():
        selector = manifest["spec"]["selector"]
        assert selected(selector.get("matchLabels", selector), "base") == [name]
    apis = {name for name in PROCESSES if name.endswith("-api")}
    wanted = {"PodDisruptionBudget": {*PROCESSES, "gateway"}, "Service": {*apis, "gateway"}}
    assert set(found) == wanted[kind]


def test_nothing_of_the_repository_is_a_secret() -> None:
    assert [each for each in render("base") if each["kind"] == "Secret"] == []
