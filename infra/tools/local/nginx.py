"""NGINX before the embedded stack, where it is installed: all instances of the APIs at one port.

It runs with the configuration of the compose file. What is written here differs in three things:
its folder, its port, and where the instances are.
"""

import os
import re
import signal
import sys
from pathlib import Path

from infra.tools.local import fetch
from infra.tools.local.cleanup import MARK, find_nginx, nginx_folder
from infra.tools.local.layout import ROOT, Layout
from infra.tools.local.supervisor import Program

PORTS = {"nginx": 8080}
READY_PATHS = {"nginx": "/health"}
SOURCE = ROOT / "infra/deploy/nginx"


def installed_ports() -> dict[str, int]:
    """The default port of NGINX, if this machine has it."""
    return PORTS if fetch.find("nginx") else {}


def list_programs(layout: Layout) -> list[Program]:
    """NGINX, if the stack has a port for it; it stops first."""
    if "nginx" not in layout.ports:
        return []
    path = fetch.find("nginx")
    assert path is not None, f"nginx has a port in this stack and is gone: {fetch.NO_NGINX}"
    folder = nginx_folder(layout.state)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "nginx.conf").write_text(_settings(layout))
    (folder / "upstreams.conf").write_text(_upstreams(layout))
    # Its workers would be nobody, who cannot write into a folder of root's.
    user = " user root;" if os.geteuid() == 0 else ""
    settings = f'daemon off; working_directory "{folder}";{user}'
    options = ["-p", str(folder), "-c", str(folder / "nginx.conf"), "-g", settings]
    command = [sys.executable, "-m", "infra.tools.local.nginx", path, *options]
    # QUIT lets requests under way finish.
    return [Program("nginx", command, 20, stop_signal="QUIT")]


def main() -> None:
    """Become NGINX, once the workers of one that was killed have been told to leave its port."""
    state = os.environ.get(MARK)
    for worker in find_nginx(Path(state)) if state else ():
        worker.send_signal(signal.SIGQUIT)
    os.execv(sys.argv[1], sys.argv[1:])


def _settings(layout: Layout) -> str:
    settings = (SOURCE / "nginx.conf").read_text()
    return settings.replace(" /tmp/", f" {nginx_folder(layout.state)}/").replace(
        "listen 8080;", f"listen 127.0.0.1:{layout.ports['nginx']};"
    )


def _upstreams(layout: Layout) -> str:
    """A line per instance in place of a name that Docker's DNS would know."""

    def servers(match: re.Match[str]) -> str:
        return "\n".join(
            f"{match['indent']}server 127.0.0.1:{layout.ports[name]} {match['options']};"
            for name in layout.instances(match["process"])
        )

    upstreams = re.sub(r"^resolver.*\n", "", (SOURCE / "upstreams.conf").read_text(), flags=re.M)
    server = r"^(?P<indent> +)server (?P<process>\S+):\d+ resolve (?P<options>.+);$"
    return re.sub(server, servers, upstreams, flags=re.M)


def held_for_dead_seconds() -> float:
    """For how long NGINX may leave out an instance that answers again."""
    [seconds] = set(re.findall(r"fail_timeout=(\d+)s", (SOURCE / "upstreams.conf").read_text()))
    # Its clock counts whole seconds, and a first request must find the instance well again.
    return float(seconds) + 2


if __name__ == "__main__":
    main()
