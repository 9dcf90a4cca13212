"""Starts and stops the embedded stack; independent steps run in parallel."""

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial

import httpx
import psutil
import yaml

from infra.tools.local import kafka, nginx, postgresql
from infra.tools.local.cleanup import discard_processes, find_processes, stop_processes
from infra.tools.local.keys import ensure_demo_keys
from infra.tools.local.layout import ROOT, SERVICES, Layout, StackError
from infra.tools.local.observability import READY_PATHS, list_backends
from infra.tools.local.ports import check_free
from infra.tools.local.programs import INFRASTRUCTURE, list_programs
from infra.tools.local.supervisor import Program, Supervisor
from infra.tools.local.topics import ensure_topics

READY_SECONDS = 90.0
POLL_SECONDS = 0.1
# supervisord gives each process 15 s.
STOP_SECONDS = 60.0
LOG_LINES = 5
# Their files name all instances.
RELOADED = ("prometheus", "nginx")

# Called with a line about each finished step.
Report = Callable[[str], None]
# Returns the programs of a layout; the text is the broker's class path.
ListPrograms = Callable[[Layout, str], list[Program]]


def say_nothing(_: str) -> None:
    """Ignore progress; tests use it."""


class Stack:
    """Starts, watches and stops the processes of one layout."""

    def __init__(
        self,
        layout: Layout,
        report: Report = say_nothing,
        programs: ListPrograms = list_programs,
    ) -> None:
        self.layout = layout
        self._programs = programs
        self._report = report
        self._supervisor = Supervisor(layout)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the stack's programs."""
        balancer = [name for name in nginx.PORTS if name in self.layout.ports]
        return (*INFRASTRUCTURE, *list_backends(self.layout), *self.layout.processes, *balancer)

    def is_supervised(self) -> bool:
        """Tell whether this layout's supervisor runs."""
        return self._supervisor.is_running()

    async def start_infrastructure(self) -> None:
        """Start PostgreSQL and Kafka; migrate the databases, create keys and topics."""
        if not self.is_supervised():
            await self._start_supervisor()
        for name in INFRASTRUCTURE:
            self._supervisor.start(name)
        await asyncio.gather(self._prepare_databases(), self._prepare_broker())

    async def apply(self) -> None:
        """Add what this layout has and the running stack has not; restart what has changed."""
        self.layout.save()
        jars = await asyncio.to_thread(kafka.find_jars)
        programs = self._programs(self.layout, jars)
        if names := await asyncio.to_thread(self._supervisor.apply, programs):
            self._report(f"new, or with new settings: {', '.join(names)}")

    def reload(self) -> None:
        """Let Prometheus and NGINX read which processes there are."""
        for name in RELOADED:
            if name in self.names:
                self._supervisor.reload(name)

    async def _start_supervisor(self) -> None:
        # The processes of a killed supervisor still hold ports and files.
        await asyncio.to_thread(stop_processes, find_processes(self.layout.state))
        check_free(self.layout, self.layout.ports)
        self.layout.save()
        self._report("finding Kafka's jars (they are downloaded the first time)")
        jars, _ = await asyncio.gather(
            asyncio.to_thread(self._find_and_format_kafka),
            asyncio.to_thread(postgresql.create_cluster, self.layout),
        )
        await asyncio.to_thread(self._supervisor.start_daemon, self._programs(self.layout, jars))
        await self._wait("supervisord", self._supervisor_answers)

    def _find_and_format_kafka(self) -> str:
        jars = kafka.find_jars()
        kafka.format_storage(self.layout, jars)
        return jars

    async def _supervisor_answers(self) -> bool:
        return self.is_supervised()

    async def _prepare_databases(self) -> None:
        await self._wait("postgresql", partial(postgresql.answers, self.layout))
        await postgresql.create_databases(self.layout)
        await asyncio.gather(*(self._prepare_database(service) for service in SERVICES))
        self._report("databases migrated")

    async def _prepare_database(self, service: str) -> None:
        configuration = f"{service}-service/alembic.ini"
        await _run(
            f"the migrations of {service}",
            [sys.executable, "-m", "alembic", "-c", configuration, "upgrade", "head"],
            {"DATABASE_URL": self.layout.owner_url(service)},
        )
        await ensure_demo_keys(self.layout, service)

    async def _prepare_broker(self) -> None:
        await self._wait("kafka", partial(kafka.answers, self.layout))
        wanted = yaml.safe_load((ROOT / "infra/deploy/kafka/topics.yml").read_text())["topics"]
        await ensure_topics(self.layout.kafka_bootstrap_servers, wanted)
        self._report("topics created")

    async def start_backends(self) -> None:
        """Start Prometheus and Jaeger where they are installed; no other process waits for them."""
        for name in list_backends(self.layout):
            self._supervisor.start(name)

    async def start_services(self) -> None:
        """Start the services and NGINX, and wait until each is ready."""
        others = (*INFRASTRUCTURE, *list_backends(self.layout))
        for name in self.names:
            if name not in others:
                self._supervisor.start(name)
        await asyncio.gather(*map(self._await_ready, self.names))

    def stop_services(self) -> None:
        """Stop everything but PostgreSQL and Kafka."""
        for name in self.names:
            if name not in INFRASTRUCTURE:
                self._supervisor.stop(name)

    async def restart(self, name: str) -> None:
        """Stop a process, start it, and wait until it is ready."""
        await asyncio.to_thread(self._supervisor.stop, name)
        self._supervisor.start(name)
        await self._await_ready(name)

    async def _await_ready(self, name: str) -> None:
        if name in INFRASTRUCTURE:
            return
        async with httpx.AsyncClient(timeout=5, verify=False) as client:
            await self._wait(name, partial(self._is_ready, client, name))

    async def _is_ready(self, client: httpx.AsyncClient, name: str) -> bool:
        try:
            path = (READY_PATHS | nginx.READY_PATHS).get(name, "/health/ready")
            answer = await client.get(f"{self.layout.url(name)}{path}")
        except httpx.TransportError:
            return False
        return answer.status_code == 200

    async def _wait(self, name: str, is_there: Callable[[], Awaitable[bool]]) -> None:
        """Wait until a process answers; raises `StackError` with the end of its log."""
        started = time.monotonic()
        while not await is_there():
            waited = time.monotonic() - started
            if waited > READY_SECONDS or self._has_failed(name):
                raise StackError(
                    f"{name} did not become ready in {waited:.0f} s; its log "
                    f"{self._supervisor.log(name)} ends with:\n{self._last_words(name)}"
                )
            await asyncio.sleep(POLL_SECONDS)
        self._report(f"{name} ready")

    def _has_failed(self, name: str) -> bool:
        return name in self.names and self._supervisor.state(name) == "FATAL"

    def _last_words(self, name: str) -> str:
        log = self._supervisor.log(name)
        return "\n".join(log.read_text(errors="replace").splitlines()[-LOG_LINES:])

    def states(self) -> dict[str, str]:
        """Return supervisord's line for each program, such as `pid 4711, uptime 0:01:02`."""
        described = {}
        for name in self.names:
            info = self._supervisor.info(name)
            described[name] = f"{info['statename']:9} {info['description']}"
        return described

    async def unready(self) -> list[str]:
        """Return the processes that are not ready."""
        async with httpx.AsyncClient(timeout=5, verify=False) as client:
            asked = [name for name in self.names if name not in INFRASTRUCTURE]
            answers = await asyncio.gather(*(self._is_ready(client, name) for name in asked))
        return [name for name, ready in zip(asked, answers, strict=True) if not ready]

    def pid(self, name: str) -> int:
        """Return the process id of a program; 0 when it does not run."""
        return int(self._supervisor.info(name)["pid"])

    def stop(self) -> int:
        """Stop the processes of this state folder and no others; return their number."""
        mine = find_processes(self.layout.state)
        if self.is_supervised():
            self._supervisor.shut_down()
            psutil.wait_procs(mine, timeout=STOP_SECONDS)
        stop_processes(find_processes(self.layout.state))
        return len(mine)

    def discard(self) -> None:
        """Kill every process, for a stack whose data is deleted too."""
        # Twice, because a dying supervisor may have just started a process.
        for _ in range(2):
            discard_processes(find_processes(self.layout.state))
        self.layout.socket.unlink(missing_ok=True)


async def _run(what: str, command: list[str], environment: dict[str, str]) -> None:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=ROOT,
        env=os.environ | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    if process.returncode != 0:
        raise StackError(f"{what} failed:\n{output.decode(errors='replace').strip()}")
