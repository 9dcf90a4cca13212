"""Reads docker-compose.yml and the files that it includes, without Docker."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]
COMPOSE = ROOT / "docker-compose.yml"
INFRA = ROOT / "infra/deploy"


def read_yaml(path: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(path.read_text()))


def compose_files() -> list[Path]:
    return [COMPOSE, *(ROOT / included for included in read_yaml(COMPOSE)["include"])]


def read_services() -> dict[str, dict[str, Any]]:
    """Return every service of the compose files by name."""
    return {
        name: service
        for path in compose_files()
        for name, service in read_yaml(path).get("services", {}).items()
    }


SERVICES = read_services()

# A job is a service that ends; other services wait for its end.
JOBS = {
    waited_for
    for service in SERVICES.values()
    for waited_for, how in service.get("depends_on", {}).items()
    if how["condition"] == "service_completed_successfully"
}
# Services with a profile: `docker compose up` does not start them.
ON_DEMAND = {name for name, service in SERVICES.items() if "profiles" in service}
LONG_RUNNING = set(SERVICES) - JOBS - ON_DEMAND

# Our services' processes, with their ports.
PROCESSES = {
    name: int(SERVICES[name]["environment"]["HTTP_PORT"])
    for name in LONG_RUNNING
    if SERVICES[name]["image"].startswith("comptoir/")
}


def mounts() -> Iterator[tuple[str, Path, str]]:
    """Yield the service of each mount, its path on this machine and its path in the container."""
    for path in compose_files():
        for name, service in read_yaml(path).get("services", {}).items():
            for volume in service.get("volumes", []):
                source, target, *_ = volume.split(":")
                if source.startswith("."):
                    yield name, (path.parent / source).resolve(), target
