"""The stores and products that this process has read, to price sales with."""

from datetime import date, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from sales_service.db.catalogue import read_store_for_sale
from sales_service.db.products_for_sale import find_products_for_sale
from sales_service.domain.catalogue import Goods, Product, ProductId, Store, StoreId
from sales_service.domain.prices import is_recent, recent_since

MOST_PRODUCTS = 20_000  # some 10 MB; beyond that, the products read first are evicted


class CatalogueCache:
    """Caches stores and products per process.

    Nothing invalidates an entry. The statement that writes a sale compares versions instead, and
    writes nothing when an entry is stale. A planned price raises the version when it is planned,
    and not when it begins: an entry has the prices to come, too.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._stores: dict[StoreId, Store] = {}
        self._products: dict[ProductId, Product] = {}
        # Those with dated prices, of which each store has its own.
        self._priced: dict[tuple[StoreId, ProductId], Product] = {}

    async def look_up(
        self,
        store_id: StoreId,
        product_ids: set[ProductId],
        sold_at: datetime | date | None = None,
    ) -> Goods:
        """Return a basket's store and products from the cache; after a miss, read them all."""
        known = self._find(store_id, product_ids, sold_at)
        if store_id in self._stores and known is not None:
            return Goods(self._stores[store_id], known, is_fresh=False)
        async with AsyncSession(self._engine) as session:
            return await self._read(session, store_id, product_ids, sold_at)

    def _find(
        self, store_id: StoreId, product_ids: set[ProductId], sold_at: datetime | date | None
    ) -> dict[ProductId, Product] | None:
        if product_ids <= self._products.keys():
            return {product_id: self._products[product_id] for product_id in product_ids}
        if not is_recent(sold_at):
            return None
        known: dict[ProductId, Product] = {}
        for product_id in product_ids:
            product = self._products.get(product_id) or self._priced.get((store_id, product_id))
            if product is None:
                return None
            known[product_id] = product
        return known

    async def read_locked(
        self,
        session: AsyncSession,
        store_id: StoreId,
        product_ids: set[ProductId],
        sold_at: datetime | date | None = None,
    ) -> Goods:
        """Read a basket's store and products, and lock them until the transaction ends."""
        return await self._read(session, store_id, product_ids, sold_at, lock=True)

    async def _read(
        self,
        session: AsyncSession,
        store_id: StoreId,
        product_ids: set[ProductId],
        sold_at: datetime | date | None,
        *,
        lock: bool = False,
    ) -> Goods:
        store = await read_store_for_sale(session, store_id, lock=lock)
        since = recent_since() if is_recent(sold_at) else date.min
        products = await find_products_for_sale(
            session, store_id, list(product_ids), since, lock=lock
        )
        self._keep(store_id, store, product_ids, products, since)
        return Goods(store, products)

    def _keep(
        self,
        store_id: StoreId,
        store: Store | None,
        product_ids: set[ProductId],
        products: dict[ProductId, Product],
        since: date,
    ) -> None:
        # Remove all entries first: deleted rows must leave the cache, and a replaced entry would
        # keep its old place in the order of eviction.
        self._stores.pop(store_id, None)
        for product_id in product_ids:
            self._products.pop(product_id, None)
            self._priced.pop((store_id, product_id), None)
        if store is not None:
            self._stores[store_id] = store
        for product_id, product in products.items():
            if not product.prices:
                self._products[product_id] = product
            elif since > date.min:  # The whole history of a price may be long.
                self._priced[store_id, product_id] = product
        _evict(self._products)
        _evict(self._priced)


def _evict(entries: dict[Any, Product]) -> None:
    while len(entries) > MOST_PRODUCTS:
        del entries[next(iter(entries))]
