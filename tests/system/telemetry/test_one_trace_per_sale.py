"""A sale is one trace over all services in real Jaeger."""

from uuid import uuid4

import httpx
import pytest

from infra.tools.operate.traces.jaeger import Jaeger, NoSuchTrace, Span, Trace
from tests.fixtures.chain import Chain
from tests.fixtures.http import open_client
from tests.fixtures.system import RunningSystem
from tests.fixtures.waiting import eventually

Edge = tuple[str, str]

SUBJECT = "cloudevents.event_subject"
# The span of a client that calls us.
CALLER = "00f067aa0ba902b7"
SALE = "sales-api: POST /api/ventes/"
RECORDED = "sales-worker: send sales.sale-recorded.v1"
CONFIRMED = "sales-worker: send sales.sale-confirmed.v1"
WITHDRAWN = "stock-worker: send stock.stock-withdrawn.v1"
LEVELS = "stock-worker: send stock.stock-levels-changed.v1"
DECIDING = "stock-worker: process sales.sale-recorded.v1"
DECIDED_BY_STOCK = {
    (SALE, RECORDED),
    (RECORDED, DECIDING),
    (DECIDING, LEVELS),
    (LEVELS, "report-worker: process stock.stock-levels-changed.v1"),
}
STRICT = DECIDED_BY_STOCK | {
    (DECIDING, WITHDRAWN),
    (WITHDRAWN, "sales-worker: process stock.stock-withdrawn.v1"),
    ("sales-worker: process stock.stock-withdrawn.v1", CONFIRMED),
    (CONFIRMED, "report-worker: process sales.sale-confirmed.v1"),
}
PERMISSIVE = DECIDED_BY_STOCK | {(RECORDED, "report-worker: process sales.sale-recorded.v1")}
WAITS = {
    (SALE, "sales-worker: outbox wait"),
    (DECIDING, "stock-worker: kafka wait"),
    (DECIDING, "stock-worker: batch wait"),
}


@pytest.fixture
def jaeger(watched_system: RunningSystem) -> Jaeger:
    return Jaeger(watched_system.stack.layout.url("jaeger"))


def spans_of(jaeger: Jaeger, trace_id: str) -> tuple[Span, ...]:
    try:
        return jaeger.read_trace(trace_id).spans
    except (NoSuchTrace, httpx.TransportError):
        return ()


def edges(system: RunningSystem, spans: tuple[Span, ...]) -> set[Edge]:
    """Return pairs of parent and child, each as its process and its name."""
    processes = {str(port): name for name, port in system.stack.layout.ports.items()}
    names = {
        span.id: f"{processes[span.instance.rpartition(':')[2]]}: {span.name}" for span in spans
    }
    return {(names[each.parent_id], names[each.id]) for each in spans if each.parent_id in names}


@pytest.mark.parametrize(
    ("policy", "expected"),
    [("strict", STRICT), ("permissive", PERMISSIVE)],
    ids=["strict", "permissive"],
)
async def test_a_sale_is_one_trace_over_all_processes(
    watched_system: RunningSystem,
    chain: Chain,
    jaeger: Jaeger,
    policy: str,
    expected: set[Edge],
) -> None:
    store, product = await chain.open_store(policy), await chain.add_product()
    await chain.receive(store, {product: 10})
    trace_id = uuid4().hex

    answer = await chain.sell(store, {product: 1}, traceparent=f"00-{trace_id}-{CALLER}-01")
    assert answer.status_code == 201, answer.text

    async def missing() -> set[Edge]:
        return (expected | WAITS) - edges(watched_system, spans_of(jaeger, trace_id))

    await eventually(missing, set[Edge]())
    spans = spans_of(jaeger, trace_id)
    [root] = [span for span in spans if span.name == "POST /api/ventes/"]
    kept = ("saga",) if policy == "strict" else ("sample", "slow")
    assert root.attributes["comptoir.keep"] in kept
    # A wait belongs to the consumer that waited.
    work = {span.id: span for span in spans}
    for span in spans:
        if span.name in ("kafka wait", "batch wait"):
            assert span.parent_id is not None
            assert work[span.parent_id].name.startswith("process ")
            assert work[span.parent_id].service == span.service
    sale_id = answer.json()["vente_id"]
    named = {span.name for span in spans if span.attributes.get(SUBJECT) == sale_id}
    assert {"outbox wait", "send sales.sale-recorded.v1", "process sales.sale-recorded.v1"} <= named
    assert await warnings_of(watched_system, trace_id) == []


async def warnings_of(system: RunningSystem, trace_id: str) -> list[str]:
    """Return what Jaeger's interface marks in orange, such as a suspected skew of clocks.

    The client of these tests sends no span of its own, which Jaeger tells, too.
    """
    async with open_client(base_url=system.stack.layout.url("jaeger")) as client:
        [trace] = (await client.get(f"/api/traces/{trace_id}")).json()["data"]
    marked = [*trace["spans"], *trace["processes"].values(), trace]
    told = [warning for each in marked for warning in each.get("warnings") or ()]
    return [warning for warning in told if CALLER not in warning]


async def test_events_of_one_batch_are_linked_to_it_and_found_from_each_sale(
    watched_system: RunningSystem, chain: Chain, jaeger: Jaeger
) -> None:
    store, product = await chain.open_store("permissive"), await chain.add_product()
    ids = [uuid4().hex for _ in range(60)]
    async with open_client(
        base_url=watched_system.sales_url, headers={"x-token": watched_system.token("till")}
    ) as till:
        basket = {"magasin_id": store, "panier": [{"produit_id": product, "quantite": 1}]}
        for trace_id in ids:
            header = {"traceparent": f"00-{trace_id}-{CALLER}-01"}
            answer = await till.post("/api/ventes/", json=basket, headers=header)
            assert answer.status_code == 201, answer.text

    async def batch_of_a_sale() -> bool:
        return find_batch(jaeger, ids) is not None

    await eventually(batch_of_a_sale, True)
    found = find_batch(jaeger, ids)
    assert found is not None
    event, batch = found
    [whole] = [span for span in batch.spans if (batch.id, span.id) in event.links]
    assert int(whole.attributes["messaging.batch.message_count"]) > 1
    assert {trace_id for trace_id, _ in whole.links} & set(ids)


def find_batch(jaeger: Jaeger, trace_ids: list[str]) -> tuple[Span, Trace] | None:
    """Find an event's span that is linked to a batch; return it with the trace of the batch."""
    for trace_id in trace_ids:
        for span in spans_of(jaeger, trace_id):
            for other, _ in span.links:
                if (
                    other not in trace_ids
                    and span.name.startswith("process ")
                    and (spans := spans_of(jaeger, other))
                ):
                    return span, Trace(other, spans)
    return None
