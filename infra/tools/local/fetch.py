"""Downloads what `make up` can use but does not need, without root, into `~/.cache/comptoir`.

Prometheus, its pages and NGINX are Debian's packages, unpacked but not installed, so that no daemon
starts. Jaeger is not packaged: Go builds it from its module. The board's chart library comes from
Maven Central.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.tools.local import charts

ROOT = Path(__file__).resolve().parents[3]
JAEGER_MODULE = "github.com/jaegertracing/jaeger/cmd/jaeger"
MISSING = "make observability installs Prometheus and Jaeger"
NO_NGINX = "make nginx installs NGINX"
# Searched in addition to the PATH, which may lack sbin for a user who is not root.
FOLDERS = ("usr/bin", "usr/sbin")
# Debian's Prometheus serves pages that link to files of these packages.
PAGES = (
    "fonts-glyphicons-halflings",
    "libjs-bootstrap4",
    "libjs-d3",
    "libjs-eonasdan-bootstrap-datetimepicker",
    "libjs-jquery",
    "libjs-jquery-hotkeys",
    "libjs-moment",
    "libjs-moment-timezone",
    "libjs-mustache",
    "libjs-popper.js",
    "libjs-rickshaw",
)
# 200 MB that no page asks for.
NEEDLESS = "usr/share/javascript/moment-timezone/data"
WEB = "usr/share/prometheus/web"
# Debian links the pages to popper as a module, which they cannot load; this is the plain script.
POPPER = "../../../javascript/popper.js/umd"


class ToolMissing(Exception):
    """One line that says why a tool could not be installed."""


@dataclass(frozen=True, slots=True)
class Tool:
    """Something that can be installed: `find` returns its path, or None without it."""

    find: Callable[[], str | None]
    install: Callable[[], None]
    note: str = ""


def folder() -> Path:
    """Return the folder that holds the downloaded tools."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "comptoir"


def find(name: str) -> str | None:
    """Return the path of a program such as `promtool`; None when it is not installed."""
    places = [os.environ.get("PATH", ""), "/usr/sbin", *(str(folder() / each) for each in FOLDERS)]
    return shutil.which(name, path=":".join(places))


def find_charts() -> str | None:
    """Return the folder of the board's chart library."""
    return str(_charts()) if charts.is_in(_charts()) else None


def find_pages() -> str | None:
    """Return the folder of Prometheus' pages; None without it."""
    # Made last: an interrupted installation lacks it.
    is_complete = _popper().is_symlink() and str(_popper().readlink()) == POPPER
    return str(folder() / WEB) if is_complete else None


def has_own_pages() -> bool:
    """Tell whether the installed Prometheus has pages that it finds by itself."""
    program = find("prometheus")
    return program is not None and not Path(program).is_relative_to(folder())


def install_packages(program: str, names: Sequence[str]) -> None:
    """Unpack Debian's packages for a program; raises `ToolMissing`."""
    apt, dpkg = shutil.which("apt-get"), shutil.which("dpkg-deb")
    if apt is None or dpkg is None:
        raise ToolMissing(f"{program}: this is not Debian or Ubuntu; put {program} on the PATH")
    with tempfile.TemporaryDirectory() as download:
        _run(program, [apt, "download", *names], Path(download))
        folder().mkdir(parents=True, exist_ok=True)
        for package in sorted(Path(download).glob("*.deb")):
            _run(program, [dpkg, "--extract", str(package), str(folder())], Path(download))


def install_jaeger() -> None:
    """Build Jaeger with Go, some minutes the first time; raises `ToolMissing`."""
    go = shutil.which("go")
    if go is None:
        raise ToolMissing("jaeger: there is no Go to build it; put Jaeger 2 on the PATH as jaeger")
    target = folder() / "usr/bin/jaeger"
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_suffix(".new")
    build = [go, "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", str(fresh)]
    _run("jaeger", [*build, JAEGER_MODULE], ROOT / "infra/deploy/jaeger")
    fresh.replace(target)


def _charts() -> Path:
    return folder() / "uplot"


def _install_charts() -> None:
    try:
        charts.install(_charts())
    except charts.WebJarMissing as missing:
        raise ToolMissing(str(missing)) from missing


def _pages_or_own() -> str | None:
    return "built in" if has_own_pages() else find_pages()


def _popper() -> Path:
    return folder() / WEB / "static/popper.js"


def _install_pages() -> None:
    install_packages("prometheus", PAGES)
    shutil.rmtree(folder() / NEEDLESS, ignore_errors=True)
    _popper().unlink(missing_ok=True)
    _popper().symlink_to(POPPER)


def _run(what: str, command: list[str], cwd: Path) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ToolMissing(f"{what}: {done.stderr.strip().splitlines()[-1:]}")


def _package(name: str) -> Tool:
    return Tool(lambda: find(name), lambda: install_packages(name, [name]))


TOOLS = {
    "prometheus": _package("prometheus"),
    "prometheus-pages": Tool(_pages_or_own, _install_pages),
    "charts": Tool(find_charts, _install_charts),
    "jaeger": Tool(lambda: find("jaeger"), install_jaeger, ", building takes some minutes"),
    "nginx": _package("nginx"),
}
# What `make observability` installs.
OBSERVABILITY = ("prometheus", "prometheus-pages", "charts", "jaeger")


def main(names: Sequence[str]) -> int:
    """Install the missing tools; return 1 when one could not be installed."""
    failures = 0
    for name in names:
        tool = TOOLS[name]
        if tool.find() is None:
            sys.stdout.write(f"{name}: installing{tool.note}\n")
            sys.stdout.flush()
            try:
                tool.install()
            except ToolMissing as missing:
                sys.stderr.write(f"{missing}\n")
                failures += 1
                continue
        sys.stdout.write(f"{name}: {tool.find()}\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or list(TOOLS)))
