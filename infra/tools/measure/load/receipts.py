"""A real retailer's receipts as one JSON text for the scenario `tills`."""

import json
from dataclasses import replace
from pathlib import Path

from infra.tools.measure.replay.catalogue import prepare_catalogue
from infra.tools.measure.replay.reading import TillData, UnreadableData, read_till_data
from infra.tools.measure.replay.selling import write_receipt
from infra.tools.rest import RestClient, head_office_key

MOST_RECEIPTS = 20_000


async def list_receipts(data: Path) -> str:
    """Create stores and products, return the first invoices; raises `UnreadableData`."""
    read = read_till_data(data)
    # Separate stores, because `make replay` compares its own to the cent.
    invoices = [
        replace(invoice, store=f"{invoice.store} (charge)")
        for invoice in read.invoices[:MOST_RECEIPTS]
    ]
    if not invoices:
        raise UnreadableData(f"there is no sale in {data}")
    async with RestClient(head_office_key()) as client:
        chain = TillData(invoices, read.names, read.set_aside)
        numbers = await prepare_catalogue(client, chain)
    return json.dumps([write_receipt(invoice, numbers) for invoice in invoices])
