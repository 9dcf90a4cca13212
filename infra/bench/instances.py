"""`python -m infra.bench.instances [--seconds 3] [--rounds 3]`: one instance of each API, then two.

Behind NGINX on a stack of its own, all of it and the load generator on this machine. Beside what
a second instance brings stands what the cores allow at most, by the CPU time that an answer takes
in the API, of which one core is all that an instance can use, and everywhere else.
"""

import argparse
import asyncio
import os
import shutil
import statistics
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from infra.bench.load import Load
from infra.bench.processes import Generator, open_generator
from infra.embedded import door
from infra.embedded.layout import DEFAULT_PORTS, SERVICES, Layout, further_ports
from infra.embedded.ports import find_free_ports
from infra.embedded.stack import Stack
from infra.embedded.supervisor import Supervisor
from infra.rest import ON_ITS_WAY_CODES, RestClient
from infra.tools import NO_NGINX

CONNECTIONS = 32
PRODUCTS = 20
CORES = os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Question:
    """A request to one service, as the generator sends it."""

    name: str
    api: str
    request: str
    status: int


@dataclass(frozen=True, slots=True)
class Result:
    """Answers per second, and the CPU time of each in microseconds."""

    rate: float
    api_us: float
    others_us: float

    @property
    def allowed(self) -> float:
        """How many times the rate of one busy instance all cores together would give."""
        return min(2.0, max(1.0, CORES * self.api_us / (self.api_us + self.others_us)))


async def switch(stack: Stack, instances: int) -> None:
    """Have one or two instances of each API; NGINX finds out by itself."""
    supervisor = Supervisor(stack.layout)
    for service in SERVICES:
        second = f"{service}-api-2"
        if instances == 1:
            await asyncio.to_thread(supervisor.stop, second)
        elif not stack.pid(second):
            await stack.restart(second)
    await asyncio.sleep(door.held_for_dead_seconds())


async def ask(stack: Stack, generator: Generator, question: Question, seconds: float) -> Result:
    """Keep all connections busy."""

    def load(seconds: float) -> Load:
        return Load(
            port=stack.layout.ports["nginx"],
            requests=[question.request],
            connections=CONNECTIONS,
            seconds=seconds,
        )

    await generator.send(load(0.5))
    instances = set(stack.layout.instances(question.api))
    before = {name: cpu_seconds(stack, [name]) for name in stack.names}
    measured = await generator.send(load(seconds))
    used = {name: cpu_seconds(stack, [name]) - before[name] for name in stack.names}
    assert set(measured.statuses) == {question.status}, (question.name, measured.statuses)
    api = sum(used[name] for name in instances)
    others = sum(used.values()) - api + measured.generator_cpu_seconds
    answers = measured.answers
    return Result(answers / measured.seconds, api / answers * 1e6, others / answers * 1e6)


def cpu_seconds(stack: Stack, names: Iterable[str]) -> float:
    """User and system time of programs and their children."""
    total = 0.0
    for pid in filter(None, map(stack.pid, names)):
        program = psutil.Process(pid)
        for each in (program, *program.children(recursive=True)):
            try:
                times = each.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system
    return total


async def fill(layout: Layout) -> list[Question]:
    """A store with goods, and what is asked of it."""
    url, key = layout.public_url("sales"), layout.secrets["head-office"]
    async with RestClient(key) as client:
        body: dict[str, object] = {"nom": "Mesures", "politique_stock": "permissive"}
        store = (await client.post(f"{url}/api/magasins/", body, "store")).json()["id"]
        lines = []
        for number in range(PRODUCTS):
            body = {"nom": f"Article {number}", "categorie": "Essais", "prix": "2.50"}
            made = await client.post(f"{url}/api/produits/", body, f"product {number}")
            lines.append({"produit_id": made.json()["id"], "quantite": 1000})
        goods = {"magasin_id": store, "type": "reception", "lignes": lines}
        await client.post(f"{url}/api/stock/mouvements", goods, "goods", ON_ITS_WAY_CODES)
    line = f'{{"produit_id": {lines[0]["produit_id"]}, "quantite": 1}}'
    sale = f'{{"magasin_id": {store}, "panier": [{line}]}}'
    stock = f"/api/magasins/{store}/stock"
    return [
        Question("sales report", "report-api", request("GET", "/api/ventes/rapport", key), 200),
        Question("stock of a store", "stock-api", request("GET", stock, key), 200),
        Question("sale of a line", "sales-api", request("POST", "/api/ventes/", key, sale), 201),
    ]


def request(method: str, path: str, key: str, body: str = "") -> str:
    """HTTP as it goes over the wire."""
    head = [f"{method} {path} HTTP/1.1", "host: comptoir", f"x-token: {key}"]
    if body:
        head += ["content-type: application/json", f"content-length: {len(body)}"]
    return "\r\n".join([*head, "", body])


@asynccontextmanager
async def open_stack() -> AsyncIterator[Stack]:
    """A stack with two instances of each API, in a folder that is deleted afterwards."""
    if not door.installed_ports():
        raise SystemExit(NO_NGINX)
    state = Path(tempfile.mkdtemp(prefix="comptoir-bench-"))
    names = (*DEFAULT_PORTS, *further_ports(apis=2, workers=1), *door.PORTS)
    stack = Stack(Layout(state, find_free_ports(names)))
    try:
        await stack.start_infrastructure()
        await stack.start_services()
        yield stack
    finally:
        await asyncio.to_thread(stack.discard)
        shutil.rmtree(state)


async def measure(seconds: float, rounds: int) -> None:
    """In turn, so that noise meets both alike; the medians of the rounds."""
    found: dict[tuple[str, int], list[Result]] = {}
    async with open_stack() as stack, open_generator() as generator:
        questions = await fill(stack.layout)
        for _ in range(rounds):
            for instances in (1, 2):
                await switch(stack, instances)
                for question in questions:
                    result = await ask(stack, generator, question, seconds)
                    found.setdefault((question.name, instances), []).append(result)
    print(f"{CORES} cores, {CONNECTIONS} connections; answers/s, and µs of CPU per answer\n")
    print(f"{'':18}{'one':>8}{'two':>8}{'ratio':>8}{'allowed':>9}{'API':>8}{'others':>8}")
    for question in questions:
        one, two = (middle(found[question.name, instances]) for instances in (1, 2))
        print(
            f"{question.name:18}{one.rate:8,.0f}{two.rate:8,.0f}{two.rate / one.rate:8.2f}"
            f"{one.allowed:9.2f}{one.api_us:8,.0f}{one.others_us:8,.0f}"
        )


def middle(results: list[Result]) -> Result:
    """The median of each figure."""
    return Result(
        statistics.median(each.rate for each in results),
        statistics.median(each.api_us for each in results),
        statistics.median(each.others_us for each in results),
    )


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="python -m infra.bench.instances")
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    asyncio.run(measure(arguments.seconds, arguments.rounds))


if __name__ == "__main__":
    main()
