"""Caches which caller has which API key, and which keys are unknown, until keys change."""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from math import inf
from time import monotonic
from typing import NamedTuple, TypeVar

from starlette.types import Scope

from service_kit.database.change_feed import ChangeFeed

# The name that triggers announce when a key is added, changed or revoked.
KEYS_CHANGED = "api-keys"
# The member of an ASGI scope that holds the caller, once the key has been checked.
CALLER = "comptoir.caller"
MOST_CALLERS = 10_000
UNKNOWN_SECONDS = 5.0
LEAST_KEY_LENGTH = 32
# The keys in `.env.example` and `secrets.example.yaml` begin with it.
EXAMPLE = "trial-"

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Caller:
    """The sender of a request, as its key says.

    A site is a part of the data that a key can be limited to. A service says what its sites are,
    and what each right permits.
    """

    client_id: str
    role: str
    sites: frozenset[int] | None = None  # None: all
    rights: frozenset[str] = frozenset()

    def reaches(self, site: int) -> bool:
        """Return whether the key may touch the data of this site."""
        return self.sites is None or site in self.sites

    def narrow(self, wanted: int | None) -> frozenset[int] | None:
        """Return the sites that a list may show, of one site if it is wanted; None: all."""
        if wanted is None:
            return self.sites
        return frozenset({wanted}) if self.reaches(wanted) else frozenset()


class FoundCaller(NamedTuple):
    """A caller, and until when: the moment on the monotonic clock at which the key expires."""

    caller: Caller
    until: float


def hash_key(key: str) -> bytes:
    """Return the SHA-256 of a key: enough for 256 random bits, which no dictionary holds."""
    return hashlib.sha256(key.encode()).digest()


def is_weak(key: str) -> bool:
    """Return whether a key can be guessed: it is short, or stands in an example."""
    return len(key) < LEAST_KEY_LENGTH or key.startswith(EXAMPLE)


def read_key(scope: Scope) -> str | None:
    """Return the key in `x-token`, or else in `Authorization: Bearer`; None without one."""
    authorization = ""
    for name, value in scope["headers"]:
        if name == b"x-token":
            return str(value, "latin-1")
        if name == b"authorization":
            authorization = str(value, "latin-1")
    scheme, _, credentials = authorization.partition(" ")
    return credentials.strip() if scheme.lower() == "bearer" else None


class CallerCache:
    """Callers and unknown keys stay cached until keys change, unknown ones for seconds at most.

    The client of a key is remembered for longer: it tells whose limit a request counts for, and
    permits nothing.
    """

    def __init__(self, feed: ChangeFeed) -> None:
        self.hits = self.misses = 0
        # The clients that have sent a request since their uses were last written.
        self.used: set[str] = set()
        self._feed = feed
        # Each with the moment at which its key expires, by the monotonic clock.
        self._callers: dict[bytes, FoundCaller] = {}
        self._unknown_until: OrderedDict[bytes, float] = OrderedDict()
        self._met: OrderedDict[bytes, str] = OrderedDict()
        feed.watch(self._remove_stale)

    def find(self, key: str) -> Caller | None:
        """Return the caller who has this key, unless it is unknown, stale or expired."""
        if not self._feed.is_live:
            return None
        found = self._callers.get(hash_key(key))
        if found is None or found.until <= monotonic():
            return None
        self.hits += 1
        self.used.add(found.caller.client_id)
        return found.caller

    def add(self, key: str, caller: Caller, since: int, until: float = inf) -> None:
        """Cache a caller that the database returned at the moment `since` or later.

        It is forgotten at `until` on the monotonic clock, when its key expires.
        """
        digest = hash_key(key)
        _add_bounded(self._met, digest, caller.client_id)
        self.used.add(caller.client_id)
        if not self._feed.is_live or self._feed.has_changed([KEYS_CHANGED], since):
            return
        if len(self._callers) >= MOST_CALLERS:
            self._callers.clear()
        self._callers[digest] = FoundCaller(caller, until)

    def client_of(self, key: str) -> str | None:
        """Return the client who had this key when it was last looked up."""
        return self._met.get(hash_key(key))

    def is_unknown(self, key: str) -> bool:
        """Return whether the database did not know this key a moment ago."""
        return self._feed.is_live and self._unknown_until.get(hash_key(key), 0.0) > monotonic()

    def add_unknown(self, key: str, since: int) -> None:
        """Cache that the database did not know a key at the moment `since` or later."""
        digest = hash_key(key)
        self._met.pop(digest, None)
        if self._feed.is_live and not self._feed.has_changed([KEYS_CHANGED], since):
            _add_bounded(self._unknown_until, digest, monotonic() + UNKNOWN_SECONDS)

    def _remove_stale(self, name: str | None, value: str) -> None:
        if name in (None, KEYS_CHANGED):
            self._callers.clear()
            self._unknown_until.clear()


def _add_bounded(cached: OrderedDict[bytes, Value], digest: bytes, value: Value) -> None:
    cached[digest] = value
    cached.move_to_end(digest)
    if len(cached) > MOST_CALLERS:
        cached.popitem(last=False)
