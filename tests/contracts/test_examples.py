"""Schemas, examples, producers and consumers of the events agree."""

import json
from pathlib import Path

import msgspec
import pytest
from jsonschema import Draft202012Validator

import report_service.events.consumed as report_consumed
import sales_service.events.consumed as sales_consumed
import stock_service.events.consumed as stock_consumed

CONTRACTS = Path(__file__).resolve().parents[2] / "infra" / "contracts"
SCHEMAS = {
    path.name.removesuffix(".schema.json"): json.loads(path.read_text())
    for path in sorted((CONTRACTS / "events").glob("*.schema.json"))
}
EXAMPLES = [(path.parent.name, path) for path in sorted((CONTRACTS / "examples").glob("*/*.json"))]
DECODERS = [
    (service, event_type, decoder)
    for service, module in {
        "sales": sales_consumed,
        "stock": stock_consumed,
        "report": report_consumed,
    }.items()
    for event_type, decoder in module.DECODERS.items()
]


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_valid_and_has_examples(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])

    assert [path for example, path in EXAMPLES if example == name]


@pytest.mark.parametrize(("name", "path"), EXAMPLES, ids=lambda value: str(value)[-60:])
def test_every_example_keeps_its_schema(name: str, path: Path) -> None:
    validator = Draft202012Validator(
        SCHEMAS[name], format_checker=Draft202012Validator.FORMAT_CHECKER
    )

    validator.validate(json.loads(path.read_text()))


@pytest.mark.parametrize(
    ("service", "event_type", "decoder"), DECODERS, ids=lambda value: str(value)
)
def test_every_consumer_reads_every_example(
    service: str, event_type: str, decoder: type[msgspec.Struct]
) -> None:
    name = event_type.partition(".")[2]
    paths = [path for example, path in EXAMPLES if example == name]

    assert paths, f"{service} consumes {event_type}, which has no contract"
    for path in paths:
        msgspec.json.decode(path.read_bytes(), type=decoder)


@pytest.mark.parametrize(
    ("service", "event_type", "decoder"), DECODERS, ids=lambda value: str(value)
)
def test_no_consumer_reads_a_field_that_the_contract_lets_out(
    service: str, event_type: str, decoder: type[msgspec.Struct]
) -> None:
    schema = SCHEMAS[event_type.partition(".")[2]]
    required = {field.encode_name for field in msgspec.structs.fields(decoder) if field.required}

    assert required <= set(schema["required"])


@pytest.mark.parametrize("name", ["sale-confirmed.v1", "sale-voided.v1"])
def test_later_events_of_a_sale_have_the_fields_of_its_first(name: str) -> None:
    first, later = (SCHEMAS[each]["properties"] for each in ("sale-recorded.v1", name))

    different = {field for field in first if first[field] != later.get(field)}
    # Each event says the status that the sale got by it. Goods leave by the first one only: it
    # tells the stock when that was at the latest.
    assert different == {"status", "sold_by"}
