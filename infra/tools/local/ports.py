"""Ports: whether one is free, who holds it, and nine free ones for a test run."""

import socket
from collections.abc import Iterable
from contextlib import ExitStack

import psutil

from infra.tools.local.layout import DEFAULT_PORTS, Layout, StackError, port_variable


def check_free(layout: Layout, names: Iterable[str]) -> None:
    """Raises `StackError` that names every taken port, who holds it, and what to do."""
    taken = [name for name in names if not _is_free(layout.ports[name])]
    if taken:
        lines = [
            f"port {layout.ports[name]} ({name}) is taken{_holder(layout.ports[name])}: "
            f"stop that, or move ours with {port_variable(name)}=… make up"
            for name in taken
        ]
        raise StackError("\n".join(lines))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # Without it, connections that ended a moment ago would count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _holder(port: int) -> str:
    try:
        connections = psutil.net_connections("tcp")
    except psutil.AccessDenied:
        return ""
    for each in connections:
        # An address is a pair, or empty.
        if each.status == psutil.CONN_LISTEN and each.laddr[1:] == (port,) and each.pid:
            try:
                return f" by {psutil.Process(each.pid).name()} (pid {each.pid})"
            except psutil.NoSuchProcess:
                return ""
    return ""


def find_free_ports(names: Iterable[str] = tuple(DEFAULT_PORTS)) -> dict[str, int]:
    """A free port under each name; all are held until the last is found, so that none repeats."""
    with ExitStack() as held:
        probes = {name: held.enter_context(socket.socket()) for name in names}
        for probe in probes.values():
            probe.bind(("127.0.0.1", 0))
        return {name: probe.getsockname()[1] for name, probe in probes.items()}
