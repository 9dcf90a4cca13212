"""Send prepared requests by k6 (`load.js`), and return k6's counts of the answers."""

import json
import random
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

from infra.tools.measure.bench.filling import STORES, STRICT_FROM, draw_products
from infra.tools.measure.bench.processes import run_to_end
from infra.tools.measure.load.k6 import list_arguments
from infra.tools.measure.load.summary import Summary

BUSY, REFUSED = 32, 503
PERMISSIVE, STRICT = range(1, STRICT_FROM), range(STRICT_FROM, STORES + 1)
_SCRIPT = Path(__file__).with_name("load.js")
_PERCENTILES = {"p50": "med", "p95": "p(95)", "p99": "p(99)", "max": "max"}
_STATUS = "status_"


@dataclass(frozen=True, slots=True)
class Request:
    """A request as k6 sends it; one with a body gets an `Idempotency-Key` each time."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: str | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers to a load, as k6 counted them."""

    summary: Summary

    @property
    def rate(self) -> float:
        # Every iteration sends one of the requests.
        return self.summary.rate("iterations")

    @property
    def seconds(self) -> float:
        return self.summary.count("iterations") / self.rate

    @property
    def statuses(self) -> dict[int, int]:
        names = [name for name in self.summary.metrics if name.startswith(_STATUS)]
        counts = {int(name.removeprefix(_STATUS)): self.summary.count(name) for name in names}
        return {status: count for status, count in counts.items() if count}

    def milliseconds(self, trend: str = "answered") -> dict[str, float]:
        figures = self.summary.metrics.get(trend, {})
        return {f"{name} ms": figures[of] for name, of in _PERCENTILES.items() if of in figures}

    def check(self, expected: int) -> None:
        """Raise if anything but the expected status or a refusal came back."""
        if expected not in self.statuses or not set(self.statuses) <= {expected, REFUSED}:
            raise AssertionError(f"expected {expected}, got {self.statuses}")


def get(url: str, key: str, **headers: str) -> Request:
    """Return a GET with a caller's key."""
    named = {name.replace("_", "-"): each for name, each in headers.items()}
    return Request("GET", url, {"x-token": key, **named})


def sales(url: str, key: str, stores: range, **headers: str) -> list[Request]:
    """Return three hundred different sales of three lines each."""
    chance = random.Random(3)
    named = {"x-token": key, "content-type": "application/json", **headers}
    return [
        Request("POST", url, named, _basket(stores[number % len(stores)], chance))
        for number in range(300)
    ]


def _basket(store: int, chance: random.Random) -> str:
    products = draw_products(chance)
    lines = [{"produit_id": each, "quantite": 1 + each % 3} for each in products]
    return json.dumps({"magasin_id": store, "panier": lines})


def ask(request: Request) -> httpx.Response:
    """Send one request and return its answer."""
    headers = dict(request.headers)
    return httpx.request(
        request.method, request.url, headers=headers, content=request.body, timeout=60
    )


async def send(
    requests: Sequence[Request],
    seconds: float,
    connections: int = BUSY,
    rate: float | None = None,
    seen: Mapping[str, str] | None = None,
) -> Answers:
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
        await run_to_end(list_arguments(_SCRIPT, summary), environment)
        return Answers(Summary.read(summary))
