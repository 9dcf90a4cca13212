"""A wall clock that can be set wrong in one running process."""

import sys
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

CLOCK = "clock-offset-seconds"
# Modules that read the time; elsewhere `datetime` is only a type.
CLOCK_USERS = ("use_cases.", "relay", "consumers.", "consumer")


def set_clock(folder: Path, offset: timedelta) -> None:
    """Shift a process's clock."""
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f".{CLOCK}"
    fresh.write_text(str(offset.total_seconds()))
    fresh.rename(folder / CLOCK)


def heal_clock(folder: Path) -> None:
    (folder / CLOCK).unlink(missing_ok=True)


class _WrongClock:
    """Replaces `datetime` in a module."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / CLOCK

    def now(self, tz: tzinfo | None = None) -> datetime:
        try:
            offset = float(self._file.read_text())
        except FileNotFoundError:
            offset = 0.0
        return datetime.now(tz) + timedelta(seconds=offset)

    def __getattr__(self, name: str) -> Any:
        return getattr(datetime, name)


def install(folder: Path) -> None:
    """Give the modules that read the time a clock that follows the folder's file."""
    for name, module in list(sys.modules.items()):
        package, _, path = name.partition(".")
        is_ours = package.endswith(("_service", "service_kit")) and path.startswith(CLOCK_USERS)
        if is_ours and getattr(module, "datetime", None) is datetime:
            module.__dict__["datetime"] = _WrongClock(folder)
