"""The stack in two halves: some of its processes run beyond a router that can lose packets."""

from dataclasses import dataclass, replace

import asyncpg

from infra.tools.local.layout import DEFAULT_PORTS, SERVICES, Layout
from infra.tools.local.programs import list_programs
from infra.tools.local.supervisor import Program
from tests.fixtures.far_side import FarSide

# Each has a second instance on this side.
FAR = ("sales-api", *(f"{service}-worker" for service in SERVICES))
NEAR_WORKERS = tuple(f"{service}-worker-2" for service in SERVICES)
# The broker advertises an address per listener, so the far side has a listener of its own.
FAR_LISTENER = "kafka-far"
PORT_NAMES = (*DEFAULT_PORTS, "sales-api-2", *NEAR_WORKERS, FAR_LISTENER)


@dataclass(frozen=True)
class SplitLayout(Layout):
    """A `Layout` whose far processes have addresses of the far side."""

    side: FarSide

    def url(self, process: str) -> str:
        host = self.side.address if process in FAR else "127.0.0.1"
        return f"http://{host}:{self.ports[process]}"

    def from_afar(self, database_url: str) -> str:
        port = self.ports["postgresql"]
        return database_url.replace(f"@127.0.0.1:{port}/", f"@{self.side.here}:{port}/")


def list_split_programs(layout: Layout, jars: str) -> list[Program]:
    """Return the programs of the stack, the far ones as they run on the far side."""
    assert isinstance(layout, SplitLayout)
    return [_placed(layout, program) for program in list_programs(layout, jars)]


def _placed(layout: SplitLayout, program: Program) -> Program:
    side = layout.side
    if program.name == "postgresql":
        addresses = f"-clisten_addresses=127.0.0.1,{side.here}"
        return replace(program, command=[*program.command, addresses])
    if program.name == "kafka":
        return replace(program, command=[*program.command, *_listeners(layout)])
    if program.name not in FAR:
        return program
    environment = {
        **program.environment,
        "DATABASE_URL": layout.from_afar(program.environment["DATABASE_URL"]),
        "KAFKA_BOOTSTRAP_SERVERS": f"{side.here}:{layout.ports[FAR_LISTENER]}",
        "HTTP_HOST": side.address,
    }
    return replace(program, command=side.command(program.command), environment=environment)


def _listeners(layout: SplitLayout) -> list[str]:
    clients = (
        f"PLAINTEXT://127.0.0.1:{layout.ports['kafka']},"
        f"FAR://{layout.side.here}:{layout.ports[FAR_LISTENER]}"
    )
    controller = f"CONTROLLER://127.0.0.1:{layout.ports['kafka-controller']}"
    protocols = ",".join(f"{name}:PLAINTEXT" for name in ("PLAINTEXT", "FAR", "CONTROLLER"))
    return [
        *("--override", f"listeners={clients},{controller}"),
        *("--override", f"advertised.listeners={clients}"),
        *("--override", f"listener.security.protocol.map={protocols}"),
    ]


async def let_far_side_in(layout: SplitLayout) -> None:
    """Let PostgreSQL accept the roles' passwords from the far side."""
    with (layout.state / "postgresql" / "pg_hba.conf").open("a") as rules:
        rules.write(f"host all all {layout.side.address}/32 scram-sha-256\n")
    connection = await asyncpg.connect(layout.admin_url.replace("+asyncpg", ""))
    await connection.execute("SELECT pg_reload_conf()")
    await connection.close()
