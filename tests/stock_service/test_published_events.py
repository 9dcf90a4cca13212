"""The events of the stock service conform to their schemas."""

import json
from pathlib import Path

from jsonschema import Draft202012Validator

from tests.stock_service.builders import COFFEE, sale_recorded
from tests.stock_service.conftest import Stock

EVENTS = Path(__file__).resolve().parents[2] / "infra" / "contracts" / "events"


async def test_every_event_has_exactly_the_fields_of_its_schema(stock: Stock) -> None:
    await stock.put({COFFEE: 1})

    await stock.receive(sale_recorded((COFFEE, 1)), sale_recorded((COFFEE, 1)))

    events = await stock.outbox()
    assert len({event.type for event in events}) == 3
    for event in events:
        name = event.type.partition(".")[2]
        schema = json.loads((EVENTS / f"{name}.schema.json").read_text())
        format_checker = Draft202012Validator.FORMAT_CHECKER
        Draft202012Validator(schema, format_checker=format_checker).validate(event.body)
        assert event.body.keys() == schema["properties"].keys()
