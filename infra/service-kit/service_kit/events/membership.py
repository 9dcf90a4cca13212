"""Notices that another worker of the service has the same name."""

import random
from collections import deque
from datetime import timedelta

from aiokafka import AIOKafkaConsumer

# A worker that was frozen loses its membership once, and another time when the broker restarts. Of
# two workers with one name each takes the membership from the other, with every heartbeat.
LOSSES = 3
TAKEN_AGAIN_WITHIN = timedelta(seconds=60)
# The worker that notices it first leaves the partitions to the other one for so long. On a busy
# machine both notice it at once: the one that rests for less then works until the other comes back.
SHORTEST_REST, LONGEST_REST = timedelta(seconds=20), timedelta(seconds=60)


def choose_rest() -> timedelta:
    """Return how long to leave the partitions to the other worker, at random."""
    return SHORTEST_REST + random.random() * (LONGEST_REST - SHORTEST_REST)


class NameTaken(Exception):
    """Another worker takes this worker's place in the group: WORKER_INSTANCE must be unique."""


class Membership:
    """A named worker's place in its consumer group, and how often the group has forgotten it."""

    def __init__(self, name: str | None) -> None:
        self._name = name
        self._lost_at: deque[float] = deque(maxlen=LOSSES)
        self._is_taken = False

    def note_rejoin(self, client: AIOKafkaConsumer, now: float) -> None:
        """Note that the client joins its group again, for whatever reason."""
        # After a usual rebalance the client still has its id. aiokafka has no other sign for it.
        if self._name is None or client._coordinator.member_id:
            return
        self._lost_at.append(now)
        lasted = now - self._lost_at[0]
        self._is_taken = (
            len(self._lost_at) == LOSSES and lasted < TAKEN_AGAIN_WITHIN.total_seconds()
        )

    def raise_if_taken(self) -> None:
        if self._is_taken:
            raise NameTaken(f"another worker is called {self._name}")
