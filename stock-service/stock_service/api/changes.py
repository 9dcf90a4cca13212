"""Names the changes that make a cached response stale, as the triggers announce them."""

from stock_service.domain.levels import StoreId

CATALOGUE = "catalogue"  # any change of a store or a product
ANY_LEVEL = "stock"


def level_of(store_id: StoreId) -> str:
    """Return the name of a change of any level in this store."""
    return f"stock:{store_id}"
