"""What ended a sale that counts no more."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class VoidOrigin(StrEnum):
    """Who ended a sale: a till, or the service because the stock did not decide in time."""

    TILL = "till"
    TIMEOUT = "timeout"


@dataclass(frozen=True, slots=True)
class Void:
    """The end of a sale: a till gives a reason, a timeout has none."""

    origin: VoidOrigin
    at: datetime
    by: str | None  # None: unknown, as of a sale from before this was kept
    reason: str | None = None
