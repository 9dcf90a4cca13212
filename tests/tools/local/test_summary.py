"""`make up` names only pages that show something, and says how to get the others."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from infra.tools.local import fetch
from infra.tools.local.layout import DEFAULT_PORTS, Layout
from infra.tools.local.observability import PORTS
from infra.tools.local.summary import print_addresses

WATCHED = {**DEFAULT_PORTS, **PORTS}
Tell: TypeAlias = Callable[[dict[str, int]], str]
BOARD, JAEGER = "http://127.0.0.1:9090/user/", "http://127.0.0.1:16686"


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "find", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(fetch, "find_charts", lambda: "/charts")
    monkeypatch.setattr(fetch, "TOOLS", dict.fromkeys(fetch.OBSERVABILITY, found("/there")))


@pytest.fixture
def tell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Tell:
    """Return a function that returns what `make up` prints."""

    def print_and_read(ports: dict[str, int]) -> str:
        print_addresses(Layout(tmp_path, ports))
        return capsys.readouterr().out

    return print_and_read


def found(path: str | None) -> fetch.Tool:
    return fetch.Tool(lambda: path, lambda: None)


def give_interface(monkeypatch: pytest.MonkeyPatch, is_there: bool) -> None:
    monkeypatch.setattr(
        "infra.tools.local.observability.has_interface", lambda jaeger_url: is_there
    )


def test_everything_that_can_be_looked_at_is_named(
    monkeypatch: pytest.MonkeyPatch, tell: Tell
) -> None:
    give_interface(monkeypatch, True)

    told = tell(WATCHED)

    assert BOARD in told
    assert f"{BOARD}#/endpoint-breakdown?var-handler=/api/ventes/ the breakdown of a sale" in told
    assert "make load SCENARIO=soak DURATION=60s sends some" in told
    assert JAEGER in told
    assert "Not installed" not in told


def test_a_jaeger_without_an_interface_is_no_page(
    monkeypatch: pytest.MonkeyPatch, tell: Tell
) -> None:
    give_interface(monkeypatch, False)

    told = tell(WATCHED)

    assert JAEGER not in told
    assert "the board shows its traces" in told


def test_what_is_not_installed_is_told_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, tell: Tell
) -> None:
    monkeypatch.setattr(fetch, "find_charts", lambda: None)
    monkeypatch.setitem(fetch.TOOLS, "charts", found(None))
    monkeypatch.setitem(fetch.TOOLS, "jaeger", found(None))

    told = tell({**DEFAULT_PORTS, "prometheus": 9090})

    assert BOARD not in told
    assert "Not installed: charts, jaeger. make observability installs" in told
