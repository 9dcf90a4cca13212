"""A response cache with callers, and a level that it reads slowly."""

import asyncio
from types import SimpleNamespace
from typing import Any

from fastapi import Request, Response
from starlette.types import Scope

from service_kit.database.change_feed import ChangeFeed
from service_kit.http.cached_response import Content
from service_kit.http.callers import Caller
from service_kit.http.response_cache import ResponseCache

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
