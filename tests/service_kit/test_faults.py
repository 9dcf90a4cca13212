"""Which errors of PostgreSQL a consumer waits out, and which make a record a dead letter."""

from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from service_kit.database.faults import is_bad_data, is_too_much, is_transient


class ServerError(Exception):
    """An error of PostgreSQL as the driver raises it."""

    def __init__(self, sqlstate: str, source: str | None = None) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate
        self.server_source_filename = source


def database_error(*arguments: Any) -> DBAPIError:
    # SQLAlchemy puts an error of its own around the driver's.
    adapted = ServerError(arguments[0])
    adapted.__cause__ = ServerError(*arguments)
    return DBAPIError("SELECT 1", {}, adapted)


PASSES = {
    "a prepared statement is older than a migration": ["0A000"],
    "the session was silent in its transaction": ["25P03"],
    "the transaction lasted for too long": ["25P04"],
    "a standby answers": ["25006"],
    "deadlock": ["40P01"],
    "the disk is full": ["53100"],
    "memory is out": ["53200"],
    "the room for temporary files is used up": ["53400"],
    "the queue of notifications is full": ["54000", "async.c"],
    "a lock is held": ["55P03"],
    "statement timeout": ["57014"],
    "the type comes with a migration": ["42704"],
    "the index of an ON CONFLICT comes with a migration": ["42P10"],
    "a page of a table is corrupted, and a person repairs it": ["XX001"],
    "a page of an index is corrupted, and a person repairs it": ["XX002"],
}
BAD_DATA = {
    "two rows for one key": ["21000"],
    "out of range": ["22003"],
    "not unique": ["23505"],
    "outside of a view": ["44000"],
    "too large for an index": ["54000", "nbtutils.c"],
    "nested too deeply": ["54001", "stack_depth.c"],
}
BUGS = {
    "syntax": ["42601"],
    "in an aborted transaction": ["25P02"],
    "internal error": ["XX000"],
}
# Fewer rows at a time need less of it.
TOO_MUCH = {"57014", "53200", "53400"}


@pytest.mark.parametrize("error", PASSES.values(), ids=PASSES.keys())
def test_what_passes_is_waited_out(error: list[str]) -> None:
    fault = database_error(*error)

    assert (is_transient(fault), is_bad_data(fault)) == (True, False)


@pytest.mark.parametrize("error", BAD_DATA.values(), ids=BAD_DATA.keys())
def test_what_the_values_cause_is_no_retry(error: list[str]) -> None:
    fault = database_error(*error)

    assert (is_transient(fault), is_bad_data(fault)) == (False, True)


@pytest.mark.parametrize("error", BUGS.values(), ids=BUGS.keys())
def test_a_bug_is_neither(error: list[str]) -> None:
    fault = database_error(*error)

    assert (is_transient(fault), is_bad_data(fault)) == (False, False)


@pytest.mark.parametrize("error", [*PASSES.values(), *BAD_DATA.values(), *BUGS.values()])
def test_only_what_needs_too_much_is_tried_again_in_smaller_parts(error: list[str]) -> None:
    assert is_too_much(database_error(*error)) == (error[0] in TOO_MUCH)
