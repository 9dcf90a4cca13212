"""A committed sale is answered as such, even when its outcome cannot be read."""

from sqlalchemy.ext.asyncio import AsyncEngine

from sales_service.main import create_app
from sales_service.settings import Settings
from service_kit.http.state import api_state
from tests.fixtures.http import client_of
from tests.fixtures.waiting import eventually


async def test_a_sale_whose_outcome_cannot_be_read_is_pending(sales_engine: AsyncEngine) -> None:
    url = sales_engine.url.render_as_string(hide_password=False)
    # One connection for reads, one for writes.
    settings = Settings(
        database_url=url, http_port=1, database_pool_size=2, database_pool_timeout_seconds=0.2
    )
    app = create_app(settings)
    async with client_of(app, sales_engine) as client:
        store = (await client.post("/api/magasins/", json={"nom": "Verdun"})).json()["id"]
        rice = {"nom": "Riz", "categorie": "Vrac", "prix": 1}
        product = (await client.post("/api/produits/", json=rice)).json()["id"]
        sale = {"magasin_id": store, "panier": [{"produit_id": product, "quantite": 1}]}

        async def has_cached_the_caller() -> bool:
            await client.post("/api/ventes/", json=sale, headers={"prefer": "respond-async"})
            return api_state(app).callers.find("head-office") is not None

        await eventually(has_cached_the_caller, True)
        async with api_state(app).read_engine.connect():
            answer = await client.post("/api/ventes/", json=sale, headers={"prefer": "wait=1"})
        found = await client.get(answer.headers["location"])

    assert (answer.status_code, answer.json()["statut"]) == (202, "en_attente")
    assert found.json()["id"] == answer.json()["vente_id"]
