"""While sales are counted, the figures of one answer still agree with each other."""

import asyncio
from datetime import UTC, datetime

from tests.report_service.builders import a_sale
from tests.report_service.conftest import Reports


async def test_totals_equal_their_parts_while_sales_are_counted(reports: Reports) -> None:
    # A report without a period has the trend of the newest days only.
    today = datetime.now(UTC).date()

    async def sell(partition: int) -> None:
        for _ in range(40):
            sale = a_sale(store_id=partition + 1, business_date=today)
            await reports.receive(sale, partition=partition)

    selling = [asyncio.create_task(sell(partition)) for partition in range(4)]
    while not all(task.done() for task in selling):
        report = await reports.get()
        for part in ("ventes_par_magasin", "produits", "tendance_journaliere"):
            parts = sum(each["total"] for each in report[part])
            assert round(parts, 2) == report["total_ventes"]
    await asyncio.gather(*selling)

    assert (await reports.get())["nombre_ventes"] == 160
