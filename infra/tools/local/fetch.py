"""Downloads Prometheus, Jaeger and NGINX for `make up`, without root, into `~/.cache/comptoir`.

Prometheus and NGINX are Debian's packages, unpacked but not installed, so that no daemon starts.
Jaeger is not packaged: Go builds it from its module.
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
# Searched in addition to the PATH, which may lack sbin for a user who is not root.
FOLDERS = ("usr/bin", "usr/sbin")


class ToolMissing(Exception):
    """One line that says why a tool could not be installed."""


def folder() -> Path:
    """Return the folder that holds the downloaded tools."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "comptoir"


def find(name: str) -> str | None:
    """Return the path of a tool such as `promtool`; None when it is not installed."""
    places = [os.environ.get("PATH", ""), "/usr/sbin", *(str(folder() / each) for each in FOLDERS)]
    return shutil.which(name, path=":".join(places))


def install_package(name: str) -> None:
    """Unpack Debian's package of this name; raises `ToolMissing`."""
    apt, dpkg = shutil.which("apt-get"), shutil.which("dpkg-deb")
    if apt is None or dpkg is None:
        raise ToolMissing(f"{name}: this is not a Debian system; put {name} on the PATH")
    with tempfile.TemporaryDirectory() as download:
        _run(name, [apt, "download", name], Path(download))
        [package] = Path(download).glob(f"{name}_*.deb")
        folder().mkdir(parents=True, exist_ok=True)
        _run(name, [dpkg, "--extract", str(package), str(folder())], Path(download))


def install_jaeger() -> None:
    """Build Jaeger with Go, some minutes the first time; raises `ToolMissing`."""
    go = shutil.which("go")
    if go is None:
        raise ToolMissing("Jaeger: Go is needed to build it, or put jaeger on the PATH")
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
    """Install a tool by its name; raises `ToolMissing`."""
    if name == "jaeger":
        install_jaeger()
    else:
        install_package(name)


def main(names: list[str]) -> int:
    """Install the missing tools; return 1 when one could not be installed."""
    failures = 0
    for name in names:
        if find(name) is None:
            slow = ", building takes some minutes" if name == "jaeger" else ""
            sys.stdout.write(f"{name}: installing{slow}\n")
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
