"""How many requests a process answers to one key and to one address, and how many wrong keys.

A refusal is 429. `RateLimit` and `RateLimit-Policy` have the form of
draft-ietf-httpapi-ratelimit-headers-11: `q` is the burst, `w` the seconds in which an empty bucket
fills, `r` the requests that are left, `t` the seconds until there is one again.
"""

from enum import StrEnum
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address
from math import ceil

from opentelemetry.metrics import Counter, Meter
from starlette.types import Scope

from service_kit.http.problems import Problem
from service_kit.http.token_buckets import TokenBuckets
from service_kit.settings import ServiceSettings

# The length of the longest address. A client behind a trusted proxy that passes everything on
# could send any text as its address.
MOST_CHARACTERS = 45


class Limit(StrEnum):
    """The values of the label `limit`, which are the names of the policies, too."""

    KEY = "key"
    ADDRESS = "address"
    WRONG_KEYS = "wrong-keys"


class Quota:
    """The requests that each sender may send; a rate of 0 limits nothing."""

    def __init__(self, limit: Limit, rate: float, burst: int, limited: Counter) -> None:
        self.limit = limit
        self.is_on = rate > 0
        rate = rate if self.is_on else 1.0
        self.policy = f'"{limit}";q={burst};w={ceil(burst / rate)}'
        self._told = f'"{limit}";r='
        self._buckets = TokenBuckets(rate, burst)
        self._limited = limited
        # Start at zero: the first refusals must be an increase of the counter.
        limited.add(0, {"limit": limit})

    def take(self, sender: str, requests: float = 1.0) -> str:
        """Count a request of this sender; return what is left to it, as `RateLimit` says it.

        A request that costs little counts as less than one. Raises `Problem` 429 when too little
        was left.
        """
        left = self._buckets.take(sender, requests)
        if left < 0:
            raise self._refuse(-left)
        return self._told + str(int(left))

    def give_back(self, sender: str) -> None:
        """Return a request that `take` has counted."""
        self._buckets.give_back(sender)

    def refuse_spent(self, sender: str) -> None:
        """Raise `Problem` 429 when nothing is left to this sender; count nothing otherwise."""
        if missing := self._buckets.missing(sender):
            raise self._refuse(missing)

    def _refuse(self, missing: float) -> Problem:
        self._limited.add(1, {"limit": self.limit})
        seconds = max(1, ceil(missing / self._buckets.rate))
        headers = {
            "Retry-After": str(seconds),
            "RateLimit-Policy": self.policy,
            "RateLimit": f"{self._told}0;t={seconds}",
        }
        if self.limit is Limit.WRONG_KEYS:
            return Problem.of("too-many-wrong-keys", headers=headers)
        return Problem.of("too-many-requests", headers=headers)


class Quotas:
    """The quotas of a process."""

    def __init__(self, settings: ServiceSettings, meter: Meter) -> None:
        limited = meter.create_counter(
            "http_requests_limited",
            description="How many requests were answered 429, and by which limit?",
        )
        self.of_keys = Quota(Limit.KEY, settings.key_rate, settings.key_burst, limited)
        self.of_addresses = Quota(
            Limit.ADDRESS, settings.address_rate, settings.address_burst, limited
        )
        self.of_wrong_keys = Quota(
            Limit.WRONG_KEYS, settings.wrong_key_rate, settings.wrong_key_burst, limited
        )

    def list_policies(self) -> dict[bool, list[str]]:
        """Return the policies of a request, by whether its key is known."""
        counted = {True: (self.of_keys, self.of_addresses), False: (self.of_addresses,)}
        return {
            is_known: [quota.policy for quota in quotas if quota.is_on]
            for is_known, quotas in counted.items()
        }


def address_of(scope: Scope) -> str:
    """Return the address that a request came from, as the server or a trusted proxy names it.

    Of an IPv6 address only the network: one customer of a provider has 2^64 addresses.
    """
    client = scope.get("client")
    return _network_of(client[0][:MOST_CHARACTERS]) if client else ""


@lru_cache(maxsize=1024)
def _network_of(host: str) -> str:
    try:
        address = IPv6Address(host)
    except AddressValueError:
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return f"{int(address) >> 64:x}"
