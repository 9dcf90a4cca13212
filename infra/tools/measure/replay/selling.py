"""Posts invoices in parallel, and samples how long a sale takes to reach the report."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.tools.measure.replay.catalogue import Numbers
from infra.tools.measure.replay.reading import Invoice
from infra.tools.rest import RefusedRequest, RestClient, address_of

IN_FLIGHT = 16
SAMPLE_EVERY = 50
WAIT_PER_REQUEST_MS = 10_000
# After this a sale counts as unseen, so that a lost one ends the wait.
LONGEST_DELAY_SECONDS = 120.0


@dataclass(slots=True)
class Outcome:
    """Counts of recorded, repeated and refused invoices, and the sampled delays."""

    recorded: int = 0
    known_before: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    accepted: list[Invoice] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)  # seconds from 201 to the report
    unseen: int = 0  # sampled sales that the report did not show in time
    seconds: float = 0.0


class Tills:
    """The tills of all stores, each with its store's key; they take invoices from one list."""

    def __init__(
        self,
        client: RestClient,
        numbers: Numbers,
        keys: Mapping[int, str],
        rate: float | None,
    ) -> None:
        self._client = client
        self._numbers = numbers
        self._keys = keys
        self._rate = rate
        self._outcome = Outcome()
        self._sampling: set[asyncio.Task[None]] = set()

    async def sell(self, invoices: list[Invoice], advance: Callable[[], None]) -> Outcome:
        """Post every invoice once; call `advance` after each."""
        clock = asyncio.get_running_loop()
        started = clock.time()
        waiting = enumerate(invoices)
        await asyncio.gather(*(self._till(waiting, started, advance) for _ in range(IN_FLIGHT)))
        self._outcome.seconds = clock.time() - started
        await asyncio.gather(*self._sampling)
        return self._outcome

    async def _till(
        self, waiting: Iterator[tuple[int, Invoice]], started: float, advance: Callable[[], None]
    ) -> None:
        clock = asyncio.get_running_loop()
        for index, invoice in waiting:
            if self._rate:
                await asyncio.sleep(started + index / self._rate - clock.time())
            try:
                await self._post(invoice)
            except RefusedRequest as refusal:
                self._outcome.refused[refusal.code] += 1
            advance()

    async def _post(self, invoice: Invoice) -> None:
        url = f"{address_of('sales')}/api/ventes/"
        key = f"online-retail-{invoice.number}-{invoice.store}"
        receipt = write_receipt(invoice, self._numbers)
        token = self._keys[receipt["magasin_id"]]
        answer = await self._client.post(url, receipt, key, token=token)
        self._outcome.accepted.append(invoice)
        if "idempotent-replayed" in answer.headers:
            self._outcome.known_before += 1
            return
        self._outcome.recorded += 1
        if self._outcome.recorded % SAMPLE_EVERY == 0:
            task = asyncio.create_task(self._sample(answer.json()["vente_id"]))
            self._sampling.add(task)

    async def _sample(self, sale_id: str) -> None:
        """Measure the time from a sale's 201 to its presence in the report."""
        clock = asyncio.get_running_loop()
        answered = clock.time()
        url = f"{address_of('report')}/api/rapports/ventes"
        query: dict[str, str | int] = {
            "apres_vente": sale_id,
            "attendre_ms": WAIT_PER_REQUEST_MS,
        }
        while not (await self._client.get(url, **query))["a_jour"]:
            if clock.time() - answered > LONGEST_DELAY_SECONDS:
                self._outcome.unseen += 1
                return
        self._outcome.delays.append(clock.time() - answered)


def write_receipt(invoice: Invoice, numbers: Numbers) -> dict[str, Any]:
    """Return the body of `POST /api/ventes/`."""
    return {
        "magasin_id": numbers.stores[invoice.store],
        # Without offset: the store's local time.
        "date": invoice.sold_at.isoformat(),
        "panier": [
            {
                "produit_id": numbers.products[line.sku],
                "quantite": line.quantity,
                "prix_unitaire": float(line.price),
            }
            for line in invoice.lines
        ],
    }
