"""Answers what needs no application: 429 to whoever sends too much, and what is cached."""

from opentelemetry import trace
from opentelemetry.trace import INVALID_SPAN
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service_kit.http.cached_response import Headers
from service_kit.http.callers import CALLER, read_key
from service_kit.http.problems import Problem
from service_kit.http.quotas import address_of
from service_kit.http.state import ApiState
from service_kit.telemetry.http_telemetry import OPERATIONS
from service_kit.telemetry.server_spans import SPAN

# A cached response takes about a tenth of the CPU of another one (docs/performance.md).
CACHED = 0.1


class FirstAnswers:
    """Counts a request for its key and for its address, and sends its response if it is cached.

    Probes and Prometheus always pass. A key that this process has not met yet may be a guess. It
    counts for the address alone, and it is refused while the address has too many wrong keys behind
    it. So guesses take little from the address's own limit, which its good keys need.
    """

    def __init__(self, app: ASGIApp, state: ApiState) -> None:
        self.app = app
        self._quotas = state.quotas
        self._callers = state.callers
        self._cache = state.response_cache
        self._policies = {
            has_client: (b"ratelimit-policy", ", ".join(policies).encode())
            for has_client, policies in self._quotas.list_policies().items()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in OPERATIONS:
            await self.app(scope, receive, send)
            return
        key = read_key(scope)
        caller = self._callers.find(key) if key else None
        if caller is not None:
            scope[CALLER] = caller  # The key is hashed once in a request.
        hit = None if caller is None else self._cache.find(scope, caller)
        try:
            told = self._count(scope, key, 1.0 if hit is None else CACHED)
        except Problem as refusal:
            # The request's span is not the current one before the instrumentation.
            with trace.use_span(scope.get(SPAN, INVALID_SPAN)):
                answer = refusal.response(scope["path"])
            await answer(scope, receive, send)
            return
        if hit is not None:
            # Telemetry names the request by it, as when the router had found it.
            scope["route"] = hit.route
            # The server leaves out the body of an answer to HEAD.
            await hit.send(send, told)
        elif told:
            await self.app(scope, receive, _with_headers(send, told))
        else:
            await self.app(scope, receive, send)

    def _count(self, scope: Scope, key: str | None, requests: float) -> Headers:
        """Count a request, and return the headers that say what is left; raise `Problem` 429."""
        quotas, address = self._quotas, address_of(scope)
        client = self._find_client(scope, key)
        if key and client is None and quotas.of_wrong_keys.is_on:
            quotas.of_wrong_keys.refuse_spent(address)
        left = []
        # A key's own limit first: what it refuses costs the address nothing.
        if client is not None and quotas.of_keys.is_on:
            left.append(quotas.of_keys.take(client, requests))
        if quotas.of_addresses.is_on:
            left.append(quotas.of_addresses.take(address, requests))
        if not left:
            return []
        return [self._policies[client is not None], (b"ratelimit", ", ".join(left).encode())]

    def _find_client(self, scope: Scope, key: str | None) -> str | None:
        if CALLER in scope:
            client: str = scope[CALLER].client_id
            return client
        return self._callers.client_of(key) if key else None


def _with_headers(send: Send, headers: Headers) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *headers]
        await send(message)

    return send_with_headers
