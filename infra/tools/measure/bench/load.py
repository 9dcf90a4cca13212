"""`python -m …bench.load`: a load generator that costs little beside what it measures.

Reads a `Load` per line from stdin and answers each with a `Measured` on stdout. A closed loop
keeps every connection busy, for CPU per request; an open loop sends at a rate whatever the
answers do, for latencies: a request that finds no free connection waits, and its wait counts.
"""

import asyncio
import random
import statistics
import sys
from collections import Counter, deque
from itertools import count, cycle
from time import perf_counter, process_time

import msgspec
import uvloop

from infra.tools.measure.bench.wire import Connection, connect

UNIQUE = b"UNIQUE-0000000000000"  # replaced in each request by another text of its length
_GRACE_SECONDS = 30.0


class Load(msgspec.Struct, kw_only=True):
    """What to send: the requests in turn, for some time; without a rate as fast as answered."""

    port: int
    requests: list[str]
    connections: int
    seconds: float
    rate: float | None = None


class Measured(msgspec.Struct, kw_only=True):
    """What came back. `late_ms` is how late the generator itself was, at the 99th percentile."""

    statuses: dict[int, int]
    seconds: float
    milliseconds: dict[str, float]
    generator_cpu_seconds: float
    late_ms: float = 0.0

    @property
    def answers(self) -> int:
        return sum(self.statuses.values())


class Sender:
    """The connections, and what was answered on them."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._requests = cycle([each.encode() for each in load.requests])
        self._numbers = count(random.getrandbits(40))
        self._statuses: Counter[int] = Counter()
        self._latencies: list[float] = []
        self._late: list[float] = []
        self._free: list[Connection] = []
        self._waiting: deque[float] = deque()
        self._under_way = 0
        self._end = 0.0
        self._is_over = False
        self._done = asyncio.Event()

    async def run(self) -> Measured:
        """Send everything and wait for the last answer."""
        connections = [
            await connect(self._load.port, self._answered) for _ in range(self._load.connections)
        ]
        cpu, began = process_time(), perf_counter()
        self._end = began + self._load.seconds
        try:
            if self._load.rate is None:
                self._under_way = len(connections)
                for each in connections:
                    each.send(self._next())
            else:
                self._free = connections[:]
                await self._arrive(began, self._load.rate)
            async with asyncio.timeout(self._load.seconds + _GRACE_SECONDS):
                await self._done.wait()
        finally:
            for each in connections:
                each.close()
        return Measured(
            statuses=dict(self._statuses),
            seconds=perf_counter() - began,
            milliseconds=percentiles(self._latencies),
            generator_cpu_seconds=process_time() - cpu,
            late_ms=percentiles(self._late)["p99"] if self._late else 0.0,
        )

    def _next(self) -> bytes:
        request = next(self._requests)
        if UNIQUE in request:
            return request.replace(UNIQUE, b"%020d" % next(self._numbers))
        return request

    async def _arrive(self, began: float, rate: float) -> None:
        """Arrivals of a Poisson process, as those of many independent clients are."""
        chance = random.Random(1)
        due = began
        while (due := due + chance.expovariate(rate)) < self._end:
            if (pause := due - perf_counter()) > 0:
                await asyncio.sleep(pause)
            now = perf_counter()
            self._late.append(now - due)
            self._under_way += 1
            if self._free:
                (await self._take_free()).send(self._next(), now)
            else:
                self._waiting.append(now)
        self._is_over = True
        self._finish_if_over()

    async def _take_free(self) -> Connection:
        """The one that was idle for longest, or another when the server has closed it."""
        connection = self._free.pop(0)
        return connection if connection.is_open else await connect(self._load.port, self._answered)

    def _answered(self, connection: Connection, status: int) -> None:
        now = perf_counter()
        self._statuses[status] += 1
        self._latencies.append(now - connection.due_at)
        self._under_way -= 1
        if not connection.is_open:
            pass
        elif self._load.rate is None:
            self._is_over = now >= self._end
            if not self._is_over:
                self._under_way += 1
                connection.send(self._next())
        elif self._waiting:
            connection.send(self._next(), self._waiting.popleft())
        else:
            self._free.append(connection)
        self._finish_if_over()

    def _finish_if_over(self) -> None:
        if self._under_way == 0 and self._is_over:
            self._done.set()


def percentiles(seconds: list[float]) -> dict[str, float]:
    """Milliseconds at the usual percentiles."""
    if len(seconds) < 2:
        return dict.fromkeys(("p50", "p95", "p99", "max"), seconds[0] * 1e3 if seconds else 0.0)
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    found = {"p50": cuts[49], "p95": cuts[94], "p99": cuts[98], "max": max(seconds)}
    return {name: value * 1e3 for name, value in found.items()}


def main() -> None:
    """One load after the other, until stdin ends."""
    for line in sys.stdin:
        load = msgspec.json.decode(line, type=Load)
        measured = uvloop.run(Sender(load).run())
        sys.stdout.write(msgspec.json.encode(measured).decode() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
