"""NGINX of the embedded stack runs the configuration of the compose file, at its own addresses."""

import re
from pathlib import Path

import pytest

from infra.tools.local import nginx
from infra.tools.local.layout import DEFAULT_PORTS, Layout, further_ports

PORTS = {**DEFAULT_PORTS, **further_ports(apis=3, workers=2), "nginx": 8090}


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("infra.tools.local.fetch.find", lambda name: f"/usr/sbin/{name}")
    nginx.list_programs(Layout(tmp_path, PORTS))
    return tmp_path / "nginx"


def test_each_instance_of_an_api_is_a_server_with_the_options_of_the_compose_file(
    written: Path,
) -> None:
    upstreams = (written / "upstreams.conf").read_text()

    assert re.findall(r"server 127.0.0.1:(\d+) max_fails=2 fail_timeout=5s;", upstreams) == [
        *("8001", "8011", "8021", "8002", "8012", "8022", "8003", "8013", "8023")
    ]
    # Debian's NGINX does not know this option.
    assert "resolve" not in upstreams
    assert upstreams.count("least_conn;") == 3


def test_only_port_and_folders_of_the_configuration_differ(written: Path) -> None:
    moved = (written / "nginx.conf").read_text().splitlines()
    original = (nginx.SOURCE / "nginx.conf").read_text().splitlines()

    changed = [line for line, former in zip(moved, original, strict=True) if line != former]
    assert changed[0] == f"pid {written}/nginx.pid;"
    addresses = [line.split()[-1] for line in changed]
    assert addresses.count("127.0.0.1:8090;") == 1
    assert f"{nginx.SOURCE}/docs.html;" in addresses
    folders = (f"{written}/", f"{nginx.SOURCE}/", "127.0.0.1:8090;")
    assert [each for each in addresses if not each.startswith(folders)] == []


def test_without_a_port_there_is_no_nginx(tmp_path: Path) -> None:
    assert nginx.list_programs(Layout(tmp_path, DEFAULT_PORTS)) == []
