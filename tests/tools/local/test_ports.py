"""A taken port is named, with its holder and what to do."""

import socket
from pathlib import Path

import pytest

from infra.tools.local.layout import DEFAULT_PORTS, Layout, StackError, wanted_ports
from infra.tools.local.ports import check_free, find_free_ports


def test_free_ports_are_distinct_and_free(tmp_path: Path) -> None:
    layout = Layout(tmp_path, find_free_ports())

    assert len(set(layout.ports.values())) == len(DEFAULT_PORTS)
    check_free(layout, layout.ports)


def test_a_taken_port_is_named_with_its_holder_and_the_way_out(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        layout = Layout(tmp_path, find_free_ports() | {"stock-api": port})

        with pytest.raises(StackError, match=rf"port {port} \(stock-api\).*pid \d+") as refused:
            check_free(layout, layout.ports)

    assert "COMPTOIR_STOCK_API_PORT=…" in str(refused.value)


def test_the_environment_moves_a_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPTOIR_SALES_WORKER_PORT", "9201")

    assert wanted_ports() == DEFAULT_PORTS | {"sales-worker": 9201}


@pytest.mark.parametrize("nonsense", ["", "http", "0", "65536", "-1"])
def test_a_port_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, nonsense: str) -> None:
    monkeypatch.setenv("COMPTOIR_KAFKA_PORT", nonsense)

    with pytest.raises(StackError, match="COMPTOIR_KAFKA_PORT"):
        wanted_ports()
