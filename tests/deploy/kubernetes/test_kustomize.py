"""kustomize and kubeconform, where they are installed, accept the manifests."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.tools.checks.kubernetes import definitions, validate
from infra.tools.local import fetch
from tests.deploy.kubernetes.rendered import MANIFESTS, OVERLAYS, Manifest, named, render

DEFINED = {Path(file).name for module in definitions.MODULES for file in module.files}


def by_identity(manifests: Any) -> dict[tuple[str, str], Manifest]:
    # kustomize adds a hash of the content to the name of a ConfigMap that it creates.
    text = re.sub(r'"(gateway-\w+)-[0-9a-z]{10}"', r'"\1"', json.dumps(list(manifests)))
    return {(each["kind"], each["metadata"]["name"]): each for each in json.loads(text)}


def test_each_kind_of_an_operator_is_defined_or_said_to_be_skipped() -> None:
    own = [each for each in render("base") if not is_kubernetes_own(each)]
    used = {f"{group_of(each)}_{each['kind'].lower()}s.yaml" for each in own}
    skipped = {f"{each['apiVersion']}/{each['kind']}" for each in own if is_strimzis(each)}

    assert skipped == set(definitions.UNDEFINED)
    assert {name for name in used if not name.startswith("kafka.strimzi.io_")} == DEFINED


def is_kubernetes_own(manifest: Manifest) -> bool:
    return "." not in group_of(manifest) or group_of(manifest).endswith(".k8s.io")


def is_strimzis(manifest: Manifest) -> bool:
    return group_of(manifest) == "kafka.strimzi.io"


def group_of(manifest: Manifest) -> str:
    return str(manifest["apiVersion"]).rpartition("/")[0]


def test_a_definition_becomes_a_schema_that_refuses_other_fields() -> None:
    size = {"type": "integer", "description": "How many."}
    spec = {"type": "object", "properties": {"size": size}}
    whole = {"type": "object", "properties": {"spec": spec, "status": {"type": "object"}}}
    version = {"name": "v1", "schema": {"openAPIV3Schema": whole}}
    definition = {
        "spec": {"names": {"kind": "Till"}, "group": "shop.example", "versions": [version]}
    }

    [(name, schema)] = definitions.schemas_of(definition).items()

    assert name == "till-shop-v1.json"
    assert schema["properties"]["spec"] == {
        "type": "object",
        "properties": {"size": {"type": "integer"}},
        "additionalProperties": False,
    }
    assert schema["additionalProperties"] is False
    assert "status" not in schema["properties"]


@pytest.mark.skipif(not validate.is_installed(), reason=validate.MISSING)
@pytest.mark.parametrize("kind", ["Deployment", "ScaledObject", "PodMonitor", "Cluster"])
def test_a_field_that_does_not_exist_is_refused(kind: str, tmp_path: Path) -> None:
    [first, *_] = named("base", kind).values()
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(yaml.safe_dump(first | {"spec": first["spec"] | {"colour": "blue"}}))

    with pytest.raises(fetch.ToolMissing, match="colour"):
        validate.conform([wrong])


@pytest.mark.skipif(not validate.is_installed(), reason=validate.MISSING)
def test_a_kind_without_a_definition_is_refused(tmp_path: Path) -> None:
    [topic, *_] = named("base", "KafkaTopic").values()
    unknown = tmp_path / "unknown.yaml"
    unknown.write_text(yaml.safe_dump(topic | {"kind": "KafkaTill"}))

    with pytest.raises(fetch.ToolMissing, match="KafkaTill"):
        validate.conform([unknown])


@pytest.mark.skipif(fetch.find("kustomize") is None, reason=validate.MISSING)
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_kustomize_renders_the_manifests_that_the_other_tests_read(overlay: str) -> None:
    real = by_identity(yaml.safe_load_all(validate.render(overlay)))
    ours = by_identity(render(overlay))

    assert sorted(real) == sorted(ours)
    for identity, manifest in real.items():
        assert normal(manifest) == normal(ours[identity])


@pytest.mark.skipif(fetch.find("kustomize") is None, reason=validate.MISSING)
def test_the_password_stands_before_the_url_that_it_goes_into() -> None:
    for manifest in yaml.safe_load_all(validate.render("overlays/large")):
        names = [each["name"] for one in containers(manifest) for each in one.get("env", [])]
        if "DATABASE_URL" in names:
            assert names.index("DATABASE_PASSWORD") < names.index("DATABASE_URL")


def normal(manifest: Manifest) -> str:
    """Return the manifest with sorted variables, because kustomize chooses their order."""
    for container in containers(manifest):
        container["env"] = sorted(container.get("env", []), key=lambda each: str(each["name"]))
    return yaml.safe_dump(manifest)


def containers(manifest: Manifest) -> list[Manifest]:
    template = manifest.get("spec", {}).get("template", {})
    found = template.get("spec", {}).get("containers", []) if isinstance(template, dict) else []
    return list(found)


def test_every_patch_and_resource_belongs_to_a_kustomization() -> None:
    lost = []
    for path in MANIFESTS.rglob("*.yaml"):
        if path.name in ("kustomization.yaml", "secrets.example.yaml"):
            continue
        if path.name not in (path.parent / "kustomization.yaml").read_text():
            lost.append(str(path))

    assert lost == []
