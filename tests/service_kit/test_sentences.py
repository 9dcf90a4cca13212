"""Every problem that the kit can answer has a sentence, with the values that the code gives it."""

import ast
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

import service_kit
from service_kit.http.problem_table import STATUS_PROBLEMS
from service_kit.http.problems import PROBLEMS, Problem

KIT = Path(service_kit.__file__).parent
NOT_IN_THE_TEXT = {"errors", "headers"}


def made() -> Iterator[tuple[str, set[str]]]:
    """Yield each problem that the kit makes by its name, with the values that it gives."""
    for path in KIT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id="Problem"), attr="of"),
                    args=[ast.Constant(value=str(name)), *_],
                    keywords=keywords,
                ):
                    yield name, {str(each.arg) for each in keywords} - NOT_IN_THE_TEXT


@pytest.mark.parametrize(("name", "given"), sorted(made(), key=str))
def test_a_problem_has_a_sentence_that_uses_the_values_it_is_given(
    name: str, given: set[str]
) -> None:
    used = {field for _, field, _, _ in Formatter().parse(PROBLEMS[name]["detail"]) if field}

    assert used == given


def test_every_sentence_is_used() -> None:
    assert {name for name, _ in made()} | set(STATUS_PROBLEMS.values()) == set(PROBLEMS)


@pytest.mark.parametrize(("status", "name"), STATUS_PROBLEMS.items())
def test_a_status_of_the_framework_keeps_its_number(status: int, name: str) -> None:
    assert Problem.of(name).status == status


def test_a_problem_of_another_moment_says_when_to_retry() -> None:
    assert Problem.of("outbox-full").headers == {"Retry-After": "30"}
