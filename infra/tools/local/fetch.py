"""Gets Prometheus, Jaeger and NGINX for `make up`, without root.

Prometheus and NGINX are Debian's packages, unpacked and not installed, so that nothing starts by
itself; Jaeger is built from its Go module, since it is not packaged. They are kept in
`~/.cache/comptoir`.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
JAEGER_MODULE = "github.com/jaegertracing/jaeger/cmd/jaeger"
MISSING = "make observability installs Prometheus and Jaeger"
NO_NGINX = "make nginx installs NGINX"
# Besides the PATH, on which a user who is not root may lack the second.
FOLDERS = ("usr/bin", "usr/sbin")


class ToolMissing(Exception):
    """Why a tool could not be had, in one line."""


def folder() -> Path:
    """Where tools are that the machine does not have."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "comptoir"


def find(name: str) -> str | None:
    """The path of `prometheus`, `promtool`, `jaeger` or `nginx`; None when it is not here."""
    places = [os.environ.get("PATH", ""), "/usr/sbin", *(str(folder() / each) for each in FOLDERS)]
    return shutil.which(name, path=":".join(places))


def install_package(name: str) -> None:
    """Debian's package of this name; raises `ToolMissing`."""
    apt, dpkg = shutil.which("apt-get"), shutil.which("dpkg-deb")
    if apt is None or dpkg is None:
        raise ToolMissing(f"{name}: not a Debian; put it on the PATH")
    with tempfile.TemporaryDirectory() as download:
        _run(name, [apt, "download", name], Path(download))
        [package] = Path(download).glob(f"{name}_*.deb")
        folder().mkdir(parents=True, exist_ok=True)
        _run(name, [dpkg, "--extract", str(package), str(folder())], Path(download))


def install_jaeger() -> None:
    """Built by Go, some minutes the first time; raises `ToolMissing`."""
    go = shutil.which("go")
    if go is None:
        raise ToolMissing("Jaeger: there is no Go to build it; put jaeger on the PATH")
    target = folder() / "usr/bin/jaeger"
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_suffix(".new")
    build = [go, "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", str(fresh)]
    _run("Jaeger", [*build, JAEGER_MODULE], ROOT / "infra/deploy/jaeger")
    fresh.replace(target)


def _run(what: str, command: list[str], cwd: Path) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ToolMissing(f"{what}: {done.stderr.strip().splitlines()[-1:]}")


def install(name: str) -> None:
    """Get a tool by its name; raises `ToolMissing`."""
    if name == "jaeger":
        install_jaeger()
    else:
        install_package(name)


def main(names: list[str]) -> int:
    """Install what is missing; 1 when something still is."""
    failures = 0
    for name in names:
        if find(name) is None:
            slow = ", its build takes some minutes" if name == "jaeger" else ""
            sys.stdout.write(f"{name}: getting it{slow}\n")
            sys.stdout.flush()
            try:
                install(name)
            except ToolMissing as missing:
                sys.stderr.write(f"{missing}\n")
                failures += 1
                continue
        sys.stdout.write(f"{name}: {find(name)}\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["prometheus", "jaeger", "nginx"]))
