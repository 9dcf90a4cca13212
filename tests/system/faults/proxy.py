"""`python -m tests.system.faults.proxy PORT TARGET_PORT`: a TCP proxy on loopback, one per link.

Killing the process cuts the link, freezing it (SIGSTOP) makes it silent: connections stay open
and nothing passes, as when a cable is pulled.
"""

import socket
import sys
from typing import Any

from asyncproxy.TCPProxy import TCPProxy


class ReusableSocket(socket.socket):
    """A proxy that was killed takes its port again, though its old connections linger."""

    def bind(self, address: Any) -> None:
        self.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        super().bind(address)


if __name__ == "__main__":
    port, target = map(int, sys.argv[1:])
    socket.socket = ReusableSocket  # type: ignore[misc]
    proxy = TCPProxy(port, "127.0.0.1", target)
    proxy.start()
    proxy.join()
