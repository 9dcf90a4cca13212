"""Controls supervisord, which starts, restarts and logs the stack's processes, over a socket."""

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from xmlrpc.client import Fault, ServerProxy

from supervisor.xmlrpc import Faults, SupervisorTransport

from infra.tools.local.cleanup import mark
from infra.tools.local.layout import ROOT, Layout

DOWN = ("STOPPED", "EXITED", "FATAL", "UNKNOWN")

HEADER = """\
[supervisord]
pidfile={state}/supervisord.pid
logfile={state}/logs/supervisord.log
logfile_maxbytes=5MB
logfile_backups=1
directory={root}
childlogdir={state}/logs
{user}
[unix_http_server]
file={socket}
chmod=0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""

PROGRAM = """
[program:{name}]
command={command}
environment={environment}
autostart=false
autorestart=true
startsecs=1
startretries=20
stopsignal={stop_signal}
stopwaitsecs=15
stopasgroup=false
killasgroup=true
priority={priority}
redirect_stderr=true
stdout_logfile={log}
stdout_logfile_maxbytes=20MB
stdout_logfile_backups=2
"""


@dataclass(frozen=True)
class Program:
    """A process to supervise; a higher priority stops first."""

    name: str
    command: Sequence[str]
    priority: int
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_signal: str = "TERM"


class Supervisor:
    """The supervisord of one state folder."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def _call(self, method: str, *arguments: object) -> Any:
        # A new connection per call: the transport does not recover from a failed one.
        transport = SupervisorTransport(None, None, f"unix://{self._layout.socket}")
        try:
            return getattr(ServerProxy("http://supervisor", transport).supervisor, method)(
                *arguments
            )
        finally:
            transport.close()

    def is_running(self) -> bool:
        """Tell whether the daemon answers on its socket."""
        try:
            self._call("getState")
        except (OSError, Fault):
            return False
        return True

    def start_daemon(self, programs: Sequence[Program]) -> None:
        """Start supervisord in the background; it starts no program yet."""
        configuration = self._layout.state / "supervisord.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(self._configuration(programs))
        subprocess.run(
            [sys.executable, "-m", "supervisor.supervisord", "-c", str(configuration)],
            cwd=ROOT,
            env=os.environ | mark(self._layout.state),
            check=True,
            stdin=subprocess.DEVNULL,
        )

    def apply(self, programs: Sequence[Program]) -> list[str]:
        """Give the running daemon these programs; return those that are new or have changed.

        It stops the changed ones. `start` starts them with their new settings.
        """
        (self._layout.state / "supervisord.conf").write_text(self._configuration(programs))
        [[added, changed, removed]] = self._call("reloadConfig")
        for name in (*changed, *removed):
            self.stop(name)
            self._call("removeProcessGroup", name)
        for name in (*changed, *added):
            self._call("addProcessGroup", name)
        return [*added, *changed]

    def reload(self, name: str) -> None:
        """Tell a running program to read its files again."""
        if self.state(name) not in DOWN:
            self._call("signalProcess", name, "HUP")

    def _configuration(self, programs: Sequence[Program]) -> str:
        header = HEADER.format(
            state=_escape(self._layout.state),
            root=_escape(ROOT),
            socket=_escape(self._layout.socket),
            user="user=root\n" if os.geteuid() == 0 else "",
        )
        return header + "".join(self._section(program) for program in programs)

    def _section(self, program: Program) -> str:
        return PROGRAM.format(
            name=program.name,
            command=_escape(shlex.join(program.command)),
            environment=_escape(
                ",".join(f'{key}="{value}"' for key, value in program.environment.items())
            ),
            stop_signal=program.stop_signal,
            priority=program.priority,
            log=_escape(self.log(program.name)),
        )

    def log(self, name: str) -> Path:
        """Return the path of a program's log."""
        return self._layout.logs / f"{name}.log"

    def start(self, name: str) -> None:
        """Start a program unless it runs; do not wait for it."""
        if self.state(name) in DOWN:
            self._call_unless_done("startProcess", name, False)

    def stop(self, name: str) -> None:
        """Stop a program, wait until it has ended, and keep it stopped."""
        if self.state(name) not in DOWN:
            self._call_unless_done("stopProcess", name, True)

    def _call_unless_done(self, method: str, name: str, wait: bool) -> None:
        """Call a method; ignore that the process started or ended by itself meanwhile."""
        try:
            self._call(method, name, wait)
        except Fault as fault:
            if fault.faultCode not in (Faults.ALREADY_STARTED, Faults.NOT_RUNNING):
                raise

    def state(self, name: str) -> str:
        """Return supervisord's state: RUNNING, STARTING, BACKOFF, FATAL, …"""
        return str(self.info(name)["statename"])

    def info(self, name: str) -> dict[str, Any]:
        """Return supervisord's record of a program: `pid`, `statename`, `description`, …"""
        return cast(dict[str, Any], self._call("getProcessInfo", name))

    def shut_down(self) -> None:
        """Tell supervisord to stop everything and end; return at once."""
        self._call("shutdown")


def _escape(value: object) -> str:
    """Escape `%`, because supervisord expands %(…)s in every value."""
    return str(value).replace("%", "%%")
