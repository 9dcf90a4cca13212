"""The stock on a real database, driven as Kafka and HTTP clients drive it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson
import pytest
from asgi_lifespan import LifespanManager
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from service_kit.events.cloud_events import Event
from service_kit.http.api_keys import ensure_key
from stock_service.consumers import catalogue_events, sales_events
from stock_service.domain.levels import StoreId
from stock_service.events.consumed import ProductChanged, StoreChanged
from stock_service.main import create_app
from stock_service.settings import Settings
from tests.stock_service.builders import STORE


@dataclass(frozen=True, slots=True)
class Stock:
    """The service's database, and its consumers as the kit calls them."""

    engine: AsyncEngine

    async def receive(self, *events: Event[Any]) -> None:
        """Apply one batch in one transaction."""
        catalogue = isinstance(events[0].body, (StoreChanged, ProductChanged))
        apply = catalogue_events.apply if catalogue else sales_events.apply
        async with AsyncSession(self.engine) as session, session.begin():
            await apply(session, events)

    async def put(
        self,
        levels: Mapping[int, int],
        store_id: StoreId = STORE,
        document_id: UUID | None = None,
    ) -> None:
        """Receive these quantities."""
        await self.execute(
            """
            WITH new AS (
                INSERT INTO stock_levels (store_id, product_id, on_hand, version)
                SELECT :store, p, q, 1
                FROM unnest(CAST(:products AS int[]), CAST(:quantities AS bigint[])) AS n(p, q)
                RETURNING *)
            INSERT INTO movements (store_id, product_id, delta, balance_after,
                level_version, kind, document_id, occurred_at)
            SELECT store_id, product_id, on_hand, on_hand, 1, 'reception',
                CAST(:document_id AS uuid), now()
            FROM new
            """,
            document_id=document_id or uuid4(),
            store=store_id,
            products=list(levels.keys()),
            quantities=list(levels.values()),
        )

    async def levels(self, store_id: StoreId = STORE) -> dict[int, int]:
        rows = await self.execute(
            "SELECT product_id, on_hand FROM stock_levels WHERE store_id = :store", store=store_id
        )
        return {row.product_id: row.on_hand for row in rows}

    async def ledger(self) -> list[tuple[str, int, int]]:
        """Return kind, delta and balance of all movements, oldest first."""
        rows = await self.execute("SELECT kind, delta, balance_after FROM movements ORDER BY id")
        return [(row.kind, row.delta, row.balance_after) for row in rows]

    async def differences(self) -> Sequence[Any]:
        """Return the levels that are not the sum of their movements, or that miss a version."""
        return await self.execute("""
            SELECT l.store_id, l.product_id, l.on_hand, sum(m.delta), l.version, count(m.id)
            FROM stock_levels AS l LEFT JOIN movements AS m USING (store_id, product_id)
            GROUP BY l.store_id, l.product_id
            HAVING l.on_hand <> coalesce(sum(m.delta), 0) OR l.version <> count(m.id)
        """)

    async def outbox(self, event_type: str = "%") -> "list[Published]":
        """Return the events written so far, oldest first, with `body` decoded."""
        rows = await self.execute(
            "SELECT * FROM outbox WHERE type LIKE :type ORDER BY id", type=event_type
        )
        return [
            Published(row.type, row.key, row.traceparent, row.actor, row.payload) for row in rows
        ]

    async def execute(self, statement: str, **parameters: Any) -> Sequence[Any]:
        async with self.engine.begin() as connection:
            result = await connection.execute(text(statement), parameters)
            return result.all() if result.returns_rows else []


@dataclass(frozen=True, slots=True)
class Published:
    """One row of the outbox."""

    type: str
    key: str
    traceparent: str | None
    actor: str | None
    payload: bytes

    @property
    def body(self) -> Any:
        return orjson.loads(self.payload)


@pytest.fixture
def stock(stock_engine: AsyncEngine) -> Stock:
    return Stock(stock_engine)


@pytest.fixture
async def api(stock_engine: AsyncEngine) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client of the HTTP process; a manager, unless a test gives another key."""
    async with stock_engine.begin() as connection:
        for role in ("till", "manager", "head-office", "visitor"):
            await ensure_key(connection, f"key-of-{role}", role, "test", rights=["backdate"])
    url = stock_engine.url.render_as_string(hide_password=False)
    app = create_app(Settings(database_url=url, http_port=1))
    async with LifespanManager(app) as manager:
        transport = httpx.ASGITransport(app=manager.app)
        # Tests write to the database directly; the process hears of that a moment later.
        headers = {"x-token": "key-of-manager", "cache-control": "no-cache"}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://stock", headers=headers
        ) as client:
            yield client
