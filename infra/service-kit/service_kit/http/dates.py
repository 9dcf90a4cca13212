"""Dates and instants in requests: they are written in ISO 8601, and no number means one."""

import re
from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

_WRITTEN = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _is_written(value: Any) -> Any:
    # Pydantic takes a number for seconds since 1970, and an instant of midnight for its date.
    if isinstance(value, str) and _WRITTEN.fullmatch(value):
        return value
    raise PydanticCustomError("date_from_datetime_parsing", "a date is YYYY-MM-DD")


def is_written_instant(value: Any) -> Any:
    """Return a text that begins with a date; raise a fault for anything else."""
    # Pydantic takes numbers, also in texts, for seconds or milliseconds since 1970.
    if isinstance(value, str) and _WRITTEN.match(value):
        return value
    raise PydanticCustomError("datetime_parsing", "an instant is ISO 8601")


WrittenDate = BeforeValidator(_is_written)
CalendarDate = Annotated[date, WrittenDate]
# These two stand after the bounds of a type: before them a bound would be told as Python writes it.
WrittenInstant = BeforeValidator(is_written_instant)
