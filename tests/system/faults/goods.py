"""The goods that all stores of a run sell."""

from dataclasses import dataclass
from random import Random
from typing import Any

PRODUCTS = 12
DEAREST = 1 + (PRODUCTS - 1) / 4  # the price of the last product, which few baskets have


def describe_goods(run: str) -> list[dict[str, Any]]:
    """Return the bodies that make the products of a run; one in four is of a class without tax."""
    return [
        {
            "nom": f"{run}-{n}",
            "categorie": "Essai",
            "prix": 1 + n / 4,
            "classe_taxe": "detaxe" if n % 4 == 3 else "taxable",
        }
        for n in range(PRODUCTS)
    ]


@dataclass(frozen=True, slots=True)
class Goods:
    """The products that all stores of a run sell; the first ones are in most baskets."""

    product_ids: tuple[int, ...]

    def choose(self, random: Random, at_most: int) -> list[int]:
        """Return different products, hot ones most often."""
        weights = [1 / (rank + 1) for rank in range(len(self.product_ids))]
        chosen = random.choices(self.product_ids, weights, k=random.randint(1, at_most))
        return list(dict.fromkeys(chosen))

    @property
    def dearest_id(self) -> int:
        return self.product_ids[-1]
