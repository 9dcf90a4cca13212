"""Part `instances`: one instance of each API behind NGINX, then two.

All of it and the load generator are on this machine, whose cores bound what a second instance can
bring; the CPU time that an answer takes, in the API and everywhere else, says how many are busy.
"""

import asyncio
import statistics
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import psutil

from infra.tools.local import nginx
from infra.tools.local.layout import SERVICES, Layout, further_ports
from infra.tools.local.stack import Stack
from infra.tools.local.supervisor import Supervisor
from infra.tools.measure.bench.effort import Effort
from infra.tools.measure.bench.fill import say
from infra.tools.measure.bench.lab import Lab
from infra.tools.measure.bench.load import Load
from infra.tools.measure.bench.processes import Generator
from infra.tools.rest import ON_ITS_WAY_CODES, RestClient

# What the lab needs beside its own, to be asked for this part.
PORTS = further_ports(apis=2, workers=1) | nginx.PORTS
CONNECTIONS = 32
PRODUCTS = 20


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


async def measure_instances(lab: Lab, effort: Effort) -> dict[str, Any]:
    """In turn, so that noise meets both alike; the medians of the rounds."""
    found: dict[tuple[str, int], list[Result]] = {}
    stack = lab.stack
    await stack.start_services()
    questions = await fill(stack.layout)
    for _ in range(effort.rounds):
        for instances in (1, 2):
            await switch(stack, instances)
            for question in questions:
                result = await ask(stack, lab.generator, question, 3 * effort.seconds)
                found.setdefault((question.name, instances), []).append(result)
    rows = []
    for question in questions:
        one, two = (middle(found[question.name, instances]) for instances in (1, 2))
        rows.append({"name": question.name, "one": asdict(one), "two": asdict(two)})
        say(f"{question.name:18} {one.rate:8,.0f}/s, with two {two.rate:8,.0f}/s")
    return {"connections": CONNECTIONS, "rows": rows}


async def switch(stack: Stack, instances: int) -> None:
    """Have one or two instances of each API; NGINX finds out by itself."""
    supervisor = Supervisor(stack.layout)
    for service in SERVICES:
        second = f"{service}-api-2"
        if instances == 1:
            await asyncio.to_thread(supervisor.stop, second)
        elif not stack.pid(second):
            await stack.restart(second)
    await asyncio.sleep(nginx.held_for_dead_seconds())


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


def middle(results: list[Result]) -> Result:
    """The median of each figure."""
    return Result(
        statistics.median(each.rate for each in results),
        statistics.median(each.api_us for each in results),
        statistics.median(each.others_us for each in results),
    )
