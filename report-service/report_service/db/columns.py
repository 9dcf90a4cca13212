"""Turns rows into the arrays that one `unnest` statement per table takes."""

from collections.abc import Sequence
from typing import Any, NamedTuple


def columns(rows: Sequence[NamedTuple]) -> dict[str, list[Any]]:
    """The rows' columns under their field names; `rows` must not be empty."""
    return dict(zip(rows[0]._fields, map(list, zip(*rows, strict=True)), strict=True))
