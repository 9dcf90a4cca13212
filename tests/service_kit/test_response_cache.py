"""The response cache holds an answer until its data changes, and only while the feed is live."""

import asyncio
from time import time

import pytest

from service_kit.http.callers import Caller
from service_kit.http.response_cache import MOST_QUERIES
from tests.service_kit.caching import CALLERS, Shop, a_scope


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
