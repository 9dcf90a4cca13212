"""The published OpenAPI documents are complete for a program that generates a client."""

import json
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from infra.tools.checks.openapi import FOLDER, SERVICES


@pytest.mark.parametrize("service", SERVICES)
def test_every_error_is_described_as_a_problem(service: str) -> None:
    document = json.loads((FOLDER / f"{service}.json").read_text())

    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            errors = {
                status: answer
                for status, answer in operation["responses"].items()
                if status[0] in "45"
            }
            assert {"4XX", "503"} <= errors.keys(), (method, path)
            for status, answer in errors.items():
                assert list(answer["content"]) == ["application/problem+json"], (path, status)


@pytest.mark.parametrize("service", SERVICES)
def test_every_reference_leads_somewhere(service: str) -> None:
    document = json.loads((FOLDER / f"{service}.json").read_text())

    for reference in references(document):
        name = reference.removeprefix("#/components/schemas/")
        assert name in document["components"]["schemas"]


@pytest.mark.parametrize("service", SERVICES)
def test_every_body_has_an_example_that_its_schema_accepts(service: str) -> None:
    document = json.loads((FOLDER / f"{service}.json").read_text())

    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if "requestBody" not in operation:
                continue
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            # A body that may be absent is described as one of two.
            reference = schema.get("anyOf", [schema])[0]["$ref"]
            body = document["components"]["schemas"][reference.rpartition("/")[2]]
            assert body["examples"], (method, path)
            validator = Draft202012Validator({**schema, "components": document["components"]})
            for example in body["examples"]:
                validator.validate(example)


@pytest.mark.parametrize("service", SERVICES)
def test_every_parameter_says_what_to_give_for_it(service: str) -> None:
    document = json.loads((FOLDER / f"{service}.json").read_text())

    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for parameter in operation.get("parameters", ()):
                place = method, path, parameter["name"]
                if parameter["required"]:
                    Draft202012Validator(parameter["schema"]).validate(parameter["example"])
                else:
                    assert "default" in parameter["schema"] or parameter.get("description"), place
                    # Swagger UI would send it: a first click shall not filter.
                    assert "example" not in parameter, place


def references(node: Any) -> list[str]:
    """Yield every `$ref` below a node."""
    if isinstance(node, list):
        return [each for child in node for each in references(child)]
    if not isinstance(node, dict):
        return []
    own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
    return own + [each for child in node.values() for each in references(child)]


def test_the_steps_of_paths_of_sales_have_the_names_of_the_members() -> None:
    document = json.loads((FOLDER / "sales.json").read_text())

    steps = {step for path in document["paths"] for step in re.findall(r"{(\w+)}", path)}

    assert steps == {
        *("magasin_id", "produit_id", "vente_id", "retour_id", "taux_id"),
        *("date", "du", "nom", "role"),
    }
