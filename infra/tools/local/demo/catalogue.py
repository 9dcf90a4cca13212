"""Stores and opening stock of the demo chain; `products.csv` has its products, in CAD."""

import csv
from pathlib import Path
from typing import Any

STORES = (
    ("Comptoir Plateau", "4200, rue Saint-Denis", "Montréal"),
    ("Comptoir Vieux-Québec", "35, rue Saint-Jean", "Québec"),
    ("Comptoir Centropolis", "1800, avenue Pierre-Péladeau", "Laval"),
    ("Comptoir Outaouais", "320, boulevard Saint-Joseph", "Gatineau"),
    ("Comptoir Estrie", "150, rue Wellington Nord", "Sherbrooke"),
)
CENTRE = ("Centre logistique", "9000, boulevard Ray-Lawson", "Montréal")


def list_products() -> list[dict[str, Any]]:
    """Return the request bodies of all products."""
    with (Path(__file__).parent / "products.csv").open(encoding="utf-8", newline="") as file:
        return [row | {"prix": float(row["prix"])} for row in csv.DictReader(file)]


def opening_quantity(store: int, product: int) -> int:
    """Return the opening level: the same on every machine, rarely above the overstock limit."""
    if store == len(STORES):
        return 50
    return 60 if (product + store) % 50 == 0 else 10 + (7 * product + 31 * store) % 40
