"""Results as JSON in docs/performance/, with what they were measured on."""

import json
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import psutil

from infra.tools.local.layout import ROOT

FOLDER = ROOT / "docs/performance"
_PACKAGES = ("fastapi", "uvicorn", "sqlalchemy", "asyncpg", "aiokafka", "opentelemetry-sdk")


def describe(command: str, postgresql: str) -> dict[str, Any]:
    """Command, machine, versions, date."""
    return {
        "measured_on": datetime.now(UTC).date().isoformat(),
        "command": command,
        "commit": _commit(),
        "machine": {
            "cores": psutil.cpu_count(),
            "processor": _processor(),
            "memory_gib": round(psutil.virtual_memory().total / 2**30),
            "system": f"{platform.system()} {platform.release()}",
        },
        "versions": {
            "python": platform.python_version(),
            "postgresql": postgresql,
            **{each: version(each) for each in _PACKAGES},
        },
    }


def _commit() -> str:
    """`-dirty` when what was measured is not what is committed; results do not count as that."""
    commit = _git("rev-parse", "--short", "HEAD")
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs")
    return f"{commit}-dirty" if changed else commit


def _git(*arguments: str) -> str:
    """What it prints; nothing where this is not a repository."""
    command = ["git", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _processor() -> str:
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


def keep(part: str, content: dict[str, Any]) -> None:
    """Write the JSON of a part."""
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{part}.json").write_text(json.dumps(_rounded(content), indent=1) + "\n")


def read(part: str) -> dict[str, Any] | None:
    """The JSON of a part, if it was ever measured."""
    file = FOLDER / f"{part}.json"
    if not file.exists():
        return None
    content: dict[str, Any] = json.loads(file.read_text())
    return content


def _rounded(value: Any) -> Any:
    """Four significant digits: the rest is noise."""
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_rounded(each) for each in value]
    return value
