"""Requests for one answer share its read, unless the data may have changed since it began."""

import asyncio

import pytest
from fastapi import Request

from service_kit.http.cached_response import Content
from tests.service_kit.caching import TILL, Shop, a_scope


@pytest.fixture
async def shop() -> Shop:
    return Shop()


async def test_concurrent_requests_share_one_read(shop: Shop) -> None:
    answers = await asyncio.gather(*(shop.ask() for _ in range(50)))

    assert {bytes(answer.body) for answer in answers} == {b"7"}
    assert shop.reads == 1


async def test_a_request_after_a_change_never_joins_a_read_from_before(shop: Shop) -> None:
    shop.may_read.clear()
    before = asyncio.create_task(shop.ask())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    shop.level = 6
    shop.feed.note("stock:1")
    after = asyncio.create_task(shop.ask())
    await asyncio.sleep(0)
    shop.may_read.set()

    assert [(await each).body for each in (before, after)] == [b"7", b"6"]
    assert shop.cached() == b"6"


async def test_requests_after_a_change_share_the_next_read(shop: Shop) -> None:
    shop.may_read.clear()
    asked = [asyncio.create_task(shop.ask())]
    for level in (6, 5, 4):
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        shop.level = level
        shop.feed.note("stock:1")
        asked += [asyncio.create_task(shop.ask()) for _ in range(2)]
    await asyncio.sleep(0)
    assert shop.reads == 1
    shop.may_read.set()

    assert [(await each).body for each in asked] == [b"7"] + [b"4"] * 6
    assert shop.reads == 2


async def test_a_request_that_waits_for_a_read_that_fails_has_another(shop: Shop) -> None:
    may_fail = asyncio.Event()

    async def fail() -> Content:
        await may_fail.wait()
        raise ConnectionError("lost")

    request = Request(a_scope())
    first = asyncio.create_task(shop.cache.read_through(request, TILL, ["stock:1"], fail))
    await asyncio.sleep(0)
    shop.feed.note("stock:1")
    second = asyncio.create_task(shop.ask())
    await asyncio.sleep(0)
    may_fail.set()

    assert (await second).body == b"7"
    with pytest.raises(ConnectionError):
        await first


async def test_a_request_that_gives_up_takes_nothing_from_the_others(shop: Shop) -> None:
    shop.may_read.clear()
    first = asyncio.create_task(shop.ask())
    await asyncio.sleep(0)
    shop.feed.note("stock:1")
    gone, stays = asyncio.create_task(shop.ask()), asyncio.create_task(shop.ask())
    await asyncio.sleep(0)
    gone.cancel()
    shop.may_read.set()

    assert (await first).body == (await stays).body == b"7"
    assert shop.reads == 2


@pytest.mark.parametrize("is_heard", [True, False], ids=["wants it anew", "changes are not heard"])
async def test_a_request_that_cannot_trust_notifications_joins_no_read_from_before(
    shop: Shop, is_heard: bool
) -> None:
    shop.feed.is_live = is_heard
    scope = a_scope(cache_control="no-cache") if is_heard else a_scope()
    shop.may_read.clear()
    before = asyncio.create_task(shop.ask(scope))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    shop.level = 6  # the notification has not arrived yet
    after = asyncio.create_task(shop.ask(scope))
    await asyncio.sleep(0)
    shop.may_read.set()

    assert [(await each).body for each in (before, after)] == [b"7", b"6"]


async def test_a_read_that_is_done_is_not_joined(shop: Shop) -> None:
    # Requests without a pause would share a finished read for ever: the loop would never run the
    # callback that drops it.
    joined: list[bool] = []

    def ask_before_the_end_is_noticed() -> None:
        asking = shop.ask()
        try:
            asking.send(None)
        except StopIteration:
            joined.append(True)
        else:
            joined.append(False)
            asking.close()

    async def read() -> Content:
        asyncio.get_running_loop().call_soon(ask_before_the_end_is_noticed)
        return Content(b"7")

    await shop.cache.read_through(Request(a_scope()), TILL, ["stock:1"], read)
    await asyncio.sleep(0)

    assert joined == [False]


async def test_a_failed_read_fails_for_all_that_wait_and_is_repeated(shop: Shop) -> None:
    async def fail() -> Content:
        raise ConnectionError("lost")

    request = Request(a_scope())
    asked = [shop.cache.read_through(request, TILL, ["stock:1"], fail) for _ in range(3)]
    failures = await asyncio.gather(*asked, return_exceptions=True)

    assert [type(each) for each in failures] == [ConnectionError] * 3
    assert (await shop.ask()).body == b"7"


async def test_no_other_scope_joins_a_read_for_one(shop: Shop) -> None:
    keys = ["till of 1", "till of 2", "trusted till of 1"]
    await asyncio.gather(*(shop.ask(a_scope(key=key)) for key in keys))

    assert shop.reads == len(keys)
