"""The stores and products that this process has read, to price sales with."""

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from sales_service.db.catalogue import find_products_for_sale, read_store_for_sale
from sales_service.domain.catalogue import Goods, Product, ProductId, Store, StoreId

MOST_PRODUCTS = 20_000  # some 10 MB; beyond that, the products read first are evicted


class CatalogueCache:
    """Caches stores and products per process.

    Nothing invalidates an entry. The statement that writes a sale compares versions instead, and
    writes nothing when an entry is stale.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._stores: dict[StoreId, Store] = {}
        self._products: dict[ProductId, Product] = {}

    async def look_up(self, store_id: StoreId, product_ids: set[ProductId]) -> Goods:
        """Return a basket's store and products from the cache; after a miss, read them all."""
        if store_id in self._stores and product_ids <= self._products.keys():
            known = {product_id: self._products[product_id] for product_id in product_ids}
            return Goods(self._stores[store_id], known, is_fresh=False)
        async with AsyncSession(self._engine) as session:
            return await self._read(session, store_id, product_ids)

    async def read_locked(
        self, session: AsyncSession, store_id: StoreId, product_ids: set[ProductId]
    ) -> Goods:
        """Read a basket's store and products, and lock them until the transaction ends."""
        return await self._read(session, store_id, product_ids, lock=True)

    async def _read(
        self,
        session: AsyncSession,
        store_id: StoreId,
        product_ids: set[ProductId],
        *,
        lock: bool = False,
    ) -> Goods:
        store = await read_store_for_sale(session, store_id, lock=lock)
        products = await find_products_for_sale(session, list(product_ids), lock=lock)
        self._keep(store_id, store, product_ids, products)
        return Goods(store, products)

    def _keep(
        self,
        store_id: StoreId,
        store: Store | None,
        product_ids: set[ProductId],
        products: dict[ProductId, Product],
    ) -> None:
        # Remove all entries first: deleted rows must leave the cache, and a replaced entry would
        # keep its old place in the order of eviction.
        self._stores.pop(store_id, None)
        for product_id in product_ids:
            self._products.pop(product_id, None)
        if store is not None:
            self._stores[store_id] = store
        self._products |= products
        while len(self._products) > MOST_PRODUCTS:
            del self._products[next(iter(self._products))]
