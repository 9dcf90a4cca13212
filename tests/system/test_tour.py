"""The tour works: each request of its page is answered as the page says."""

from pathlib import Path

import httpx
import pytest
from uuid_utils.compat import uuid7

from tests.fixtures.http import open_client
from tests.fixtures.http_file import Conversation, HttpFile
from tests.fixtures.system import RunningSystem

PAGE = Path(__file__).resolve().parents[2] / "docs/tour.md"


async def test_a_day_of_a_shop_goes_as_the_page_tells_it(running_system: RunningSystem) -> None:
    given = {
        "sales": running_system.sales_url,
        "stock": running_system.stock_url,
        "report": running_system.report_url,
        "head_office": running_system.token("head-office"),
        "offline_tea": str(uuid7()),
        "offline_coffee": str(uuid7()),
    }

    async with open_client(timeout=60) as client:
        tour = Conversation(HttpFile.read_page(PAGE), given, client.send)
        assert await tour.find_faults() == []


@pytest.mark.parametrize(
    ("claim", "fault"),
    [
        ("answers 200: lignes.0.total=2.5", None),
        ("answers 200: lignes.0.total", None),
        ("answers 200: lignes.0.total=2.50", "lignes.0.total is 2.5, not 2.50"),
        ("answers 200: lignes.1.total", "no lignes.1.total"),
        ("answers 200: motif=Fidélité", None),
        ("answers 201", "200"),
    ],
)
async def test_a_claim_that_the_answer_does_not_keep_is_named(
    tmp_path: Path, claim: str, fault: str | None
) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Sell\n\n```http\n# {claim}\nGET http://shop/\n```\n")

    async def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"lignes": [{"total": 2.5}], "motif": "Fidélité"})

    faults = await Conversation(HttpFile.read_page(page), {}, answer).find_faults()

    assert [each.startswith(f"Sell, line 3: {fault}") for each in faults] == [True] * bool(fault)
