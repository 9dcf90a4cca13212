"""What can change under an answer of this service, as the triggers of its migrations name it."""

from stock_service.domain.levels import StoreId

CATALOGUE = "catalogue"  # a store or a product, in any respect
ANY_LEVEL = "stock"


def level_of(store_id: StoreId) -> str:
    """Some level of this store."""
    return f"stock:{store_id}"
