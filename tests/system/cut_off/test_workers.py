"""Workers whose packets are lost for good: others publish and consume in their place."""

import asyncio

import pytest

from tests.fixtures.chain import Chain
from tests.fixtures.waiting import eventually
from tests.system.cut_off.split import PUBLISHERS, READY_SECONDS, TARGETS, Split

# The partitions of so many stores belong to every worker.
STORES = 8


@pytest.mark.parametrize("targets", [TARGETS, *((each,) for each in TARGETS)], ids="-and-".join)
async def test_others_do_the_work_of_workers_that_are_cut_off(
    split: Split, near: Chain, targets: tuple[str, ...]
) -> None:
    await split.let_far_side_lead()
    product = await near.add_product()
    stores = [await near.open_store("strict") for _ in range(STORES)]
    for store in stores:
        await near.receive(store, {product: 2})

    split.cut_off(*targets)
    events_before = {service: await split.last_event(service) for service in PUBLISHERS}
    # Later the sales would be cancelled.
    sold = await asyncio.gather(
        *(near.sell(store, {product: 1}, prefer="wait=30") for store in stores)
    )

    assert [answer.status_code for answer in sold] == [201] * STORES
    for store, answer in zip(stores, sold, strict=True):
        await near.store_report(store, answer.json()["vente_id"])
    assert [await split.leader(service) for service in PUBLISHERS] == ["127.0.0.1"] * 2

    split.side.restore()

    await eventually(split.is_whole, True, READY_SECONDS)
    # What the far side had sent before it was cut off arrives now, or never.
    await eventually(split.side.count_closing, 0, READY_SECONDS)
    assert [await split.leader(service) for service in PUBLISHERS] == ["127.0.0.1"] * 2
    copies = await split.count_copies(events_before)
    assert len(copies) >= 2 * STORES  # each sale, and its decision
    assert set(copies.values()) == {1}
    for store in stores:
        again = await near.sell(store, {product: 1}, prefer="wait=30")
        assert again.status_code == 201
        line = await near.store_report(store, again.json()["vente_id"])
        assert (line["nombre_ventes"], line["total_ventes"]) == (2, 20.0)
        assert await near.level(store, product) == 0
