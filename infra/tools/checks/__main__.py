"""`make check`: run every check, change nothing, count the failures."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from infra.tools.checks.javascript import check_board
from infra.tools.checks.kubernetes import validate
from infra.tools.local import fetch
from infra.tools.local.charts import WebJarMissing

ROOT = Path(__file__).resolve().parents[3]
BIN = Path(sys.executable).parent
SOURCES = (
    "infra/service-kit/service_kit",
    "sales-service/sales_service",
    "stock-service/stock_service",
    "report-service/report_service",
    "infra/tools",
    "tests",
)
LOCK_INPUTS = (
    "requirements.in",
    "infra/service-kit/pyproject.toml",
    "sales-service/pyproject.toml",
    "stock-service/pyproject.toml",
    "report-service/pyproject.toml",
)


AUDIT_SECONDS = 60.0


def run(*command: str) -> str | None:
    """Return None when the command succeeds, else its output."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else (done.stdout + done.stderr).strip()


def compile_lock(output: Path) -> str | None:
    """Resolve all packages and tools into one hashed file, keeping the versions in `output`."""
    return run(
        str(BIN / "uv"),
        "pip",
        "compile",
        "--universal",
        "--python-version=3.11",
        "--generate-hashes",
        # The repository names no download address.
        "--no-emit-index-url",
        "--no-emit-find-links",
        "--no-emit-package=comptoir-service-kit",
        "--no-header",
        "--prerelease=if-necessary-or-explicit",
        "--quiet",
        f"--output-file={output}",
        *LOCK_INPUTS,
    )


def check_lock() -> str | None:
    """Compare the committed lock with what its inputs resolve to."""
    committed = ROOT / "requirements.lock"
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / "requirements.lock"
        shutil.copy(committed, fresh)
        failure = compile_lock(fresh)
        if failure:
            return failure
        if fresh.read_text() != committed.read_text():
            return "requirements.lock is not what its inputs resolve to: make lock"
    return None


def check_javascript() -> str | None:
    """Check the types of the board's modules, where TypeScript can be downloaded."""
    try:
        return check_board()
    except WebJarMissing as missing:
        sys.stdout.write(f"({missing}: not checked) ")
        return None


def check_prometheus() -> str | None:
    """Run promtool on the configuration, the rules and their tests, where it is installed."""
    promtool = fetch.find("promtool")
    if promtool is None:
        sys.stdout.write(f"(no promtool, not checked: {fetch.MISSING}) ")
        return None
    prometheus = ROOT / "infra/deploy/prometheus"
    rules = [str(path) for path in sorted((prometheus / "rules").glob("*.yml"))]
    tests = [str(path) for path in sorted((prometheus / "tests").glob("*.yml"))]
    return (
        run(promtool, "check", "config", "--syntax-only", str(prometheus / "prometheus.yml"))
        or run(promtool, "check", "rules", *rules)
        or run(promtool, "test", "rules", *tests)
    )


def check_kubernetes() -> str | None:
    """Validate the manifests against their schemas, where the tools are installed."""
    if not validate.is_installed():
        sys.stdout.write(f"(no kubeconform, not checked: {validate.MISSING}) ")
        return None
    sys.stdout.write(f"({validate.SKIPPED}) ")
    return validate.check()


def check_dependencies() -> str | None:
    """Look for known vulnerabilities of pinned packages, where PyPI's advisories can be reached."""
    command = [str(BIN / "pip-audit"), "--requirement=requirements.lock", "--require-hashes"]
    command += ["--disable-pip", "--format=json", "--progress-spinner=off"]
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=AUDIT_SECONDS,
        )
        packages = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, json.JSONDecodeError):
        packages = []
    return judge_advisories(packages)


def judge_advisories(packages: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the vulnerabilities in pip-audit's list; a package that it skipped has no `vulns`."""
    if not any("vulns" in package for package in packages):
        sys.stdout.write("(PyPI's advisories cannot be reached: not checked) ")
        return None
    found = [
        f"{package['name']} {package['version']}: {vulnerability['id']}"
        f" (fixed in {', '.join(vulnerability['fix_versions']) or 'no version yet'})"
        for package in packages
        for vulnerability in package.get("vulns", ())
    ]
    return "\n".join(found) or None


CHECKS: dict[str, Callable[[], str | None]] = {
    "format": lambda: run(str(BIN / "ruff"), "format", "--check", "."),
    "lint": lambda: run(str(BIN / "ruff"), "check", "."),
    "types": lambda: run(str(BIN / "mypy"), *SOURCES),
    "javascript": check_javascript,
    "imports": lambda: run(str(BIN / "lint-imports")),
    "openapi": lambda: run(sys.executable, "-m", "infra.tools.checks.openapi", "--check"),
    "dashboards": lambda: run(sys.executable, "-m", "infra.tools.checks.dashboards", "--check"),
    "lock": check_lock,
    "prometheus": check_prometheus,
    "kubernetes": check_kubernetes,
    "dependencies": check_dependencies,
}


def main(names: Sequence[str]) -> int:
    """Run the named checks, or all; return 1 when one fails, 2 for a name that is no check."""
    if list(names) == ["--compile-lock"]:
        failure = compile_lock(ROOT / "requirements.lock")
        sys.stdout.write(f"{failure}\n" if failure else "")
        return 1 if failure else 0
    if unknown := sorted(set(names) - set(CHECKS)):
        sys.stderr.write(f"no check {', '.join(unknown)}; there are {', '.join(CHECKS)}\n")
        return 2
    failures = 0
    for name in names or CHECKS:
        sys.stdout.write(f"{name}: ")
        sys.stdout.flush()
        failure = CHECKS[name]()
        sys.stdout.write("ok\n" if failure is None else f"FAILED\n{failure}\n")
        failures += failure is not None
    sys.stdout.write(f"{failures} of {len(names or CHECKS)} checks failed\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
