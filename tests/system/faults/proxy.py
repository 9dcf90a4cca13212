"""`python -m tests.system.faults.proxy PORT TARGET_PORT`: a TCP proxy on loopback, one per link.

Killing the process cuts the link. Freezing it (SIGSTOP) silences the link: connections stay open
and carry nothing, while the kernel still acknowledges what arrives. A signal makes the kernel drop
packets; nobody acknowledges them:

- DROP_EVERYTHING, as when a cable is pulled: nothing arrives, and nobody can connect.
- DROP_ANSWERS, as when a firewall forgets connections: on those that are open the target's packets
  are lost, and new ones work.

PASS_AGAIN ends that. Connections that neither end has given up go on: the kernels send again what
was lost.
"""

import ctypes
import os
import signal
import socket
import struct
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from asyncproxy.TCPProxy import TCPProxy

DROP_EVERYTHING = signal.SIGUSR1
DROP_ANSWERS = signal.SIGUSR2
PASS_AGAIN = signal.SIGHUP
SO_ATTACH_FILTER = 26
SO_DETACH_FILTER = 27
# A packet filter of one instruction: return 0, the number of bytes to keep.
_KEEP_NOTHING = struct.pack("HBBI", 0x06, 0, 0, 0)


class ReusableSocket(socket.socket):
    """Lets a restarted proxy use its port while old connections linger."""

    def bind(self, address: Any) -> None:
        self.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        super().bind(address)


class PacketLoss:
    """Drops what arrives at the sockets of this process, until it may pass again."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port

    def __call__(self, number: int, _: object) -> None:
        """Handle one of the three signals."""
        for name in os.listdir("/proc/self/fd"):
            if not Path(f"/proc/self/fd/{name}").is_socket():
                continue
            with socket.socket(fileno=os.dup(int(name))) as found:
                if number == PASS_AGAIN:
                    pass_packets(found)
                elif number == DROP_EVERYTHING or self._is_to_target(found):
                    drop_packets(found)

    def _is_to_target(self, found: socket.socket) -> bool:
        try:
            return bool(found.getpeername()[1] == self._target_port)
        except OSError:  # it listens, or its peer is gone
            return False


def drop_packets(arriving_at: socket.socket) -> None:
    """Let the kernel drop what arrives at a socket."""
    program = ctypes.create_string_buffer(_KEEP_NOTHING)
    only_instruction = struct.pack("HP", 1, ctypes.addressof(program))
    arriving_at.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, only_instruction)


def pass_packets(arriving_at: socket.socket) -> None:
    """Let the kernel deliver what arrives at a socket again."""
    with suppress(FileNotFoundError):  # nothing was dropped there
        arriving_at.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)


if __name__ == "__main__":
    port, target = map(int, sys.argv[1:])
    socket.socket = ReusableSocket  # type: ignore[misc]
    for number in (DROP_EVERYTHING, DROP_ANSWERS, PASS_AGAIN):
        signal.signal(number, PacketLoss(target))
    proxy = TCPProxy(port, "127.0.0.1", target)
    proxy.start()
    proxy.join()
