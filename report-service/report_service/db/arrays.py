"""Turns rows into arrays, so that one `unnest` statement writes them all."""

from collections.abc import Sequence
from typing import Any, NamedTuple


def as_arrays(rows: Sequence[NamedTuple]) -> dict[str, list[Any]]:
    """Return the columns of the rows by field name. `rows` must not be empty."""
    return dict(zip(rows[0]._fields, map(list, zip(*rows, strict=True)), strict=True))
