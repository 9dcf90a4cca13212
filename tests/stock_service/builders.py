"""Builds sales, events, stores and requests; a test gives only the values that matter to it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID, uuid4

from service_kit.events.cloud_events import Event
from stock_service.domain.levels import ProductId, StoreId
from stock_service.domain.sales import Cancellation, Sale
from stock_service.events.consumed import (
    LevelDeclared,
    ProductChanged,
    SaleCancelled,
    SaleLine,
    SaleRecorded,
    SaleVoided,
    StoreChanged,
)

STORE = StoreId(3)
OTHER_STORE = StoreId(4)
COFFEE = ProductId(11)
TEA = ProductId(12)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def reception(*lines: tuple[int, int], **more: Any) -> dict[str, Any]:
    """Return the body of a request that receives these quantities of products."""
    return {
        "magasin_id": STORE,
        "type": "reception",
        "lignes": [{"produit_id": product, "quantite": quantity} for product, quantity in lines],
        **more,
    }


def a_sale(
    wanted: Mapping[ProductId, int], *, is_conditional: bool = True, sale_id: UUID | None = None
) -> Sale:
    return Sale(sale_id or uuid4(), STORE, NOON, wanted, is_conditional)


def a_cancellation(sale: Sale) -> Cancellation:
    return Cancellation(sale.sale_id, sale.store_id, NOON)


def an_event(body: Any, traceparent: str | None = None, actor: str | None = None) -> Event[Any]:
    return Event(uuid4(), type(body).__name__, body, traceparent, record=None, actor=actor)


def sale_recorded(
    *lines: tuple[ProductId, int],
    store_id: StoreId = STORE,
    policy: str = "strict",
    status: str | None = None,
    sale_id: UUID | None = None,
    traceparent: str | None = None,
    actor: str | None = None,
    reservation_id: UUID | None = None,
    sold_at: datetime = NOON,
    **more: Any,
) -> Event[SaleRecorded]:
    body = SaleRecorded(
        sale_id=sale_id or uuid4(),
        store_id=store_id,
        status=status or {"strict": "pending"}.get(policy, "confirmed"),
        stock_policy=policy,
        sold_at=sold_at,
        lines=[SaleLine(product_id, quantity) for product_id, quantity in lines],
        reservation_id=reservation_id,
        **more,
    )
    return an_event(body, traceparent, actor)


def sale_cancelled(sale: Event[SaleRecorded], actor: str | None = None) -> Event[SaleCancelled]:
    return an_event(SaleCancelled(sale.body.sale_id, sale.body.store_id, NOON), actor=actor)


def sale_voided(
    sale: Event[SaleRecorded], actor: str | None = None, voided_at: datetime = NOON
) -> Event[SaleVoided]:
    return an_event(SaleVoided(sale.body.sale_id, sale.body.store_id, voided_at), actor=actor)


def level_declared(
    kind: Literal["opening", "count"],
    quantity: int,
    *,
    product_id: ProductId = COFFEE,
    traceparent: str | None = None,
    actor: str | None = None,
) -> Event[LevelDeclared]:
    body = LevelDeclared(uuid4(), STORE, product_id, kind, quantity, NOON)
    return an_event(body, traceparent, actor)


def store_changed(
    store_id: int = STORE,
    *,
    version: int = 1,
    name: str = "Plateau",
    policy: str = "strict",
    kind: str = "store",
    is_active: bool = True,
) -> Event[StoreChanged]:
    body = StoreChanged(StoreId(store_id), version, name, "Montréal", kind, policy, is_active)
    return an_event(body)


def product_changed(
    product_id: int,
    *,
    version: int = 1,
    name: str = "Café",
    price: str = "12.5000",
    category: str = "Épicerie",
) -> Event[ProductChanged]:
    sku = f"SKU-{product_id}"
    unit_price = Decimal(price)
    body = ProductChanged(
        ProductId(product_id), version, sku, name, category, unit_price, is_active=True
    )
    return an_event(body)
