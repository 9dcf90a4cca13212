"""The DDL of the tables that the kit owns in each service's database."""

from importlib.resources import files


def _read(name: str) -> list[str]:
    # An empty line ends a statement.
    return (files(__package__) / "ddl" / name).read_text().split("\n\n")


# Frozen: a later change is a new file that a new migration of each service executes.
PLUMBING_V1 = _read("v1.sql")
PLUMBING_V2 = _read("v2.sql")
PLUMBING_V3 = _read("v3.sql")
PLUMBING_V4 = _read("v4.sql")
PLUMBING_V5 = _read("v5.sql")
PLUMBING_V6 = _read("v6.sql")

ALL = (*PLUMBING_V1, *PLUMBING_V2, *PLUMBING_V3, *PLUMBING_V4, *PLUMBING_V5, *PLUMBING_V6)
