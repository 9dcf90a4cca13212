"""JSON schemas of the operators' kinds, from the definitions in the operators' Go modules.

They are kept in `~/.cache/comptoir`, without descriptions, and refuse unknown fields.
"""

import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from infra.tools.local import fetch


class Module(NamedTuple):
    """A Go module, pinned by version and hash, and its files that define our kinds."""

    path: str
    hash: str
    files: tuple[str, ...]


MODULES = (
    Module(
        "github.com/kedacore/keda/v2@v2.21.0",
        "h1:R6z2HZvstK4RLUMxroNACzBj74xGxt3kG59b5Xc+Xps=",
        (
            "config/crd/bases/keda.sh_scaledobjects.yaml",
            "config/crd/bases/keda.sh_triggerauthentications.yaml",
        ),
    ),
    Module(
        "github.com/prometheus-operator/prometheus-operator@v0.85.0",
        "h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s=",
        ("example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml",),
    ),
    Module(
        "github.com/cloudnative-pg/cloudnative-pg@v1.30.0",
        "h1:fnhVq44xXx97MNiuvJsPrX1vSjYbgdyBK5MSGfdHdp0=",
        ("config/crd/bases/postgresql.cnpg.io_clusters.yaml",),
    ),
)
# Strimzi is written in Java; no package that we can pin has its definitions.
UNDEFINED = tuple(
    f"kafka.strimzi.io/v1/{kind}" for kind in ("Kafka", "KafkaNodePool", "KafkaTopic", "KafkaUser")
)
# A JSON schema cannot express CEL rules and merge hints.
_DROPPED = ("description", "default", "x-kubernetes-validations", "x-kubernetes-list-type")


def folder(module: Module) -> Path:
    """Return the folder of a module's schemas."""
    return fetch.folder() / "kubernetes-definitions" / module.path


def is_installed() -> bool:
    """Tell whether the schemas of all modules exist."""
    return all(folder(module).is_dir() for module in MODULES)


def install() -> None:
    """Create the missing schemas; raises `ToolMissing`."""
    for module in MODULES:
        if folder(module).is_dir():
            continue
        source = _download(module)
        with tempfile.TemporaryDirectory() as temporary:
            fresh = Path(temporary) / "fresh"
            fresh.mkdir()
            for file in module.files:
                for definition in yaml.safe_load_all((source / file).read_text()):
                    for name, schema in schemas_of(definition).items():
                        (fresh / name).write_text(json.dumps(schema))
            folder(module).parent.mkdir(parents=True, exist_ok=True)
            shutil.move(fresh, folder(module))


def _download(module: Module) -> Path:
    go = shutil.which("go")
    if go is None:
        raise fetch.ToolMissing(f"{module.path}: there is no Go to get it")
    done = subprocess.run(
        [go, "mod", "download", "-json", module.path], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise fetch.ToolMissing(f"{module.path}: {(done.stdout + done.stderr).strip()[-2000:]}")
    found = json.loads(done.stdout)
    if found["Sum"] != module.hash:
        raise fetch.ToolMissing(f"{module.path}: has the hash {found['Sum']}, not {module.hash}")
    return Path(found["Dir"])


def strict(node: Any) -> Any:
    """Return the schema without descriptions, refusing unknown fields."""
    if isinstance(node, list):
        return [strict(each) for each in node]
    if not isinstance(node, dict):
        return node
    kept = {
        key: {name: strict(each) for name, each in value.items()}
        if key == "properties"
        else strict(value)
        for key, value in node.items()
        if key not in _DROPPED
    }
    is_open = kept.get("x-kubernetes-preserve-unknown-fields")
    if "properties" in kept and not is_open:
        kept.setdefault("additionalProperties", False)
    return kept


def schemas_of(definition: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return a definition's schemas by the file name that kubeconform expects."""
    kind = definition["spec"]["names"]["kind"]
    group = definition["spec"]["group"].partition(".")[0]
    found = {}
    for version in definition["spec"]["versions"]:
        schema = strict(version["schema"]["openAPIV3Schema"])
        # Operators write it, our manifests never do.
        schema["properties"].pop("status", None)
        schema["properties"] |= {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
        }
        found[f"{kind}-{group}-{version['name']}.json".lower()] = schema
    return found
