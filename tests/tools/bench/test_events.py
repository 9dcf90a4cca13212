"""The sales that the benchmark sends conform to the contract."""

import json
import random

import jsonschema
import msgspec

from infra.tools.local.layout import ROOT
from infra.tools.measure.bench.events import make_sale
from report_service.events.consumed import SaleRecorded as Counted
from stock_service.events.consumed import SaleRecorded as Taken

SCHEMA = ROOT / "infra/contracts/events/sale-recorded.v1.schema.json"


def test_a_made_sale_keeps_to_its_contract() -> None:
    value = make_sale(random.Random(1))["value"]

    jsonschema.validate(json.loads(value), json.loads(SCHEMA.read_text()))
    counted = msgspec.json.decode(value, type=Counted)
    assert len(counted.lines) == 3
    assert counted.total_cents == sum(line.amount_cents for line in counted.lines)
    assert counted.tax_cents == sum(line.tax_cents for line in counted.lines)
    assert len(msgspec.json.decode(value, type=Taken).lines) == 3
