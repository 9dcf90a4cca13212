"""What docker-compose.yml and the files that it includes say, read without Docker."""

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
    """Every service of the compose files, by name."""
    return {
        name: service
        for path in compose_files()
        for name, service in read_yaml(path).get("services", {}).items()
    }


SERVICES = read_services()

# A job is what somebody waits for to end.
JOBS = {
    waited_for
    for service in SERVICES.values()
    for waited_for, how in service.get("depends_on", {}).items()
    if how["condition"] == "service_completed_successfully"
}
# What `docker compose up` does not start.
ON_DEMAND = {name for name, service in SERVICES.items() if "profiles" in service}
LONG_RUNNING = set(SERVICES) - JOBS - ON_DEMAND

# The processes of our own services, with the port on which each listens.
PROCESSES = {
    name: int(SERVICES[name]["environment"]["HTTP_PORT"])
    for name in LONG_RUNNING
    if SERVICES[name]["image"].startswith("comptoir/")
}


def mounts() -> Iterator[tuple[str, Path, str]]:
    """The service, the file or folder on this machine, and where the container sees it."""
    for path in compose_files():
        for name, service in read_yaml(path).get("services", {}).items():
            for volume in service.get("volumes", []):
                source, target, *_ = volume.split(":")
                if source.startswith("."):
                    yield name, (path.parent / source).resolve(), target
