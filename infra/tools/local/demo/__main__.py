"""Creates the missing parts of the demo chain through the REST APIs; `make up` runs it."""

import asyncio
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from infra.tools.local.demo.catalogue import CENTRE, STORES, list_products, opening_quantity
from infra.tools.rest import (
    ON_ITS_WAY_CODES,
    RefusedRequest,
    RestClient,
    address_of,
    head_office_key,
)
from sales_service.api.return_schemas import EXAMPLE_RETURN
from sales_service.api.sale_schemas import DELETED_EXAMPLE_ID, EXAMPLE_ID, VOIDED_EXAMPLE_ID


async def main() -> None:
    """Create stores, products, opening stock and sales; leave existing ones as they are."""
    async with RestClient(head_office_key()) as client:
        store_ids = await _ensure_stores(client)
        products = await _ensure_products(client, store_ids[0])
        stocked = await asyncio.gather(
            *(_ensure_stock(client, index, id, products) for index, id in enumerate(store_ids))
        )
        for sale_id in (EXAMPLE_ID, VOIDED_EXAMPLE_ID, DELETED_EXAMPLE_ID):
            await _ensure_sale(client, sale_id, store_ids[0], products[0])
        await _ensure_return(client)
    state = "created" if any(stocked) else "exists"
    parts = f"{len(STORES)} stores, a centre, {len(products)} products, sales"
    print(f"         demo chain {state}: {parts}")


async def _ensure_stores(client: RestClient) -> list[int]:
    url = f"{address_of('sales')}/api/magasins/"
    known = {
        store["nom"]: store["id"]
        for is_active in ("true", "false")
        async for store in client.get_pages(url, actif=is_active)
    }
    ids = []
    for index, place in enumerate((*STORES, CENTRE)):
        # In sequence, so that the first store gets id 1 on an empty system.
        if place[0] not in known:
            answer = await client.post(url, _store_body(place), f"demo-magasin-{index}")
            known[place[0]] = answer.json()["id"]
        ids.append(known[place[0]])
    return ids


def _store_body(place: tuple[str, str, str]) -> dict[str, Any]:
    name, address, city = place
    kind = "centre_logistique" if place is CENTRE else "magasin"
    return {"nom": name, "adresse": address, "ville": city, "type": kind}


async def _ensure_products(client: RestClient, home_store_id: int) -> list[int]:
    wanted = list_products()
    known = await _find_products(client, {body["sku"] for body in wanted})
    missing = [body for body in wanted if body["sku"] not in known]
    if missing:
        url = f"{address_of('sales')}/api/produits/lots"
        # Made for a store: `quantite_stock` in a PUT without `magasin_id` is a count there.
        products = [body | {"magasin_id": home_store_id} for body in missing]
        answer = await client.post(url, {"produits": products}, f"demo-produits-{len(missing)}")
        known |= {product["sku"]: product["id"] for product in answer.json()["produits"]}
    return [known[body["sku"]] for body in wanted]


async def _find_products(client: RestClient, skus: set[str]) -> dict[str, int]:
    known: dict[str, int] = {}
    url = f"{address_of('sales')}/api/produits/"
    for is_active in ("true", "false"):
        async for product in client.get_pages(url, limite=1000, actif=is_active):
            if product["sku"] in skus:
                known[product["sku"]] = product["id"]
            if len(known) == len(skus):
                return known
    return known


async def _ensure_stock(
    client: RestClient, index: int, store_id: int, products: Iterable[int]
) -> bool:
    """Post the opening stock of a store that has none; tell whether it was posted."""
    url = address_of("stock")
    if await client.get(f"{url}/api/stock/mouvements", magasin_id=store_id, limite=1):
        return False
    lines = [
        {"produit_id": product_id, "quantite": opening_quantity(index, number)}
        for number, product_id in enumerate(products)
    ]
    body = {"magasin_id": store_id, "type": "reception", "motif": "ouverture", "lignes": lines}
    key = f"demo-ouverture-{store_id}"
    await client.post(f"{url}/api/stock/mouvements", body, key, again_codes=ON_ITS_WAY_CODES)
    return True


async def _ensure_sale(client: RestClient, sale_id: UUID, store_id: int, product_id: int) -> None:
    """Record a sale that is an example of `/docs`; the same id again records no second one."""
    body = {
        "vente_id": str(sale_id),
        "magasin_id": store_id,
        "panier": [{"produit_id": product_id, "quantite": 2}],
    }
    try:
        await client.post(f"{address_of('sales')}/api/ventes/", body, f"demo-vente-{sale_id}")
    except RefusedRequest as refused:
        # On a system that has been used the stock may be gone, or the sale voided. That is no
        # fault of the start.
        if refused.status != 409:
            raise


async def _ensure_return(client: RestClient) -> None:
    """Take a unit of that sale back, as the example of `/docs` does; the same id again: nothing."""
    url = f"{address_of('sales')}/api/ventes/{EXAMPLE_ID}/retours"
    try:
        await client.post(url, EXAMPLE_RETURN, "demo-retour")
    except RefusedRequest as refused:
        # Without the sale there is no return; on a used system, all of it may have come back.
        if refused.status not in (404, 409):
            raise


if __name__ == "__main__":
    asyncio.run(main())
