"""Ports: whether one is free, who holds it, and free ones for a test run."""

import fcntl
import os
import random
import socket
import tempfile
from collections.abc import Iterable
from pathlib import Path

import psutil

from infra.tools.local.layout import DEFAULT_PORTS, Layout, StackError, port_variable


def check_free(layout: Layout, names: Iterable[str]) -> None:
    """Raise a `StackError` that names every taken port, its holder, and what to do."""
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
    """Return a free port for each name, leased to this process until it ends.

    Until a server binds its port, no other process may get it. Another test process that searches
    meets the lease, and the kernel gives no outgoing connection a port below its ephemeral range.
    """
    return {name: _lease_port() for name in names}


_LOWEST_PORT = 10240
_SEARCHES = 1000


def _lease_port() -> int:
    folder = Path(tempfile.gettempdir()) / f"comptoir-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    lowest_ephemeral = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0]
    candidates = range(_LOWEST_PORT, int(lowest_ephemeral))
    for port in random.SystemRandom().sample(candidates, _SEARCHES):
        # A lease is a locked file that stays open: the kernel unlocks it when the process ends,
        # however it ends.
        lease = os.open(folder / str(port), os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lease)
            continue
        if _is_free(port):
            return port
        os.close(lease)
    raise StackError(f"no free port from {candidates[0]} to {candidates[-1]}")
