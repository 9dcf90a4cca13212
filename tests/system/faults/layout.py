"""The stack of the fault suite: a proxy on every link, a twin of every worker."""

import sys
from dataclasses import replace
from pathlib import Path

from infra.tools.local.layout import DEFAULT_PORTS, SERVICES, Layout
from infra.tools.local.ports import find_free_ports
from infra.tools.local.programs import PROCESSES, list_programs
from infra.tools.local.supervisor import Program

TARGETS = ("postgresql", "kafka")
WORKERS = tuple(f"{service}-worker" for service in SERVICES)
# An API shares its links with its worker's twin, so that a fault can meet the worker alone.
ENDS = (*SERVICES, *WORKERS)
LINKS = tuple(f"{end}-to-{target}" for end in ENDS for target in TARGETS)
# A second relay and consumer of each service, started and stopped by the faults.
TWINS = tuple(f"{worker}-2" for worker in WORKERS)
PENDING_SALE_SECONDS = 8


class FaultLayout(Layout):
    """A `Layout` whose services and workers reach PostgreSQL and Kafka through proxies."""

    @property
    def kafka_listeners(self) -> dict[str, tuple[int, int]]:
        # The broker advertises an address per listener, so each proxy has a listener.
        proxied = {
            end.upper(): (self.ports[f"kafka-{end}"], self.ports[f"{end}-to-kafka"]) for end in ENDS
        }
        return super().kafka_listeners | proxied

    @property
    def processes(self) -> list[str]:
        # Only faults start and stop twins.
        return list(PROCESSES)

    def sabotage_folder(self, process: str) -> Path:
        """Return the folder in which the fail points of a process are armed."""
        return self.state / "sabotage" / process


def find_layout(state: Path) -> FaultLayout:
    """Return a layout on free ports."""
    names = (*DEFAULT_PORTS, *LINKS, *TWINS, *(f"kafka-{end}" for end in ENDS))
    return FaultLayout(state, find_free_ports(names))


class FaultPrograms:
    """Lists the programs: the embedded stack with fail points, twins and proxies."""

    def __init__(self, mutation: str | None = None) -> None:
        self._mutation = mutation

    def __call__(self, layout: Layout, jars: str) -> list[Program]:
        assert isinstance(layout, FaultLayout)
        usual = {program.name: program for program in list_programs(layout, jars)}
        processes = [self._sabotaged(layout, usual[name], name) for name in PROCESSES]
        twins = [self._sabotaged(layout, usual[name.removesuffix("-2")], name) for name in TWINS]
        links = [_proxy(layout, name) for name in LINKS]
        return [usual["postgresql"], usual["kafka"], *processes, *twins, *links]

    def _sabotaged(self, layout: FaultLayout, program: Program, name: str) -> Program:
        service = name.partition("-")[0]
        end = name if name in WORKERS else service
        to_postgresql, to_kafka = (str(layout.ports[f"{end}-to-{target}"]) for target in TARGETS)
        url = layout.database_url(service).replace(
            f":{layout.ports['postgresql']}/", f":{to_postgresql}/"
        )
        environment = {
            **program.environment,
            "DATABASE_URL": url,
            "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{to_kafka}",
            "WORKER_INSTANCE": name,
            "HTTP_PORT": str(layout.ports[name]),
            "SABOTAGE_FOLDER": str(layout.sabotage_folder(name)),
            # Short, so that undecided sales are cancelled while a fault still lasts.
            "PENDING_SALE_TIMEOUT_SECONDS": str(PENDING_SALE_SECONDS),
        }
        if self._mutation:
            environment["SABOTAGE_MUTATION"] = self._mutation
        command = [sys.executable, "-m", "tests.system.faults.sabotage", program.command[-1]]
        return replace(program, name=name, command=command, environment=environment)


def _proxy(layout: FaultLayout, name: str) -> Program:
    end, _, target = name.partition("-to-")
    port = layout.ports[f"kafka-{end}" if target == "kafka" else target]
    command = [
        sys.executable,
        "-m",
        "tests.system.faults.proxy",
        str(layout.ports[name]),
        str(port),
    ]
    return Program(name, command, 5)
