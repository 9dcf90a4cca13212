"""While sales are counted, the figures of one answer still agree with each other."""

import asyncio

from tests.report_service.builders import a_sale
from tests.report_service.conftest import Reports


async def test_totals_equal_their_parts_while_sales_are_counted(reports: Reports) -> None:
    async def sell(partition: int) -> None:
        for _ in range(40):
            await reports.receive(a_sale(store_id=partition + 1), partition=partition)

    selling = [asyncio.create_task(sell(partition)) for partition in range(4)]
    while not all(task.done() for task in selling):
        report = await reports.get()
        for part in ("ventes_par_magasin", "produits", "tendance_journaliere"):
            parts = sum(each["total"] for each in report[part])
            assert round(parts, 2) == report["total_ventes"]
    await asyncio.gather(*selling)

    assert (await reports.get())["nombre_ventes"] == 160
