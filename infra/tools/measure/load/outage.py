"""Freezes, stops and restarts PostgreSQL when a scenario says so."""

import signal

import psutil

from infra.tools.local.layout import Layout
from infra.tools.local.stack import Stack
from infra.tools.local.supervisor import Supervisor

DATABASE = "postgresql"
ANNOUNCED = "database: "


class Outage:
    """Acts on the lines `database: frozen|stopped|back` of a scenario."""

    def __init__(self, layout: Layout) -> None:
        self._stack = Stack(layout)
        self._supervisor = Supervisor(layout)
        self._frozen: list[psutil.Process] = []

    def follow(self, line: str) -> bool:
        """Act on a line; tell whether it was one of these."""
        if not line.startswith(ANNOUNCED):
            return False
        {"frozen": self._freeze, "stopped": self._stop, "back": self.heal}[
            line.removeprefix(ANNOUNCED)
        ]()
        return True

    def _freeze(self) -> None:
        server = psutil.Process(self._stack.pid(DATABASE))
        self._frozen = [server, *server.children()]
        for process in self._frozen:
            process.send_signal(signal.SIGSTOP)

    def _stop(self) -> None:
        self._thaw()
        self._supervisor.stop(DATABASE)

    def heal(self) -> None:
        """Make PostgreSQL run again, whatever was done to it."""
        self._thaw()
        self._supervisor.start(DATABASE)

    def _thaw(self) -> None:
        for process in self._frozen:
            if process.is_running():
                process.send_signal(signal.SIGCONT)
        self._frozen = []
