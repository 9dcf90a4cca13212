"""docker-compose.yml has pinned images, health checks, bounds, and every process."""

import re
from typing import Any

import pytest

from infra.tools.local.layout import DEFAULT_PORTS
from service_kit.settings import ServiceSettings
from tests.deploy.compose.stack import (
    COMPOSE,
    INFRA,
    JOBS,
    LONG_RUNNING,
    PROCESSES,
    ROOT,
    SERVICES,
    compose_files,
    mounts,
    read_yaml,
)

IMAGES = sorted({service["image"] for service in SERVICES.values()})
BASE_IMAGE = re.findall(
    r"^ARG PYTHON_IMAGE=(\S+)$", (INFRA / "docker/service.Dockerfile").read_text(), re.MULTILINE
)


def default_of(setting: str) -> Any:
    return ServiceSettings.model_fields[setting].default


@pytest.mark.parametrize("image", IMAGES + BASE_IMAGE)
def test_every_image_is_pinned_to_a_version(image: str) -> None:
    _, _, tag = image.partition(":")

    assert re.match(r"v?\d+\.\d+", tag)


def test_the_six_processes_have_the_ports_of_the_embedded_stack() -> None:
    backing = {"postgresql", "kafka", "kafka-controller"}

    assert {name: port for name, port in DEFAULT_PORTS.items() if name not in backing} == PROCESSES


@pytest.mark.parametrize("name", sorted(LONG_RUNNING))
def test_what_runs_for_long_is_watched_and_started_again(name: str) -> None:
    assert SERVICES[name]["restart"] == "unless-stopped"
    assert SERVICES[name]["healthcheck"]["test"]


@pytest.mark.parametrize("name", sorted(JOBS))
def test_a_job_that_is_done_stays_done(name: str) -> None:
    assert SERVICES[name]["restart"] == "no"


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_memory_and_logs_of_every_container_are_bounded(name: str) -> None:
    assert SERVICES[name]["mem_limit"]
    assert SERVICES[name]["logging"] == {"driver": "local"}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_each_service_depends_on_services_that_exist(name: str) -> None:
    assert set(SERVICES[name].get("depends_on", {})) <= set(SERVICES)


@pytest.mark.parametrize("name", sorted(PROCESSES))
def test_a_process_can_be_scaled_because_no_name_and_no_host_port_is_its_own(name: str) -> None:
    assert not {"container_name", "ports", "hostname"} & set(SERVICES[name])


@pytest.mark.parametrize("name", sorted(PROCESSES))
def test_a_process_runs_from_the_image_of_its_service(name: str) -> None:
    service, _, kind = name.partition("-")
    module = {"api": "main", "worker": "worker"}[kind]

    assert SERVICES[name]["image"].startswith(f"comptoir/{service}-service:")
    assert SERVICES[name]["command"] == ["python", "-m", f"{service}_service.{module}"]


@pytest.mark.parametrize("service", ["sales", "stock", "report"])
def test_each_image_of_ours_is_built_once_from_its_own_service(service: str) -> None:
    builds = [
        each["build"]
        for each in SERVICES.values()
        if each["image"].startswith(f"comptoir/{service}-service:") and "build" in each
    ]

    assert [build["args"] for build in builds] == [{"SERVICE": service}]
    assert (ROOT / builds[0]["dockerfile"]).is_file()


def test_only_this_machine_reaches_the_published_ports() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]

    assert "127.0.0.1:8080:8080" in published
    assert [port for port in published if not port.startswith("127.0.0.1:")] == []


def test_every_file_that_a_container_mounts_exists() -> None:
    assert [str(source) for _, source, _ in mounts() if not source.exists()] == []


def test_the_example_environment_has_every_required_variable_and_no_other() -> None:
    asked = {
        variable
        for path in compose_files()
        for variable in re.findall(r"\$\{(\w+):?\?", path.read_text())
    }
    given = re.findall(r"^(\w+)=.", (ROOT / ".env.example").read_text(), re.MULTILINE)

    assert sorted(given) == sorted(asked)


def test_every_named_volume_is_declared_and_mounted() -> None:
    declared = {volume for path in compose_files() for volume in read_yaml(path).get("volumes", {})}
    mounted = {
        volume.partition(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
        if not volume.startswith(".")
    }

    assert mounted == declared


def test_postgresql_takes_the_connections_of_three_times_the_processes() -> None:
    options = dict(option.split("=") for option in SERVICES["postgres"]["command"] if "=" in option)
    wanted = 3 * len(PROCESSES) * default_of("database_pool_size")

    assert int(options["max_connections"]) > wanted


def test_each_service_has_a_role_and_a_database_of_its_own() -> None:
    script = (INFRA / "postgres/create-databases.sql").read_text()

    for name in PROCESSES:
        service, _, _ = name.partition("-")
        url = SERVICES[name]["environment"]["DATABASE_URL"]
        assert f"//{service}:${{{service.upper()}_DATABASE_PASSWORD:" in url
        assert url.endswith(f"@postgres:5432/{service}")
        assert f"\\connect {service}\n\\i /etc/comptoir/rights.sql\n" in script
        owner = SERVICES[f"{service}-migrate"]["environment"]["DATABASE_URL"]
        assert f"//{service}_owner:${{{service.upper()}_OWNER_PASSWORD:" in owner


def test_spans_are_sent_where_jaeger_listens() -> None:
    jaeger = read_yaml(INFRA / "jaeger/config.yaml")
    endpoint = jaeger["receivers"]["otlp"]["protocols"]["http"]["endpoint"]
    port = endpoint.removesuffix("}").rpartition(":-")[2]

    assert {SERVICES[name]["environment"]["OTEL_EXPORTER_OTLP_ENDPOINT"] for name in PROCESSES} == {
        f"http://jaeger:{port}"
    }


def test_the_readme_lists_every_published_port_and_every_data_volume() -> None:
    readme = (INFRA / "compose/README.md").read_text()
    ports = [port.split(":")[1] for each in SERVICES.values() for port in each.get("ports", [])]
    volumes = [volume for path in compose_files() for volume in read_yaml(path).get("volumes", {})]

    assert [word for word in (*ports, *volumes) if word not in readme] == []


def test_the_product_is_one_project_wherever_its_folder_lies() -> None:
    assert read_yaml(COMPOSE)["name"] == "comptoir"
