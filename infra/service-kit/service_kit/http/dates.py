"""Dates in requests: a date is written as a date, and nothing else means one."""

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


CalendarDate = Annotated[date, BeforeValidator(_is_written)]
