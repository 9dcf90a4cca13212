"""The board is Grafana's dashboards, a chart library and a page, laid side by side."""

import json
from pathlib import Path

import pytest

from infra.tools.local import board
from infra.tools.local.layout import DEFAULT_PORTS, Layout, StackError
from infra.tools.local.observability import PORTS, list_backend_programs

WATCHED = {**DEFAULT_PORTS, **PORTS}


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("infra.tools.local.fetch.find", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr("infra.tools.local.fetch.find_charts", lambda: str(tmp_path))


def test_the_page_reads_the_files_of_grafana_themselves(tmp_path: Path) -> None:
    folder = board.lay_out(Layout(tmp_path / "state", WATCHED))

    assert folder is not None
    assert (folder / "dashboards/golden-signals.json").samefile(
        board.DASHBOARDS / "golden-signals.json"
    )
    assert (folder / "index.html").is_file()
    assert (folder / "page/main.js").is_file()
    assert (folder / "uplot").samefile(tmp_path)


def test_the_page_is_told_where_jaeger_is(tmp_path: Path) -> None:
    watched, alone = (
        board.lay_out(Layout(tmp_path / name, ports))
        for name, ports in {"watched": WATCHED, "alone": DEFAULT_PORTS}.items()
    )

    assert watched is not None
    assert alone is not None
    assert json.loads((watched / "settings.json").read_text()) == {
        "jaeger": "http://127.0.0.1:16686"
    }
    assert json.loads((alone / "settings.json").read_text()) == {"jaeger": None}


def test_it_is_laid_anew_at_each_start(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "state", WATCHED)
    folder = board.lay_out(layout)
    assert folder is not None
    (folder / "of-an-earlier-version").touch()

    assert board.lay_out(layout) == folder
    assert not (folder / "of-an-earlier-version").exists()


def test_prometheus_serves_it(tmp_path: Path) -> None:
    prometheus, _ = list_backend_programs(Layout(tmp_path, WATCHED))

    assert f"--web.user-assets={tmp_path / 'board'}" in prometheus.command


def test_without_charts_prometheus_runs_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.tools.local.fetch.find_charts", lambda: None)
    layout = Layout(tmp_path, WATCHED)

    prometheus, _ = list_backend_programs(layout)

    assert not any("user-assets" in each for each in prometheus.command)
    assert not board.is_served(layout)


def test_jaeger_allows_the_origin_of_the_page(tmp_path: Path) -> None:
    _, jaeger = list_backend_programs(Layout(tmp_path, {**WATCHED, "prometheus": 9999}))

    assert jaeger.environment["PROMETHEUS_PORT"] == "9999"


def test_a_folder_without_an_interface_is_told_before_jaeger_fails_at_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAEGER_UI_ASSETS", str(tmp_path))
    layout = Layout(tmp_path, WATCHED)

    with pytest.raises(StackError, match="has no index"):
        list_backend_programs(layout)

    (tmp_path / "index.html").touch()
    _, jaeger = list_backend_programs(layout)
    assert jaeger.environment["JAEGER_UI_ASSETS"] == str(tmp_path)
