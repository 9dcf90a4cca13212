"""Creates the missing stores, products and opening stock that the sales need."""

import asyncio
import hashlib
import re
from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any

from infra.tools.measure.replay.reading import Invoice, TillData
from infra.tools.rest import ON_ITS_WAY_CODES, RestClient, address_of

PRODUCTS_PER_REQUEST = 1000
LINES_PER_ENTRY = 5000
GOODS = re.compile(r"\d{5}")


class Numbers:
    """The system's ids of stores and products, by name and by SKU."""

    def __init__(self, stores: dict[str, int], products: dict[str, int]) -> None:
        self.stores = stores
        self.products = products


async def prepare_catalogue(client: RestClient, data: TillData) -> Numbers:
    """Create what the file's sales need; leave existing stores and products as they are."""
    stores, products = await asyncio.gather(
        _ensure_stores(client, sorted({invoice.store for invoice in data.invoices})),
        _ensure_products(client, data),
    )
    numbers = Numbers(stores, products)
    await _receive_opening_stock(client, data.invoices, numbers)
    return numbers


async def _ensure_stores(client: RestClient, names: list[str]) -> dict[str, int]:
    url = f"{address_of('sales')}/api/magasins/"
    known = {store["nom"]: store["id"] async for store in client.get_pages(url)}
    for name in names:
        if name not in known:
            body = {
                "nom": name,
                "politique_stock": "permissive",
                "fuseau": "Europe/London",
                "devise": "GBP",
                "taxes": [],
            }
            known[name] = (await client.post(url, body, f"replay-magasin-{name}")).json()["id"]
    return {name: known[name] for name in names}


async def _ensure_products(client: RestClient, data: TillData) -> dict[str, int]:
    url = f"{address_of('sales')}/api/produits/"
    prices: dict[str, Decimal] = {}
    for invoice in data.invoices:
        for line in invoice.lines:
            prices.setdefault(line.sku, line.price)
    known = {
        product["sku"]: product["id"]
        for is_active in ("true", "false")
        async for product in client.get_pages(url, limite=1000, actif=is_active)
    }
    missing = sorted(prices.keys() - known.keys())
    for skus in _slices(missing, PRODUCTS_PER_REQUEST):
        bodies = [_product_body(sku, data.names.get(sku, sku), prices[sku]) for sku in skus]
        answer = await client.post(f"{url}lots", {"produits": bodies}, _key("produits", skus))
        known |= {product["sku"]: product["id"] for product in answer.json()["produits"]}
    return {sku: known[sku] for sku in prices}


def _product_body(sku: str, name: str, price: Decimal) -> dict[str, Any]:
    # Postage, fees and vouchers are sold too, but are not goods.
    category = "Articles" if GOODS.match(sku) else "Services"
    return {"sku": sku, "nom": name, "categorie": category, "prix": float(price)}


async def _receive_opening_stock(
    client: RestClient, invoices: list[Invoice], numbers: Numbers
) -> None:
    """Receive, once, what the file sells in each store."""
    sold: dict[str, Counter[str]] = defaultdict(Counter)
    for invoice in invoices:
        for line in invoice.lines:
            sold[invoice.store][line.sku] += line.quantity
    await asyncio.gather(
        *(_receive(client, numbers, store, units) for store, units in sold.items())
    )


async def _receive(client: RestClient, numbers: Numbers, store: str, units: Counter[str]) -> None:
    url = f"{address_of('stock')}/api/stock/mouvements"
    store_id = numbers.stores[store]
    lines = [
        {"produit_id": numbers.products[sku], "quantite": quantity}
        for sku, quantity in sorted(units.items())
    ]
    for slice in _slices(lines, LINES_PER_ENTRY):
        body = {"magasin_id": store_id, "type": "reception", "motif": "ouverture", "lignes": slice}
        # The key contains the body, so that a repeated replay receives the same goods once.
        key = _key(f"ouverture-{store_id}", slice)
        await client.post(url, body, key, again_codes=ON_ITS_WAY_CODES)


def _slices(items: list[Any], size: int) -> list[list[Any]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


def _key(what: str, content: object) -> str:
    return f"replay-{what}-{hashlib.sha256(repr(content).encode()).hexdigest()[:16]}"
