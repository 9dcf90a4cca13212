"""`python -m infra.tools`: Prometheus and Jaeger for `make up` and `make test`, without root.

Prometheus is Debian's package, unpacked and not installed, so that nothing starts by itself; Jaeger
is built from its Go module, since it is not packaged. Both go into `~/.cache/comptoir`.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
JAEGER_MODULE = "github.com/jaegertracing/jaeger/cmd/jaeger"
MISSING = "make observability installs Prometheus and Jaeger"


class ToolMissing(Exception):
    """Why a tool could not be had, in one line."""


def folder() -> Path:
    """Where tools are that the machine does not have."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "comptoir"


def find(name: str) -> str | None:
    """The path of `prometheus`, `promtool` or `jaeger`; None when it is not here."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:{folder() / 'usr/bin'}")


def install_prometheus() -> None:
    """Debian's package; raises `ToolMissing`."""
    apt, dpkg = shutil.which("apt-get"), shutil.which("dpkg-deb")
    if apt is None or dpkg is None:
        raise ToolMissing("Prometheus: not a Debian; put prometheus and promtool on the PATH")
    with tempfile.TemporaryDirectory() as download:
        _run("Prometheus", [apt, "download", "prometheus"], Path(download))
        [package] = Path(download).glob("prometheus_*.deb")
        folder().mkdir(parents=True, exist_ok=True)
        _run("Prometheus", [dpkg, "--extract", str(package), str(folder())], Path(download))


def install_jaeger() -> None:
    """Built by Go, some minutes the first time; raises `ToolMissing`."""
    go = shutil.which("go")
    if go is None:
        raise ToolMissing("Jaeger: there is no Go to build it; put jaeger on the PATH")
    target = folder() / "usr/bin/jaeger"
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_suffix(".new")
    build = [go, "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", str(fresh)]
    _run("Jaeger", [*build, JAEGER_MODULE], ROOT / "infra/jaeger")
    fresh.replace(target)


def _run(what: str, command: list[str], cwd: Path) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ToolMissing(f"{what}: {done.stderr.strip().splitlines()[-1:]}")


def main() -> int:
    """Install what is missing; 1 when something still is."""
    failures = 0
    for name, install in (("prometheus", install_prometheus), ("jaeger", install_jaeger)):
        if find(name) is None:
            sys.stdout.write(f"{name}: getting it, Jaeger's build takes some minutes\n")
            sys.stdout.flush()
            try:
                install()
            except ToolMissing as missing:
                sys.stderr.write(f"{missing}\n")
                failures += 1
                continue
        sys.stdout.write(f"{name}: {find(name)}\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
