"""The original's clients work unchanged: their calls are answered as their file says."""

from pathlib import Path

import httpx

from tests.fixtures.centres import open_only_centre
from tests.fixtures.chain import Chain
from tests.fixtures.http import open_client
from tests.fixtures.http_file import Conversation, HttpFile
from tests.fixtures.system import RunningSystem

CALLS = Path(__file__).resolve().parents[2] / "docs/original-clients.http"


async def test_the_services_answer_every_call(running_system: RunningSystem, chain: Chain) -> None:
    given = {
        "base": "http://service",
        "head_office": running_system.token("head-office"),
        "centre": str(await open_only_centre(chain.sales, chain.stock)),
    }

    async with open_client(timeout=60) as client:

        async def send(request: httpx.Request) -> httpx.Response:
            url = httpx.URL(service_of(request.url.path, running_system)).join(
                request.url.raw_path.decode()
            )
            return await client.request(
                request.method, url, headers=request.headers, content=request.content
            )

        assert await Conversation(HttpFile.read(CALLS), given, send).find_faults() == []


def service_of(path: str, system: RunningSystem) -> str:
    """Return the address of the service that has a path."""
    if path.startswith(("/api/ventes/rapport", "/api/rapports", "/api/performance")):
        return system.report_url
    if path.startswith(("/api/stock", "/api/demandes")) or path.endswith("/stock"):
        return system.stock_url
    return system.sales_url
