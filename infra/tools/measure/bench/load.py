"""Send prepared requests by k6 (`load.js`), and tell what came back."""

import json
import random
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx

from infra.tools.measure.bench.catalogue import PRODUCTS, STORES, STRICT_FROM
from infra.tools.measure.bench.processes import run_to_end
from infra.tools.measure.load.k6 import BINARY

_SCRIPT = Path(__file__).with_name("load.js")
_PERCENTILES = {"p50": "med", "p95": "p(95)", "p99": "p(99)", "max": "max"}
PERMISSIVE, STRICT = range(1, STRICT_FROM), range(STRICT_FROM, STORES + 1)


@dataclass(frozen=True, slots=True)
class Request:
    """A request as k6 sends it; one with a body gets an `Idempotency-Key` each time."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: str | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """What came back. `dropped` requests were not sent: all connections were busy."""

    rate: float
    statuses: dict[int, int]
    milliseconds: dict[str, float]
    dropped: int
    seen: dict[str, float]
    not_seen: int

    @property
    def answers(self) -> int:
        return sum(self.statuses.values())

    @property
    def seconds(self) -> float:
        return self.answers / self.rate


def get(url: str, key: str, **headers: str) -> Request:
    """Return a GET with a caller's key."""
    named = {name.replace("_", "-"): each for name, each in headers.items()}
    return Request("GET", url, {"x-token": key, **named})


def sales(url: str, key: str, stores: range) -> list[Request]:
    """Return three hundred different sales of three lines each."""
    chance = random.Random(3)
    # A strict store's sale is answered when it is written, before the stock has decided.
    headers = {"x-token": key, "content-type": "application/json", "prefer": "respond-async"}
    return [
        Request("POST", url, headers, _basket(stores[n % len(stores)], chance)) for n in range(300)
    ]


def _basket(store: int, chance: random.Random) -> str:
    products = [1 + int(PRODUCTS * chance.random() ** 2) for _ in range(3)]
    lines = [{"produit_id": each, "quantite": 1 + each % 3} for each in products]
    return json.dumps({"magasin_id": store, "panier": lines})


async def ask(request: Request) -> httpx.Response:
    """Send one request and return its answer."""
    async with httpx.AsyncClient(timeout=60) as client:
        return await client.request(
            request.method, request.url, headers=request.headers, content=request.body
        )


async def send(
    requests: Sequence[Request],
    seconds: float,
    connections: int,
    rate: float | None = None,
    seen: Mapping[str, str] | None = None,
) -> Measured:
    """Send requests in turn for some time: at a rate, or on each connection without a pause."""
    with tempfile.TemporaryDirectory() as folder:
        file, summary = Path(folder) / "requests.json", Path(folder) / "summary.json"
        file.write_text(json.dumps([asdict(each) for each in requests]))
        environment = {
            "REQUESTS": str(file),
            "CONNECTIONS": str(connections),
            "SECONDS": str(seconds),
            "RATE": str(rate or ""),
            # k6 shares the cores with what is measured: collect garbage less often.
            "GOGC": "400",
            **(seen or {}),
        }
        command = [str(BINARY), "run", "--quiet", "--address=", "--no-usage-report"]
        await run_to_end([*command, f"--summary-export={summary}", str(_SCRIPT)], environment)
        return _read(json.loads(summary.read_text())["metrics"])


def _read(metrics: Mapping[str, Any]) -> Measured:
    def count(name: str) -> int:
        return int(metrics.get(name, {}).get("count", 0))

    named = {name: count(name) for name in metrics if name.startswith("status_")}
    return Measured(
        # Every iteration sends one of the requests.
        rate=metrics["iterations"]["rate"],
        statuses={int(name.removeprefix("status_")): each for name, each in named.items() if each},
        milliseconds=_read_percentiles(metrics["answered"]),
        dropped=count("dropped_iterations"),
        seen=_read_percentiles(metrics.get("seen", {})),
        not_seen=count("not_seen"),
    )


def _read_percentiles(trend: Mapping[str, float]) -> dict[str, float]:
    return {ours: trend[name] for ours, name in _PERCENTILES.items() if name in trend}


def check_statuses(measured: Measured, expected: int, also: Iterable[int] = ()) -> None:
    """Raise if anything but the expected status came back."""
    allowed = {expected, *also}
    if expected not in measured.statuses or not set(measured.statuses) <= allowed:
        raise AssertionError(f"expected {allowed}, got {measured.statuses}")
