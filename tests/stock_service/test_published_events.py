"""The events of the stock service conform to their schemas."""

import json
from pathlib import Path

import httpx
from jsonschema import Draft202012Validator

from tests.stock_service.builders import (
    COFFEE,
    STORE,
    TEA,
    product_changed,
    reception,
    sale_recorded,
    store_changed,
)
from tests.stock_service.conftest import Stock
from tests.stock_service.moving import counted, open_chain, shipped

EVENTS = Path(__file__).resolve().parents[2] / "infra" / "contracts" / "events"
DELIVERY = reception((COFFEE, 1), (TEA, 1), (TEA, 1))


async def test_every_event_has_exactly_the_fields_of_its_schema(
    stock: Stock, api: httpx.AsyncClient
) -> None:
    await stock.receive(store_changed(), product_changed(COFFEE), product_changed(TEA))
    await api.post("/api/stock/mouvements", json=DELIVERY)

    await stock.receive(sale_recorded((COFFEE, 1)), sale_recorded((COFFEE, 1)))
    await open_chain(stock)
    url = await shipped(api, (COFFEE, 2))
    await api.post(f"{url}/reception", json=counted((COFFEE, 1), motif_ecart="Perdu"))

    events = await stock.outbox()
    assert len({event.type for event in events}) == 7
    for event in events:
        name = event.type.partition(".")[2]
        schema = json.loads((EVENTS / f"{name}.schema.json").read_text())
        format_checker = Draft202012Validator.FORMAT_CHECKER
        Draft202012Validator(schema, format_checker=format_checker).validate(event.body)
        assert event.body.keys() == schema["properties"].keys()


async def test_a_document_is_announced_once_with_the_products_that_it_moves(
    stock: Stock, api: httpx.AsyncClient
) -> None:
    await stock.receive(store_changed(), product_changed(COFFEE), product_changed(TEA))

    answer = await api.post("/api/stock/mouvements", json=DELIVERY)

    [posted] = await stock.outbox("stock.movement-posted.v1")
    assert posted.key == str(STORE)
    assert posted.body["document_id"] == answer.json()["document_id"]
    assert (posted.body["kind"], posted.body["line_count"]) == ("reception", 2)
