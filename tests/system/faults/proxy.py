"""`python -m tests.system.faults.proxy PORT TARGET_PORT`: a TCP proxy on loopback, one per link.

Killing the process cuts the link. Freezing it (SIGSTOP) silences the link: connections stay open
and carry nothing, as when a cable is pulled.
"""

import socket
import sys
from typing import Any

from asyncproxy.TCPProxy import TCPProxy


class ReusableSocket(socket.socket):
    """Lets a restarted proxy use its port while old connections linger."""

    def bind(self, address: Any) -> None:
        self.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        super().bind(address)


if __name__ == "__main__":
    port, target = map(int, sys.argv[1:])
    socket.socket = ReusableSocket  # type: ignore[misc]
    proxy = TCPProxy(port, "127.0.0.1", target)
    proxy.start()
    proxy.join()
