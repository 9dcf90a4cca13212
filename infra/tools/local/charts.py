"""uPlot, the chart library of the board: Maven Central's WebJar has npm's files unchanged."""

import hashlib
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path


class WebJarMissing(Exception):
    """One line that says why a package could not be had."""


@dataclass(frozen=True, slots=True)
class WebJar:
    """A package of npm in Maven Central, pinned by its hash."""

    name: str
    version: str
    sha256: str

    @property
    def files(self) -> str:
        """Return the folder of the package's files within the jar."""
        return f"META-INF/resources/webjars/{self.name}/{self.version}"


VERSION = "1.6.30"
UPLOT = WebJar("uplot", VERSION, "35b1d5d332ae25876ebd3b96c4a6180f29bec7675ad22dda9d3dc803691d19c9")
FILES = ("dist/uPlot.esm.js", "dist/uPlot.min.css", "LICENSE")


def is_in(target: Path) -> bool:
    """Tell whether a folder has the library in this version."""
    return (target / VERSION).is_file()


def install(target: Path) -> None:
    """Download the library into a folder; raises `WebJarMissing`."""
    jar = download(UPLOT)
    target.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(jar) as archive:
        for name in FILES:
            content = archive.read(f"{UPLOT.files}/{name}")
            (target / Path(name).name).write_bytes(content)
    # Last: it says that the files above are complete.
    (target / VERSION).touch()


def download(package: WebJar) -> Path:
    """Return the jar of a package, which stays in jgo's cache; raises `WebJarMissing`."""
    jar = _fetch(package)
    if hashlib.sha256(jar.read_bytes()).hexdigest() != package.sha256:
        raise WebJarMissing(f"{package.name}: {jar} is not the file that this project pins")
    return jar


def _fetch(package: WebJar) -> Path:
    try:
        with warnings.catch_warnings():
            # On import jgo warns when a machine has no XDG_RUNTIME_DIR.
            warnings.simplefilter("ignore", UserWarning)
            import jgo

            environment = jgo.build(f"org.webjars.npm:{package.name}:{package.version}")
    except (OSError, RuntimeError, ValueError) as failure:
        raise WebJarMissing(f"{package.name} could not be downloaded: {failure}") from failure
    [jar] = environment.path.rglob(f"{package.name}-{package.version}.jar")
    return Path(jar)
