"""`python -m …bench.sales_seen`: sells at a rate and asks the report for some of the sales.

Reads a `Watch` from stdin and prints a `Seen`. The clock runs from the 201 to the answer of
`/api/rapports/ventes?apres_vente=…` that holds the sale.
"""

import asyncio
import random
import re
import sys
from collections import Counter, deque
from itertools import count, cycle
from time import perf_counter

import msgspec
import uvloop

from infra.tools.measure.bench.load import UNIQUE, percentiles
from infra.tools.measure.bench.questions import get
from infra.tools.measure.bench.waiting import until
from infra.tools.measure.bench.wire import Connection, connect

_LOCATION = re.compile(rb"location: */api/ventes/([0-9a-f-]+)", re.IGNORECASE)
_CONNECTIONS = 32
_GRACE_SECONDS = 30.0
_IS_CURRENT = b'"a_jour":true'


class Watch(msgspec.Struct):
    """At what rate to sell, and after how many sales to look for one of them."""

    sales_port: int
    report_port: int
    report_key: str
    requests: list[str]
    rate: float
    seconds: float
    every: int


class Seen(msgspec.Struct):
    """How long sales took to be answered, and from there to be seen."""

    statuses: dict[int, int]
    looked_for: int
    not_seen: int
    answered_ms: dict[str, float]
    seen_ms: dict[str, float]


class Watcher:
    """Tills and a head office."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._requests = cycle([each.encode() for each in watch.requests])
        self._numbers = count(random.getrandbits(40))
        self._tills: deque[Connection] = deque()
        self._readers: deque[Connection] = deque()
        self._statuses: Counter[int] = Counter()
        self._answered: list[float] = []
        self._seen: list[float] = []
        self._not_seen = 0
        self._looked_for = 0

    async def run(self) -> Seen:
        """Sell as long as the watch says, then wait until all are seen."""
        watch = self._watch
        for _ in range(_CONNECTIONS):
            self._tills.append(await connect(watch.sales_port, self._sold))
            self._readers.append(await connect(watch.report_port, self._read))
        chance = random.Random(4)
        due = began = perf_counter()
        sent = 0
        while (due := due + chance.expovariate(watch.rate)) < began + watch.seconds:
            await asyncio.sleep(max(0.0, due - perf_counter()))
            if self._tills:
                request = next(self._requests).replace(UNIQUE, b"%020d" % next(self._numbers))
                (await self._take_till()).send(request)
                sent += 1

        async def is_over() -> bool:
            looked = len(self._seen) + self._not_seen
            return self._statuses.total() == sent and looked == self._looked_for

        await until(is_over, _GRACE_SECONDS)
        return Seen(
            statuses=dict(self._statuses),
            looked_for=self._looked_for,
            not_seen=self._not_seen,
            answered_ms=percentiles(self._answered),
            seen_ms=percentiles(self._seen),
        )

    async def _take_till(self) -> Connection:
        """The one that was idle for longest, or another when the server has closed it."""
        till = self._tills.popleft()
        return till if till.is_open else await connect(self._watch.sales_port, self._sold)

    def _sold(self, till: Connection, status: int) -> None:
        self._statuses[status] += 1
        self._answered.append(perf_counter() - till.due_at)
        location = _LOCATION.search(till.head)
        if location and self._statuses.total() % self._watch.every == 0:
            self._look_for(location[1].decode())
        self._tills.append(till)

    def _look_for(self, sale_id: str) -> None:
        reader = next((each for each in self._readers if each.is_open), None)
        if reader is None:
            return
        self._readers.remove(reader)
        self._looked_for += 1
        target = f"/api/rapports/ventes?apres_vente={sale_id}&attendre_ms=5000"
        reader.send(get(target, self._watch.report_key).encode())

    def _read(self, reader: Connection, status: int) -> None:
        if status == 200 and _IS_CURRENT in reader.body:
            self._seen.append(perf_counter() - reader.due_at)
        else:
            self._not_seen += 1
        self._readers.append(reader)


if __name__ == "__main__":
    given = msgspec.json.decode(sys.stdin.readline(), type=Watch)
    print(msgspec.json.encode(uvloop.run(Watcher(given).run())).decode())
