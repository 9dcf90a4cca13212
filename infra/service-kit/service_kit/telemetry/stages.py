"""Where a request's time goes: stages that exclude one another, and so add up to all of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from enum import StrEnum
from time import perf_counter, time_ns

from opentelemetry import trace

tracer = trace.get_tracer(__name__)


class Stage(StrEnum):
    """The values of the label `stage`, in the order in which a request meets them."""

    QUEUE = "queue"  # arrived, and the event loop was busy with others
    AUTHENTICATION = "authentication"
    POOL = "pool"  # waiting for a connection to the database
    SQL = "sql"  # waiting for the database's answer, COMMIT included
    WAIT = "wait"  # waiting for another service: the stock's decision, a sale in the report
    APPLICATION = "application"  # everything else: parsing, validation, our own code
    SERIALISATION = "serialisation"  # from the result to the bytes of the answer
    SEND = "send"  # from the answer's first byte to its last


class Stages:
    """The clock of one request: of all stages that are open, the innermost one is running."""

    __slots__ = ("_open", "_since", "arrived", "seconds")

    def __init__(self, arrived: float) -> None:
        """`arrived` is a reading of `perf_counter` at which the queue's time began."""
        self.seconds: dict[Stage, float] = {}
        self.arrived = arrived
        self._open = [Stage.QUEUE]
        self._since = arrived

    def _stop(self) -> None:
        now = perf_counter()
        running = self._open[-1]
        self.seconds[running] = self.seconds.get(running, 0.0) + now - self._since
        self._since = now

    def enter(self, stage: Stage) -> int:
        """Let a stage run; what is returned closes it."""
        self._stop()
        self._open.append(stage)
        return len(self._open) - 1

    def leave(self, depth: int) -> None:
        """Close a stage, and whatever was opened in it and left open by an error."""
        self._stop()
        del self._open[depth:]

    def become(self, stage: Stage) -> None:
        """What runs when no other stage is open is `stage` from now on."""
        self._stop()
        self._open[0] = stage

    def read(self) -> dict[Stage, float]:
        """The seconds of each stage up to now."""
        self._stop()
        return self.seconds


_CURRENT: ContextVar[Stages | None] = ContextVar("stages", default=None)


def begin(arrived: float | None) -> tuple[Stages, Token[Stages | None]]:
    """Start the clock of the request that this task answers."""
    stages = Stages(perf_counter() if arrived is None else arrived)
    stages.become(Stage.APPLICATION)
    return stages, _CURRENT.set(stages)


def end(token: Token[Stages | None]) -> None:
    """The request is answered."""
    _CURRENT.reset(token)


def current() -> Stages | None:
    """The clock of the request that is being answered, if one is."""
    return _CURRENT.get()


@contextmanager
def stage(stage: Stage) -> Iterator[None]:
    """Count what happens inside to `stage`, and show it as a span of the request's trace."""
    stages = _CURRENT.get()
    if stages is None:
        yield
        return
    depth = stages.enter(stage)
    try:
        if trace.get_current_span().is_recording():
            # What goes wrong inside is told by the request's own span.
            with tracer.start_as_current_span(
                stage.value, record_exception=False, set_status_on_exception=False
            ):
                yield
        else:
            yield
    finally:
        stages.leave(depth)


def show(stage: Stage, seconds: float) -> None:
    """A span of the request's trace for a stage that was counted already and ends now."""
    span = trace.get_current_span()
    if span.is_recording():
        now = time_ns()
        tracer.start_span(stage.value, start_time=now - int(seconds * 1e9)).end(now)
