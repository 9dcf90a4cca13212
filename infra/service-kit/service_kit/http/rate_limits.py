"""Answers 429 to a key or an address that sends too much, before anything else is done."""

from opentelemetry import trace
from opentelemetry.trace import INVALID_SPAN
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service_kit.http.callers import read_key
from service_kit.http.problems import Problem
from service_kit.http.quotas import Quota, address_of
from service_kit.http.response_cache import FROM_CACHE
from service_kit.http.state import ApiState
from service_kit.telemetry.http_telemetry import OPERATIONS
from service_kit.telemetry.server_spans import SPAN

# A cached response takes about a tenth of the CPU of another one (docs/performance.md).
SPARED_BY_CACHE = 0.9


class RateLimits:
    """Counts a request for its key and for its address; probes and Prometheus always pass.

    A key that this process has not met yet may be a guess. It counts for the address alone, and it
    is refused while the address has too many wrong keys behind it. So guesses take from the
    address little of what its good keys need.
    """

    def __init__(self, app: ASGIApp, state: ApiState) -> None:
        self.app = app
        self._quotas = state.quotas
        self._callers = state.callers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in OPERATIONS:
            await self.app(scope, receive, send)
            return
        try:
            counted = self._find_quotas(scope)
            left = [quota.take(sender) for quota, sender in counted]
        except Problem as refusal:
            # The request's span is not the current one before the instrumentation.
            with trace.use_span(scope.get(SPAN, INVALID_SPAN)):
                answer = refusal.response(scope["path"])
            await answer(scope, receive, send)
            return
        if not counted:
            await self.app(scope, receive, send)
            return
        policies = [quota.policy for quota, _ in counted]
        told = [
            (b"ratelimit-policy", ", ".join(policies).encode()),
            (b"ratelimit", ", ".join(left).encode()),
        ]

        async def send_with_quotas(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *told]
                if FROM_CACHE in scope:
                    for quota, sender in counted:
                        quota.give_back(sender, SPARED_BY_CACHE)
            await send(message)

        await self.app(scope, receive, send_with_quotas)

    def _find_quotas(self, scope: Scope) -> list[tuple[Quota, str]]:
        """Return the quotas that a request counts for; raise `Problem` 429 for another guess."""
        quotas, address, key = self._quotas, address_of(scope), read_key(scope)
        client = self._callers.client_of(key) if key else None
        if key and client is None and quotas.of_wrong_keys.is_on:
            quotas.of_wrong_keys.refuse_spent(address)
        # A key's own limit first: what it refuses costs the address nothing.
        senders = [(quotas.of_keys, client), (quotas.of_addresses, address)]
        return [(quota, sender) for quota, sender in senders if sender and quota.is_on]
