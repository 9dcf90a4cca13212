"""What leads to an event: the trace that it belongs to, and who acts."""

from contextvars import ContextVar
from typing import NamedTuple

from service_kit.telemetry.tracing import current_traceparent

MOST_CHARACTERS = 100

_actor: ContextVar[str | None] = ContextVar("actor", default=None)


class Cause(NamedTuple):
    """The trace of a request, and the client that sent it, or a process that acts by itself."""

    traceparent: str | None = None
    actor: str | None = None  # None: unknown, as in events from before there were actors


def act_as(actor: str) -> None:
    """Say who acts in this task from now on, and in the tasks that it creates."""
    _actor.set(clean_actor(actor))


def current_actor() -> str | None:
    """Return who acts in this task; None when nobody has said it."""
    return _actor.get()


def current_cause() -> Cause:
    """Return the cause of an event that this task makes."""
    return Cause(current_traceparent(), current_actor())


def clean_actor(told: str | None) -> str | None:
    """Return a name as one line that is not too long; None for an empty one."""
    name = (told or "")[:MOST_CHARACTERS]
    return "".join(each if each.isprintable() else "?" for each in name) or None
