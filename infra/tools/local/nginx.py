"""NGINX in front of the embedded stack, where it is installed: all API instances on one port.

It runs Docker's configuration with another folder, another port and other upstreams.
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
    """Return the default port of NGINX, if it is installed."""
    return PORTS if fetch.find("nginx") else {}


def list_programs(layout: Layout) -> list[Program]:
    """Return NGINX, if the stack has a port for it; it stops first."""
    if "nginx" not in layout.ports:
        return []
    path = fetch.find("nginx")
    assert path is not None, f"nginx has a port in this stack and is gone: {fetch.NO_NGINX}"
    folder = nginx_folder(layout.state)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "nginx.conf").write_text(_settings(layout))
    (folder / "upstreams.conf").write_text(_upstreams(layout))
    (folder / "origins.conf").write_text((SOURCE / "origins.conf").read_text())
    # By default its workers run as nobody, which cannot write into a folder of root.
    user = " user root;" if os.geteuid() == 0 else ""
    settings = f'daemon off; working_directory "{folder}";{user}'
    options = ["-p", str(folder), "-c", str(folder / "nginx.conf"), "-g", settings]
    command = [sys.executable, "-m", "infra.tools.local.nginx", path, *options]
    # QUIT lets running requests finish.
    return [Program("nginx", command, 20, stop_signal="QUIT")]


def main() -> None:
    """Tell the workers of a killed NGINX to leave its port, then become NGINX."""
    state = os.environ.get(MARK)
    for worker in find_nginx(Path(state)) if state else ():
        worker.send_signal(signal.SIGQUIT)
    os.execv(sys.argv[1], sys.argv[1:])


def _settings(layout: Layout) -> str:
    settings = (SOURCE / "nginx.conf").read_text()
    replacements = {
        " /tmp/": f" {nginx_folder(layout.state)}/",
        " /etc/comptoir/": f" {SOURCE}/",
        "listen 8080;": f"listen 127.0.0.1:{layout.ports['nginx']};",
    }
    for theirs, ours in replacements.items():
        settings = settings.replace(theirs, ours)
    return settings


def _upstreams(layout: Layout) -> str:
    """Return the upstreams with an address per instance instead of a name of Docker's DNS."""

    def servers(match: re.Match[str]) -> str:
        return "\n".join(
            f"{match['indent']}server 127.0.0.1:{layout.ports[name]} {match['options']};"
            for name in layout.instances(match["process"])
        )

    upstreams = re.sub(r"^resolver.*\n", "", (SOURCE / "upstreams.conf").read_text(), flags=re.M)
    server = r"^(?P<indent> +)server (?P<process>\S+):\d+ resolve (?P<options>.+);$"
    return re.sub(server, servers, upstreams, flags=re.M)


def held_for_dead_seconds() -> float:
    """Return for how long NGINX may skip an instance after it answers again."""
    [seconds] = set(re.findall(r"fail_timeout=(\d+)s", (SOURCE / "upstreams.conf").read_text()))
    # NGINX counts whole seconds, and it tries the instance with one request first.
    return float(seconds) + 2


if __name__ == "__main__":
    main()
