"""What cannot be installed says in a line what to put on the PATH."""

from pathlib import Path

import pytest

from infra.tools.local import charts, fetch


@pytest.fixture(autouse=True)
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide Debian, Go and everything that is installed."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("infra.tools.local.fetch.shutil.which", lambda name, path=None: None)


@pytest.mark.parametrize("name", ["prometheus", "prometheus-pages", "nginx", "jaeger"])
def test_without_debian_or_go_a_line_says_what_to_put_on_the_path(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fetch.main([name]) == 1

    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert f"put {name.removesuffix('-pages')}" in told.replace("Jaeger 2", "jaeger")


def test_a_prometheus_that_has_its_own_pages_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.tools.local.fetch.find", lambda name: f"/opt/{name}")

    assert fetch.main(["prometheus-pages"]) == 0


def test_another_file_than_the_pinned_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jar = tmp_path / "uplot.jar"
    jar.write_bytes(b"something else")
    monkeypatch.setattr("infra.tools.local.charts._fetch", lambda package: jar)

    with pytest.raises(charts.WebJarMissing, match="is not the file"):
        charts.install(tmp_path / "uplot")
    assert not charts.is_in(tmp_path / "uplot")
