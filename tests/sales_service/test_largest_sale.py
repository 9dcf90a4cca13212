"""A basket may be large, but its event must fit into one Kafka message."""

from typing import Any

from sqlalchemy import text

from sales_service.api.sale_schemas import MOST_LINES
from sales_service.domain.payments import MOST_PAYMENTS
from service_kit.events.outbox import MOST_BYTES
from tests.sales_service.conftest import Shop

LONGEST = 200
# The longest names and the most discounts together may be too much for a message.
LONG = 150


async def offer(shop: Shop, name: str) -> int:
    """Add a product with this name and category."""
    body: dict[str, Any] = {"nom": name, "categorie": name, "prix": "9999.9999"}
    answer = await shop.client.post("/api/produits/", json=body)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


async def recorded(shop: Shop) -> tuple[int, int]:
    """Return the number of sales and the size of the largest event."""
    async with shop.engine.connect() as connection:
        row = (
            await connection.execute(
                text("""
                    SELECT (SELECT count(*) FROM sales) AS sales,
                        (SELECT max(octet_length(payload)) FROM outbox) AS bytes
                """)
            )
        ).one()
    return row.sales, row.bytes


async def test_the_most_lines_with_the_longest_names_and_all_payments_are_sold(shop: Shop) -> None:
    product = await offer(shop, "x" * LONGEST)
    body = shop.basket(*[(product, 1)] * MOST_LINES)
    smallest = {"moyen": "carte_cadeau", "montant": 0.01}
    payments = [smallest] * (MOST_PAYMENTS - 1) + [{"moyen": "comptant", "montant": 999_999_999}]

    answer = await shop.client.post("/api/ventes/", json=body | {"paiements": payments})

    assert answer.status_code == 201, answer.text
    assert len(answer.json()["lignes"]) == MOST_LINES
    assert len(answer.json()["paiements"]) == MOST_PAYMENTS
    sales, largest = await recorded(shop)
    assert sales == 1
    assert MOST_LINES * 2 * LONGEST < largest < MOST_BYTES


async def test_the_most_lines_fit_when_each_is_discounted_twice(shop: Shop) -> None:
    product = await offer(shop, "x" * LONG)
    body = shop.basket(*[(product, 1)] * MOST_LINES)
    discount = {"pourcentage": 49, "motif": "x" * LONGEST}
    for line in body["panier"]:
        line["remise"] = discount

    answer = await shop.client.post("/api/ventes/", json=body | {"remise": discount})

    assert answer.status_code == 201, answer.text
    assert answer.json()["lignes"][-1]["motif_remise"] == "x" * LONGEST
    _, largest = await recorded(shop)
    assert MOST_LINES * 2 * LONG < largest < MOST_BYTES


async def test_a_sale_that_no_message_holds_is_refused_whole(shop: Shop) -> None:
    # JSON writes six bytes for each of these.
    product = await offer(shop, "\x01" * LONGEST)
    before = await recorded(shop)

    answer = await shop.sell(*[(product, 1)] * MOST_LINES, headers={"idempotency-key": "large"})

    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "corps-trop-grand"
    assert await recorded(shop) == before
