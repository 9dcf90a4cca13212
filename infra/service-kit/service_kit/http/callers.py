"""Caches which caller has which API key, until keys change."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from service_kit.database.change_feed import ChangeFeed
from service_kit.http.cache_counts import CacheCounts

# The name that triggers announce when a key is added, changed or revoked.
KEYS_CHANGED = "api-keys"
MOST_CALLERS = 10_000


@dataclass(frozen=True, slots=True)
class Caller:
    """The sender of a request, as its key says."""

    client_id: str
    role: str


def hash_key(key: str) -> bytes:
    """Return the SHA-256 of a key: enough for 256 random bits, which no dictionary holds."""
    return hashlib.sha256(key.encode()).digest()


def read_key(x_token: str | None, authorization: str | None) -> str | None:
    """Return the key of `x-token` or else of `Authorization: Bearer`; None without one."""
    if x_token is not None:
        return x_token
    scheme, _, credentials = (authorization or "").partition(" ")
    return credentials.strip() if scheme.lower() == "bearer" else None


def key_of_headers(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Return the key in a request's headers, or None."""
    x_token = authorization = None
    for name, value in headers:
        if name == b"x-token":
            x_token = value.decode("latin-1")
        elif name == b"authorization":
            authorization = value.decode("latin-1")
    return read_key(x_token, authorization)


class Callers:
    """The cache of callers. Unknown keys are not cached: each one costs a read of the database."""

    def __init__(self, feed: ChangeFeed) -> None:
        self.counts = CacheCounts("callers")
        self._feed = feed
        self._known: dict[bytes, Caller] = {}
        feed.watch(self._forget_changed)

    def find(self, key: str) -> Caller | None:
        """Return the caller who has this key, unless it is unknown or stale."""
        return self._known.get(hash_key(key)) if self._feed.is_live else None

    def keep(self, key: str, caller: Caller, since: int) -> None:
        """Cache a caller that the database returned at the moment `since` or later."""
        if not self._feed.is_live or self._feed.has_changed([KEYS_CHANGED], since):
            return
        if len(self._known) >= MOST_CALLERS:
            self._known.clear()
        self._known[hash_key(key)] = caller

    def _forget_changed(self, name: str | None, value: str) -> None:
        if name in (None, KEYS_CHANGED):
            self._known.clear()
