"""uPlot, the chart library of the board: Maven Central's WebJar has npm's files unchanged."""

import hashlib
import warnings
import zipfile
from pathlib import Path

VERSION = "1.6.30"
JAR = f"org.webjars.npm:uplot:{VERSION}"
SHA256 = "35b1d5d332ae25876ebd3b96c4a6180f29bec7675ad22dda9d3dc803691d19c9"
FILES = ("dist/uPlot.esm.js", "dist/uPlot.min.css", "LICENSE")


class ChartsMissing(Exception):
    """One line that says why the library could not be had."""


def is_in(target: Path) -> bool:
    """Tell whether a folder has the library in this version."""
    return (target / VERSION).is_file()


def install(target: Path) -> None:
    """Download the library into a folder; raises `ChartsMissing`."""
    jar = _download()
    if hashlib.sha256(jar.read_bytes()).hexdigest() != SHA256:
        raise ChartsMissing(f"uPlot: {jar} is not the file that this project was written for")
    target.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(jar) as archive:
        for name in FILES:
            content = archive.read(f"META-INF/resources/webjars/uplot/{VERSION}/{name}")
            (target / Path(name).name).write_bytes(content)
    # Last: it says that the files above are complete.
    (target / VERSION).touch()


def _download() -> Path:
    try:
        with warnings.catch_warnings():
            # On import jgo warns when a machine has no XDG_RUNTIME_DIR.
            warnings.simplefilter("ignore", UserWarning)
            import jgo

            environment = jgo.build(JAR)
    except (OSError, RuntimeError, ValueError) as failure:
        raise ChartsMissing(f"uPlot could not be downloaded: {failure}") from failure
    [jar] = environment.path.rglob(f"uplot-{VERSION}.jar")
    return Path(jar)
