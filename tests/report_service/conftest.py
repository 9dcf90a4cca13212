"""The report service on its own database, driven as Kafka and HTTP clients drive it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from report_service.consumers import catalogue_events, sales_events, stock_events
from report_service.events.consumed import (
    MovementPosted,
    ProductChanged,
    StockLevelsChanged,
    StoreChanged,
    TaxRateChanged,
    TransferReceived,
    TransferShipped,
)
from report_service.main import create_app
from report_service.settings import Settings
from tests.fixtures.http import client_of
from tests.report_service.builders import delivered


@dataclass(frozen=True, slots=True)
class Projection:
    """The projections on a real database."""

    engine: AsyncEngine

    async def receive(
        self, *bodies: msgspec.Struct, partition: int = 0, actor: str | None = None
    ) -> None:
        """Apply a batch of one topic in one transaction."""
        apply = {
            ProductChanged: catalogue_events.apply,
            StoreChanged: catalogue_events.apply,
            TaxRateChanged: catalogue_events.apply,
            StockLevelsChanged: stock_events.apply,
            MovementPosted: stock_events.apply,
            TransferShipped: stock_events.apply,
            TransferReceived: stock_events.apply,
        }.get(type(bodies[0]), sales_events.apply)
        async with AsyncSession(self.engine) as session, session.begin():
            await apply(session, delivered(bodies, partition, actor))  # type: ignore[operator]

    async def rows(self, statement: str, **parameters: object) -> list[tuple[Any, ...]]:
        async with self.engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(text(statement), parameters)]


@dataclass(frozen=True, slots=True)
class Reports(Projection):
    """The projections and the API that reads them."""

    client: httpx.AsyncClient

    async def get(self, path: str = "/api/ventes/rapport", **query: str | int | UUID) -> Any:
        """Return the answer's body; the answer must be a success."""
        answer = await self.client.get(
            path, params={name: str(value) for name, value in query.items()}
        )
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def projection(report_engine: AsyncEngine) -> Projection:
    return Projection(report_engine)


@pytest.fixture
async def reports(report_engine: AsyncEngine) -> AsyncIterator[Reports]:
    url = report_engine.url.render_as_string(hide_password=False)
    app = create_app(Settings(database_url=url, http_port=1))
    async with client_of(app, report_engine) as client:
        yield Reports(report_engine, client)
