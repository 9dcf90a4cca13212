"""Stores and products as this process has read them, to ring up with.

Nobody tells it of changes: the statement that writes a sale compares versions, and writes nothing
when one is not the newest.
"""

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from sales_service.db.catalogue import find_products_for_sale, read_store_for_sale
from sales_service.domain.catalogue import Goods, Product, ProductId, Store, StoreId

MOST_PRODUCTS = 20_000  # some 10 MB; of more, those that were read first are forgotten


class KnownCatalogue:
    """One per process."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._stores: dict[StoreId, Store] = {}
        self._products: dict[ProductId, Product] = {}

    async def look_up(self, store_id: StoreId, product_ids: set[ProductId]) -> Goods:
        """What is known of a basket's store and products; all is read when one is not."""
        if store_id in self._stores and product_ids <= self._products.keys():
            known = {product_id: self._products[product_id] for product_id in product_ids}
            return Goods(self._stores[store_id], known, is_fresh=False)
        async with AsyncSession(self._engine) as session:
            return await self._read(session, store_id, product_ids)

    async def hold(
        self, session: AsyncSession, store_id: StoreId, product_ids: set[ProductId]
    ) -> Goods:
        """The newest, which nobody changes before the session's transaction ends."""
        return await self._read(session, store_id, product_ids, hold=True)

    async def _read(
        self,
        session: AsyncSession,
        store_id: StoreId,
        wanted: set[ProductId],
        *,
        hold: bool = False,
    ) -> Goods:
        store = await read_store_for_sale(session, store_id, hold=hold)
        products = await find_products_for_sale(session, list(wanted), hold=hold)
        self._keep(store_id, store, wanted, products)
        return Goods(store, products)

    def _keep(
        self,
        store_id: StoreId,
        store: Store | None,
        wanted: set[ProductId],
        products: dict[ProductId, Product],
    ) -> None:
        # What is gone now is asked for each time, and what was read last is forgotten last.
        self._stores.pop(store_id, None)
        for product_id in wanted:
            self._products.pop(product_id, None)
        if store is not None:
            self._stores[store_id] = store
        self._products |= products
        while len(self._products) > MOST_PRODUCTS:
            del self._products[next(iter(self._products))]
