"""A wall clock that can be set wrong in one running process."""

import sys
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from types import ModuleType

CLOCK = "clock-offset-seconds"
READS_THE_TIME = "datetime.now("


def set_clock(folder: Path, offset: timedelta) -> None:
    """Shift a process's clock."""
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f".{CLOCK}"
    fresh.write_text(str(offset.total_seconds()))
    fresh.rename(folder / CLOCK)


def heal_clock(folder: Path) -> None:
    (folder / CLOCK).unlink(missing_ok=True)


class _AsDatetime(type):
    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, datetime)


def _wrong_clock(folder: Path) -> type[datetime]:
    """Return what replaces `datetime` in a module: its `now` follows the folder's file."""

    class WrongClock(datetime, metaclass=_AsDatetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            try:
                offset = float((folder / CLOCK).read_text())
            except FileNotFoundError:
                offset = 0.0
            return datetime.now(tz) + timedelta(seconds=offset)

    return WrongClock


def readers_of_time() -> list[ModuleType]:
    """Return our imported modules that read the wall clock."""
    ours = [
        module
        for name, module in sys.modules.items()
        if name.partition(".")[0].endswith(("_service", "service_kit"))
    ]
    return [module for module in ours if READS_THE_TIME in _source(module)]


def _source(module: ModuleType) -> str:
    return Path(module.__file__).read_text() if module.__file__ else ""


def install(folder: Path) -> None:
    """Give the modules that read the time a clock that follows the folder's file.

    A fault that reaches no module would find nothing, and say so to nobody.
    """
    clock, readers = _wrong_clock(folder), readers_of_time()
    assert readers, "no module of ours reads the time: the fault would do nothing"
    for module in readers:
        known = getattr(module, "datetime", None)
        assert known is datetime, f"{module.__name__} reads the time by another name than datetime"
        module.__dict__["datetime"] = clock
