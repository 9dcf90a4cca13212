"""Renders infra/deploy/kubernetes as kustomize does, without kustomize.

`test_kustomize.py` compares the two where kustomize is installed.
"""

import copy
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]
MANIFESTS = ROOT / "infra/deploy/kubernetes"
OVERLAYS = ("base", "overlays/small", "overlays/large")
# In these kinds of operators kustomize replaces lists; in Kubernetes' own it merges them by name.
OPERATORS = ("Kafka", "KafkaNodePool", "KafkaTopic", "KafkaUser", "Cluster", "ScaledObject")

Manifest = dict[str, Any]


def read_documents(path: Path) -> list[Manifest]:
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def _merge(base: Any, patch: Any, by_name: bool) -> Any:
    if isinstance(base, dict) and isinstance(patch, dict):
        merged = base | {
            key: _merge(base[key], value, by_name) if key in base else value
            for key, value in patch.items()
        }
        return {key: value for key, value in merged.items() if value is not None}
    if by_name and isinstance(base, list) and isinstance(patch, list):
        key = next((k for k in ("mountPath", "name") if patch and k in patch[0]), None)
        if key is not None:
            kept = {each[key]: each for each in base}
            for each in patch:
                kept[each[key]] = _merge(kept.get(each[key], {}), each, by_name)
            return list(kept.values())
    return copy.deepcopy(patch)


def _selects(target: dict[str, str], manifest: Manifest) -> bool:
    if manifest["kind"] != target["kind"]:
        return False
    selector = target.get("labelSelector", "")
    if not selector:
        return True
    labels = manifest["metadata"].get("labels", {})
    if " in " in selector:
        key, _, values = selector.partition(" in ")
        return labels.get(key) in [value.strip() for value in values.strip("() ").split(",")]
    key, _, value = selector.partition("=")
    return bool(labels.get(key) == value)


def _apply(patch: Manifest, target: dict[str, str] | None, manifests: list[Manifest]) -> None:
    found = 0
    for number, manifest in enumerate(manifests):
        same = (manifest["kind"], manifest["metadata"]["name"]) == (
            patch["kind"],
            patch["metadata"]["name"],
        )
        if _selects(target, manifest) if target else same:
            body = {key: value for key, value in patch.items() if key != "metadata"}
            by_name = manifest["kind"] not in OPERATORS
            manifests[number] = _merge(manifest, body, by_name)
            found += 1
    assert found, f"nothing to patch: {patch['kind']} {target or patch['metadata']['name']}"


def _render(folder: Path) -> list[Manifest]:
    [settings] = read_documents(folder / "kustomization.yaml")
    manifests: list[Manifest] = []
    for resource in settings.get("resources", []):
        path = (folder / resource).resolve()
        manifests += _render(path) if path.is_dir() else read_documents(path)
    for made in settings.get("configMapGenerator", []):
        data = {name: (folder / name).read_text() for name in made["files"]}
        manifests.append(
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": made["name"]},
                "data": data,
            }
        )
    for patch in settings.get("patches", []):
        for document in read_documents(folder / patch["path"]):
            _apply(document, patch.get("target"), manifests)
    for manifest in manifests:
        if "namespace" in settings and manifest["kind"] != "Namespace":
            manifest["metadata"]["namespace"] = settings["namespace"]
        for labels in settings.get("labels", []):
            holders = [manifest]
            if manifest["kind"] in ("Deployment", "Job"):
                holders.append(manifest["spec"]["template"])
            for holder in holders:
                metadata = holder["metadata"]
                metadata["labels"] = metadata.get("labels", {}) | labels["pairs"]
    return manifests


@cache
def render(overlay: str) -> tuple[Manifest, ...]:
    """Return all manifests of `base` or of an overlay."""
    return tuple(_render(MANIFESTS / overlay))


def named(overlay: str, kind: str) -> dict[str, Manifest]:
    """Return the manifests of a kind by name."""
    return {each["metadata"]["name"]: each for each in render(overlay) if each["kind"] == kind}


def container_of(workload: Manifest) -> Manifest:
    """Return the only container of a Deployment or a Job."""
    [container] = workload["spec"]["template"]["spec"]["containers"]
    return dict(container)


def environment_of(workload: Manifest) -> dict[str, Any]:
    """Return variables by name: a value, or a reference to a Secret as `secret/key`."""
    return {
        each["name"]: each["value"]
        if "value" in each
        else "{name}/{key}".format(**each["valueFrom"]["secretKeyRef"])
        for each in container_of(workload).get("env", [])
    }
