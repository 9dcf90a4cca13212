"""Splits a request's time into stages. At any moment one stage runs, so they add up to all."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from enum import StrEnum
from time import perf_counter, time_ns

from opentelemetry import trace

tracer = trace.get_tracer(__name__)


class Stage(StrEnum):
    """The values of the label `stage`, in the order in which a request meets them."""

    QUEUE = "queue"  # waiting for the event loop, which runs other requests
    AUTHENTICATION = "authentication"
    POOL = "pool"  # waiting for a connection to the database
    SQL = "sql"  # waiting for the database's answer, COMMIT included
    WAIT = "wait"  # waiting for another service: the stock's decision, a sale in the report
    APPLICATION = "application"  # everything else: parsing, validation, our own code
    SERIALISATION = "serialisation"  # encoding the answer
    SEND = "send"  # writing the answer, from its first byte to its last


class Stages:
    """The clock of one request: of all open stages the innermost one runs."""

    __slots__ = ("_arrived", "_open", "_since", "seconds")

    def __init__(self, arrived: float | None) -> None:
        """Begin with `queue`, which lasted from `arrived`, a reading of `perf_counter`."""
        now = perf_counter()
        self._arrived = now if arrived is None else arrived
        self.seconds: dict[Stage, float] = {Stage.QUEUE: now - self._arrived}
        self._open = [Stage.APPLICATION]
        self._since = now

    def arrived_ns(self) -> int:
        """Return when the request arrived, in nanoseconds since 1970."""
        return time_ns() - int((perf_counter() - self._arrived) * 1e9)

    def _stop(self) -> None:
        now = perf_counter()
        running = self._open[-1]
        self.seconds[running] = self.seconds.get(running, 0.0) + now - self._since
        self._since = now

    def enter(self, stage: Stage) -> int:
        """Open a stage and return the depth with which `leave` closes it."""
        self._stop()
        self._open.append(stage)
        return len(self._open) - 1

    def leave(self, depth: int) -> None:
        """Close a stage, and every stage inside it that an error has left open."""
        self._stop()
        del self._open[depth:]

    def become(self, stage: Stage) -> None:
        """Make `stage` the one that runs while no other stage is open."""
        self._stop()
        self._open[0] = stage

    def read(self) -> dict[Stage, float]:
        """Return the seconds of each stage up to now."""
        self._stop()
        return self.seconds


_CURRENT: ContextVar[Stages | None] = ContextVar("stages", default=None)


def begin(arrived: float | None) -> tuple[Stages, Token[Stages | None]]:
    """Start the clock of the request that this task answers."""
    stages = Stages(arrived)
    return stages, _CURRENT.set(stages)


def end(token: Token[Stages | None]) -> None:
    """Take the clock away from this task, when its request is answered."""
    _CURRENT.reset(token)


def current() -> Stages | None:
    """Return the clock of the request that this task answers, if it answers one."""
    return _CURRENT.get()


@contextmanager
def counted(stage: Stage) -> Iterator[None]:
    """Count the time of the block to `stage`, if this task answers a request."""
    stages = _CURRENT.get()
    depth = stages.enter(stage) if stages else 0
    try:
        yield
    finally:
        if stages:
            stages.leave(depth)


@contextmanager
def stage(stage: Stage) -> Iterator[None]:
    """Count the time of the block to `stage`, and show it as a span of the request's trace."""
    with counted(stage):
        if not trace.get_current_span().is_recording():
            yield
            return
        # The request's own span says what went wrong.
        with tracer.start_as_current_span(
            stage.value, record_exception=False, set_status_on_exception=False
        ):
            yield


def show(stage: Stage, seconds: float) -> None:
    """Record a span of the request's trace for a stage that was counted already and ends now."""
    if _CURRENT.get() is None or not trace.get_current_span().is_recording():
        return
    now = time_ns()
    tracer.start_span(stage.value, start_time=now - int(seconds * 1e9)).end(now)
