"""Part `lists`: how long the lists and searches of sales take, at every number of stored sales."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

from infra.tools.measure.bench.comparing import RATE, Target, compare
from infra.tools.measure.bench.filling import make_sales
from infra.tools.measure.bench.lab import Effort, Lab
from infra.tools.measure.bench.load import get
from infra.tools.measure.tables import Row, Tables

REQUESTS_PER_SECOND = 10.0
SECONDS = 5  # for each second of a load: fewer answers would make no percentile
LAST_DAY = date(2026, 6, 30)
_SALES, _RETURNS, _STORE = "/api/ventes/", "/api/retours/", "magasin_id=7"


def list_reads() -> Mapping[str, str]:
    """Return the paths of the lists and searches by name."""
    week = f"date_debut={LAST_DAY - timedelta(days=60)}&date_fin={LAST_DAY - timedelta(days=54)}"
    return {
        "sales of the chain": _SALES,
        "sales of a store": f"{_SALES}?{_STORE}",
        "sales of a week": f"{_SALES}?{week}",
        "sales of a week in a store": f"{_SALES}?{_STORE}&{week}",
        "sales of a till": f"{_SALES}?{_STORE}&caisse=C1",
        "refused sales": f"{_SALES}?statut=rejetee",
        "sales with a product": f"{_SALES}?{_STORE}&produit_id=42",
        "a sale by its number": f"{_SALES}?numero=7-000042",
        "returns of the chain": _RETURNS,
        "returns of a store": f"{_RETURNS}?{_STORE}",
        "products by a word": "/api/produits/recherche?critere=produit",
        "a product by its SKU": "/api/produits/recherche?critere=P1234",
        "products of a category": "/api/produits/filtrer?categorie=Rayon%207",
    }


async def measure_lists(lab: Lab, effort: Effort) -> Tables:
    """Ask for each list ten times a second, with the fewest and with the most sales stored."""
    sizes = [each for each in effort.sizes if each <= 1_000_000]
    targets = []
    for size in dict.fromkeys((sizes[0], sizes[-1])):
        database = await make_sales(lab, size, LAST_DAY)
        served = await lab.serve("sales_service.main", lab.environment("sales", database))
        key = lab.layout.secrets["head-office"]
        targets += [
            Target(
                name,
                [get(served.url(path), key)],
                lab.programs_of(served),
                size=size,
                rate=REQUESTS_PER_SECOND,
            )
            for name, path in list_reads().items()
        ]
    found = await compare(replace(effort, rounds=1), targets, SECONDS * effort.seconds)
    rows: list[Row] = [
        {
            "": target.name,
            "sales stored": f"{target.size:,}",
            "requests/s": figures[RATE],
            **{name: figures[name] for name in ("p50 ms", "p95 ms", "p99 ms", "max ms")},
        }
        for target, figures in found.items()
    ]
    return {"latencies": sorted(rows, key=lambda row: str(row[""]))}
