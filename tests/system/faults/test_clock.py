"""The fault `wrong-clock` reaches the modules that read the time, or says that it does not."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import pytest

from tests.system.faults import clock

HOUR = timedelta(hours=1)
READS = "from datetime import UTC, datetime\ndef now(): return datetime.now(UTC)\n"
READS_BY_ANOTHER_NAME = "import datetime as dt\ndef now(): return dt.datetime.now(dt.UTC)\n"
READS_NOTHING = "def now(): return None\n"


@pytest.fixture(autouse=True)
def no_other_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide our modules: a clock would stay in those of the tests' process."""
    for name in list(sys.modules):
        if name.partition(".")[0].endswith(("_service", "service_kit")):
            monkeypatch.delitem(sys.modules, name)


def add_module(monkeypatch: pytest.MonkeyPatch, folder: Path, source: str) -> ModuleType:
    """Import a module of a service that is this source."""
    file = folder / "some_service.py"
    file.write_text(source)
    module = ModuleType("some_service")
    module.__file__ = str(file)
    exec(compile(source, file, "exec"), vars(module))
    monkeypatch.setitem(sys.modules, "some_service", module)
    return module


def test_a_module_that_reads_the_time_gets_the_wrong_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = add_module(monkeypatch, tmp_path, READS)
    clock.install(tmp_path)

    clock.set_clock(tmp_path, -HOUR)

    assert datetime.now(UTC) - module.now() > HOUR / 2


@pytest.mark.parametrize("source", [READS_BY_ANOTHER_NAME, READS_NOTHING])
def test_a_clock_that_reaches_no_module_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    add_module(monkeypatch, tmp_path, source)

    with pytest.raises(AssertionError, match="time"):
        clock.install(tmp_path)
