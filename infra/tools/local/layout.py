"""The embedded stack's state folder, ports, secrets and addresses."""

import hashlib
import json
import os
import re
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

ROOT = Path(__file__).resolve().parents[3]
SERVICES = ("sales", "stock", "report")
ROLES = ("till", "manager", "head-office", "logistics", "read-only")

# COMPTOIR_<NAME>_PORT in the environment overrides each.
DEFAULT_PORTS = {
    "postgresql": 15432,
    "kafka": 19092,
    "kafka-controller": 19093,
    "sales-api": 8001,
    "stock-api": 8002,
    "report-api": 8003,
    "sales-worker": 9101,
    "stock-worker": 9102,
    "report-worker": 9103,
}
INSTANCE = re.compile(rf"(?P<process>({'|'.join(SERVICES)})-(api|worker))(-\d+)?")
# The second instance of sales-api listens on 8011, the ninth on 8081.
INSTANCE_STEP = 10
MOST_INSTANCES = 9


class StackError(Exception):
    """One line for the person at the terminal: what failed and what to do."""


def owner_of(service: str) -> str:
    """Return the role that migrates a service's database."""
    return f"{service}_owner"


def port_variable(name: str) -> str:
    """Return the environment variable that moves the port `name`."""
    return f"COMPTOIR_{name.upper().replace('-', '_')}_PORT"


def process_of(instance: str) -> str:
    """Return the process of an instance: `sales-api` for `sales-api-2`."""
    match = INSTANCE.fullmatch(instance)
    assert match is not None, f"{instance} is no process of a service"
    return match["process"]


def further_ports(apis: int, workers: int) -> dict[str, int]:
    """Return the default ports of further instances: `sales-api-2`, `sales-api-3`, …"""
    counts = {"api": apis, "worker": workers}
    return {
        f"{name}-{number}": port + INSTANCE_STEP * (number - 1)
        for name, port in DEFAULT_PORTS.items()
        if INSTANCE.fullmatch(name)
        for number in range(2, counts[name.partition("-")[2]] + 1)
    }


def state_folder() -> Path:
    """Return `COMPTOIR_STATE`, or `.comptoir` in the project's folder."""
    return Path(os.environ.get("COMPTOIR_STATE", ROOT / ".comptoir")).resolve()


def wanted_ports(further: Mapping[str, int] = MappingProxyType({})) -> dict[str, int]:
    """Return the default and `further` ports, overridden by the environment."""
    ports = {}
    for name, default in {**DEFAULT_PORTS, **further}.items():
        given = os.environ.get(port_variable(name), str(default))
        if not given.isdigit() or not 0 < int(given) < 65536:
            raise StackError(f"{port_variable(name)}={given} is not a port: give 1 to 65535")
        ports[name] = int(given)
    return ports


@dataclass(frozen=True)
class Layout:
    """One embedded stack: a state folder and the ports of its processes."""

    state: Path
    ports: Mapping[str, int]

    @classmethod
    def saved(cls) -> "Layout":
        """Return the stack that `up` started last, or the one that it would start."""
        state = state_folder()
        file = state / "ports.json"
        return cls(state, json.loads(file.read_text()) if file.exists() else wanted_ports())

    def extended(self, wanted: Mapping[str, int]) -> "Layout":
        """Return the layout with those ports that it has not; a port that it has stays."""
        return Layout(self.state, {**wanted, **self.ports})

    def save(self) -> None:
        """Create the state folder and save the ports for later commands."""
        self.logs.mkdir(parents=True, exist_ok=True)
        (self.state / "ports.json").write_text(json.dumps(dict(self.ports)))

    @property
    def processes(self) -> list[str]:
        """Return every instance of every API and worker."""
        return [name for name in self.ports if INSTANCE.fullmatch(name)]

    def instances(self, process: str) -> list[str]:
        """Return the instances of one of the six processes."""
        return [name for name in self.processes if process_of(name) == process]

    @property
    def logs(self) -> Path:
        """Return the folder with one log per process."""
        return self.state / "logs"

    @property
    def socket(self) -> Path:
        """Return supervisord's socket, outside the state folder: its path may have 107 bytes."""
        name = hashlib.sha256(str(self.state).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"comptoir-{name}.sock"

    @cached_property
    def secrets(self) -> dict[str, str]:
        """Return the database passwords and demo keys, created once per state folder."""
        file = self.state / "secrets.json"
        known: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
        names = ("postgresql", *SERVICES, *map(owner_of, SERVICES), *ROLES)
        # An older folder has no passwords for the owners, and keys of fewer roles.
        if missing := [name for name in names if name not in known]:
            self.state.mkdir(parents=True, exist_ok=True)
            known |= {name: secrets.token_urlsafe(32) for name in missing}
            content = json.dumps(known)
            # Replaced atomically, and never readable by other users.
            fresh = file.with_suffix(".new")
            os.close(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
            fresh.write_text(content)
            fresh.replace(file)
        return known

    @property
    def kafka_bootstrap_servers(self) -> str:
        """Return the address that clients of the broker connect to."""
        return f"127.0.0.1:{self.ports['kafka']}"

    @property
    def kafka_listeners(self) -> dict[str, tuple[int, int]]:
        """Return the broker's listeners by name: the port, and the port that it advertises."""
        return {"PLAINTEXT": (self.ports["kafka"], self.ports["kafka"])}

    def database_url(self, service: str) -> str:
        """Return a database's address with the role of the processes: rights on rows only."""
        return self._postgres_url(service, self.secrets[service], service)

    def owner_url(self, service: str) -> str:
        """Return a database's address with the role that may change its tables."""
        owner = owner_of(service)
        return self._postgres_url(owner, self.secrets[owner], service)

    @property
    def admin_url(self) -> str:
        """Return the database server's address with the administrator's role."""
        return self._postgres_url("comptoir", self.secrets["postgresql"], "postgres")

    def _postgres_url(self, role: str, password: str, database: str) -> str:
        port = self.ports["postgresql"]
        return f"postgresql+asyncpg://{role}:{password}@127.0.0.1:{port}/{database}"

    def url(self, process: str) -> str:
        """Return the address of a process."""
        return f"http://127.0.0.1:{self.ports[process]}"

    def public_url(self, service: str) -> str:
        """Return the address of a service for clients: NGINX where it runs, else the API."""
        return self.url("nginx" if "nginx" in self.ports else f"{service}-api")

    @property
    def client_environment(self) -> dict[str, str]:
        """Return the addresses and keys that a client such as the replay reads."""
        urls = {f"COMPTOIR_{name.upper()}_URL": self.public_url(name) for name in SERVICES}
        databases = {
            f"COMPTOIR_{name.upper()}_DATABASE_URL": self.database_url(name) for name in SERVICES
        }
        # A rebuild creates tables and reads the log.
        rebuild = {
            "COMPTOIR_REPORT_OWNER_DATABASE_URL": self.owner_url("report"),
            "COMPTOIR_KAFKA_BOOTSTRAP_SERVERS": self.kafka_bootstrap_servers,
        }
        keys = {
            f"COMPTOIR_{role.upper().replace('-', '_')}_KEY": self.secrets[role] for role in ROLES
        }
        backends = {
            f"{name.upper()}_URL": self.url(name)
            for name in ("prometheus", "jaeger")
            if name in self.ports
        }
        return urls | databases | rebuild | keys | backends
