"""Requests that the OpenAPI allows, and many that it does not, get answers that it describes."""

from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from hypothesis.errors import Unsatisfiable
from hypothesis.strategies import SearchStrategy
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.openapi import from_url
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.fixtures.system import RunningSystem
from tests.system.fuzz.conftest import EXAMPLES

PROMISES: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]


@pytest.mark.parametrize("role", ["till", "head-office"])
@pytest.mark.parametrize("service", ["sales", "stock", "report"])
def test_an_api_answers_as_its_openapi_says(
    running_system: RunningSystem, fuzz_seed: int, service: str, role: str
) -> None:
    url = running_system.stack.layout.url(f"{service}-api")
    schema = from_url(f"{url}/openapi.json")
    for operation in schema.get_all_operations():
        assert isinstance(operation, Ok)
        for mode in GenerationMode:
            cases = operation.ok().as_strategy(generation_mode=mode)
            _fuzz(cases, {"x-token": running_system.token(role)}, fuzz_seed)


def _fuzz(cases: SearchStrategy[Any], headers: dict[str, str], seed: int) -> None:
    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(case=cases)
    def answer_as_described(case: schemathesis.Case[Any]) -> None:
        response = case.call(headers=headers, timeout=20)
        case.validate_response(response, checks=PROMISES)
        if response.status_code >= 400:
            assert response.json()["trace_id"]

    try:
        answer_as_described()
    except Unsatisfiable:
        # No request of this operation can be invalid.
        return
