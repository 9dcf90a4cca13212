"""`make up` names only pages that show something, and says how to get the others."""

from pathlib import Path

import pytest

from infra.tools.local import fetch
from infra.tools.local.layout import DEFAULT_PORTS, Layout
from infra.tools.local.observability import PORTS
from infra.tools.local.summary import print_addresses

WATCHED = {**DEFAULT_PORTS, **PORTS}
BOARD, JAEGER = "http://127.0.0.1:9090/user/", "http://127.0.0.1:16686"


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "find", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(fetch, "find_charts", lambda: "/charts")
    monkeypatch.setattr(fetch, "TOOLS", dict.fromkeys(fetch.OBSERVABILITY, found("/there")))


def found(path: str | None) -> fetch.Tool:
    return fetch.Tool(lambda: path, lambda: None)


def give_interface(monkeypatch: pytest.MonkeyPatch, is_there: bool) -> None:
    monkeypatch.setattr(
        "infra.tools.local.observability.has_interface", lambda jaeger_url: is_there
    )


def test_everything_that_can_be_looked_at_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    give_interface(monkeypatch, True)

    print_addresses(Layout(tmp_path, WATCHED))

    told = capsys.readouterr().out
    assert BOARD in told
    assert JAEGER in told
    assert "Not installed" not in told


def test_a_jaeger_without_an_interface_is_no_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    give_interface(monkeypatch, False)

    print_addresses(Layout(tmp_path, WATCHED))

    told = capsys.readouterr().out
    assert JAEGER not in told
    assert "the board shows its traces" in told


def test_what_is_not_installed_is_told_with_the_command_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fetch, "find_charts", lambda: None)
    monkeypatch.setitem(fetch.TOOLS, "charts", found(None))
    monkeypatch.setitem(fetch.TOOLS, "jaeger", found(None))

    print_addresses(Layout(tmp_path, {**DEFAULT_PORTS, "prometheus": 9090}))

    told = capsys.readouterr().out
    assert BOARD not in told
    assert "Not installed: charts, jaeger. make observability installs" in told
