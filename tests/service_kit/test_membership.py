"""Of two workers with one name, one works, and the other says why it does not."""

import asyncio
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from service_kit.events.consumer import Consumer
from service_kit.events.membership import TAKEN_AGAIN_WITHIN, Membership, NameTaken
from service_kit.events.relay import Relay
from tests.fixtures.kafka import TopicFactory
from tests.fixtures.waiting import eventually
from tests.service_kit.counting import SUBSCRIPTION, TOPIC, scalar, write

LONG = TAKEN_AGAIN_WITHIN.total_seconds()
RESTS = "this worker rests: its name is not its own"


def a_client(member_id: str) -> Any:
    return SimpleNamespace(_coordinator=SimpleNamespace(member_id=member_id))


FORGOTTEN, KNOWN = a_client(""), a_client("member-1")


@pytest.mark.parametrize(
    ("name", "rejoins", "is_taken"),
    [
        ("w", [(FORGOTTEN, 0), (FORGOTTEN, 3), (FORGOTTEN, 6)], True),
        ("w", [(FORGOTTEN, 0), (FORGOTTEN, 3), (FORGOTTEN, LONG)], False),  # frozen now and then
        ("w", [(KNOWN, 0), (KNOWN, 3), (KNOWN, 6), (FORGOTTEN, 9)], False),  # rebalances
        (None, [(FORGOTTEN, 0), (FORGOTTEN, 3), (FORGOTTEN, 6)], False),
    ],
)
def test_a_place_that_is_taken_again_and_again_is_not_its_own(
    name: str | None, rejoins: list[tuple[Any, float]], is_taken: bool
) -> None:
    membership = Membership(name)
    for client, now in rejoins:
        membership.note_rejoin(client, now)

    if is_taken:
        with pytest.raises(NameTaken, match="called w"):
            membership.raise_if_taken()
    else:
        membership.raise_if_taken()


@pytest.mark.integration
async def test_of_two_workers_with_one_name_one_rests_and_names_the_cause(
    engine: AsyncEngine, topics: TopicFactory, caplog: pytest.LogCaptureFixture
) -> None:
    settings = (await topics(TOPIC, partitions=2)).model_copy(update={"worker_instance": "twin"})
    stop = asyncio.Event()
    twins = [Consumer(engine, settings, [SUBSCRIPTION]) for _ in range(2)]
    tasks = [asyncio.create_task(each.run(stop)) for each in twins]
    tasks.append(asyncio.create_task(Relay(engine, settings).run(stop)))

    async def has_rested() -> bool:
        return RESTS in caplog.messages

    async def one_works() -> bool:
        return sorted(each.is_connected for each in twins) == [False, True]

    await eventually(has_rested, True, within_seconds=60)
    # On a busy machine both may notice it at once; the one that rests for less works then.
    await eventually(one_works, True, within_seconds=60)
    await write(engine, *range(100, 110))

    counted = partial(scalar, engine, "SELECT count(*) FROM counted")
    await eventually(counted, 10, within_seconds=60)
    told = next(record for record in caplog.records if record.message == RESTS)
    assert vars(told)["error"] == "another worker is called twin"
    stop.set()
    await asyncio.gather(*tasks)
