"""Sales of three lines as a till sends them, as prepared requests."""

import json
import random

from infra.tools.measure.bench.chain import STRICT_FROM
from infra.tools.measure.bench.load import UNIQUE
from infra.tools.measure.bench.seed_tables import PRODUCTS, STORES

PERMISSIVE = range(1, STRICT_FROM)
STRICT = range(STRICT_FROM, STORES + 1)


def sale_requests(key: str, stores: range) -> list[str]:
    """Some hundred baskets; each is sent under another `Idempotency-Key` each time."""
    chance = random.Random(3)
    return [_post(key, stores[n % len(stores)], chance) for n in range(300)]


def _post(key: str, store: int, chance: random.Random) -> str:
    products = [1 + int(PRODUCTS * chance.random() ** 2) for _ in range(3)]
    lines = [{"produit_id": each, "quantite": 1 + each % 3} for each in products]
    body = json.dumps({"magasin_id": store, "panier": lines})
    head = [
        "POST /api/ventes/ HTTP/1.1",
        "host: bench",
        f"x-token: {key}",
        "content-type: application/json",
        f"content-length: {len(body)}",
        f"idempotency-key: {UNIQUE.decode()}",
        # A strict store's sale is written and then waits for the stock, which is not there.
        "prefer: respond-async",
    ]
    return "\r\n".join([*head, "", body])
