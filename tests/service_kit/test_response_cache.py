"""The response cache holds an answer until its data changes, and only while the feed is live."""

import asyncio
from time import time
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import Request, Response
from starlette.types import Scope

from service_kit.database.change_feed import ChangeFeed
from service_kit.http.cached_response import Content
from service_kit.http.callers import Caller
from service_kit.http.response_cache import MOST_QUERIES, ResponseCache

PATH = "/api/magasins/{magasin_id}/stock"
SITE_1 = frozenset({1})
# By their keys. The second till has the scope of the first.
CALLERS = {
    "till": Caller("till", "till"),
    "second till": Caller("second till", "till"),
    "visitor": Caller("visitor", "visitor"),
    "till of 1": Caller("till of 1", "till", SITE_1),
    "till of 2": Caller("till of 2", "till", frozenset({2})),
    "trusted till of 1": Caller("trusted till of 1", "till", SITE_1, frozenset({"backdate"})),
}
TILL = CALLERS["till"]


def a_scope(
    path: str = "/api/magasins/1/stock", key: str = "till", query: bytes = b"", **headers: str
) -> Scope:
    sent = {"x-token": key} | {name.replace("_", "-"): value for name, value in headers.items()}
    return {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": query,
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        "route": SimpleNamespace(path_format=PATH),
    }


class Shop:
    """A live change feed, callers of two roles, and a level that is read slowly."""

    def __init__(self, most_bytes: int = 10**6) -> None:
        self.feed = ChangeFeed()
        self.feed.is_live = True
        self.cache = ResponseCache(self.feed, most_bytes)
        self.level = 7
        self.reads = 0
        self.may_read = asyncio.Event()
        self.may_read.set()

    async def ask(
        self, scope: Scope | None = None, until: float | None = None, caller: Caller | None = None
    ) -> Response:
        """Answer a request that missed the cache, as a route does."""

        async def read() -> Content:
            self.reads += 1
            body = str(self.level).encode()
            await self.may_read.wait()
            return Content(body, until=until)

        request = Request(scope or a_scope())
        caller = caller or CALLERS[request.headers["x-token"]]
        return await self.cache.read_through(request, caller, ["stock:1", "catalogue"], read)

    def cached(
        self, *, key: str = "till", caller: Caller | None = None, **headers: Any
    ) -> bytes | None:
        found = self.cache.find(a_scope(key=key, **headers), caller or CALLERS[key])
        return None if found is None else found.body


@pytest.fixture
async def shop() -> Shop:
    return Shop()


async def test_an_answer_is_cached_until_its_data_changes(shop: Shop) -> None:
    await shop.ask()
    assert shop.cached() == b"7"

    shop.feed.note("stock:2")
    assert shop.cached() == b"7"

    shop.feed.note("stock:1")
    assert shop.cached() is None


async def test_what_changes_while_it_is_read_is_not_cached(shop: Shop) -> None:
    shop.may_read.clear()
    asking = asyncio.create_task(shop.ask())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert shop.reads == 1

    shop.feed.note("catalogue")
    shop.may_read.set()

    assert (await asking).body == b"7"
    assert shop.cached() is None


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


async def test_nothing_is_cached_while_changes_are_not_heard(shop: Shop) -> None:
    await shop.ask()
    shop.feed.is_live = False
    assert shop.cached() is None

    await shop.ask()
    shop.feed.forget()
    shop.feed.is_live = True
    assert shop.cached() is None


async def test_a_cached_answer_needs_a_key_of_the_same_scope(shop: Shop) -> None:
    await shop.ask()

    assert shop.cached(key="till") == b"7"
    assert shop.cached(key="second till") == b"7"
    assert shop.cached(key="visitor") is None


@pytest.mark.parametrize("key", ["till of 1", "till of 2", "trusted till of 1", "till"])
async def test_no_other_scope_gets_what_was_cached_for_one(shop: Shop, key: str) -> None:
    await shop.ask(a_scope(key=key))

    assert [each for each in CALLERS if shop.cached(key=each)] == (
        ["till", "second till"] if key == "till" else [key]
    )


async def test_no_other_scope_joins_a_read_for_one(shop: Shop) -> None:
    keys = ["till of 1", "till of 2", "trusted till of 1"]
    await asyncio.gather(*(shop.ask(a_scope(key=key)) for key in keys))

    assert shop.reads == len(keys)


async def test_responses_of_many_scopes_do_not_outgrow_the_cache() -> None:
    shop = Shop(most_bytes=100_000)
    callers = [Caller("any", "manager", frozenset({site})) for site in range(MOST_QUERIES)]
    for caller in callers:
        await shop.ask(caller=caller)

    cached = [caller for caller in callers if shop.cached(caller=caller)]
    assert 1 < len(cached) < 100
    assert cached == callers[-len(cached) :]


@pytest.mark.parametrize("path", ["/api/magasins/1/stock", "/api/magasins/1/stock/"])
async def test_a_response_is_found_with_and_without_the_last_slash(shop: Shop, path: str) -> None:
    await shop.ask(a_scope(path))

    assert shop.cached() == shop.cached(path="/api/magasins/1/stock/") == b"7"


async def test_a_client_may_want_it_read_anew(shop: Shop) -> None:
    await shop.ask()

    for refusal in ("no-cache", "No-Cache", "no-store, MAX-AGE=0"):
        assert shop.cached(cache_control=refusal) is None


async def test_a_response_of_today_is_stale_tomorrow(shop: Shop) -> None:
    await shop.ask(until=time() - 1)

    assert shop.cached() is None


async def test_the_least_recently_used_are_evicted() -> None:
    shop = Shop(most_bytes=5000)
    paths = [f"/api/magasins/{store}/stock" for store in range(10)]
    for path in paths:
        await shop.ask(a_scope(path))
        assert shop.cached(path=paths[0]) == b"7"

    cached = [path for path in paths if shop.cached(path=path)]
    assert cached == [paths[0], *paths[-len(cached) + 1 :]]
    assert 1 < len(cached) < 10


async def test_the_queries_of_one_path_cannot_fill_the_cache() -> None:
    shop = Shop(most_bytes=10**8)
    await shop.ask(a_scope(path="/api/stock/"))
    for query in range(MOST_QUERIES + 1):
        await shop.ask(a_scope(query=b"a=%d" % query))

    assert shop.cached(path="/api/stock/")
    assert not shop.cached(query=b"a=0")
    assert shop.cached(query=b"a=%d" % MOST_QUERIES)


async def test_a_long_query_counts_with_its_bytes() -> None:
    shop = Shop(most_bytes=20_000)
    queries = [b"%d" % each + b"x" * 8000 for each in range(3)]
    for query in queries:
        await shop.ask(a_scope(query=query))

    assert [shop.cached(query=query) is not None for query in queries] == [False, True, True]
