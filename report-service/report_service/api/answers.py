"""Reports as they are answered, but for their freshness: French fields, cents as money."""

from datetime import date
from typing import Any

import orjson

from report_service.api.schemas import PeriodIn
from report_service.db.reports import (
    SalesReport,
    StockAlert,
    StoreReport,
)
from service_kit.telemetry.stages import Stage, stage


@stage(Stage.SERIALISATION)
def sales_report_as_json(
    report: SalesReport, period: PeriodIn, is_current: bool | None = None
) -> bytes:
    """The consolidated report; its totals are the sums of the stores that it lists."""
    content = {
        "total_ventes": _money(sum(store.amount_cents for store in report.stores)),
        "nombre_ventes": sum(store.sales_count for store in report.stores),
        "taxes": _money(sum(store.tax_cents for store in report.stores)),
        "periode": _period(period),
        "produits": [
            {
                "produit_id": product.product_id,
                "nom": product.name,
                "categorie": product.category,
                "quantite": product.units,
                "total": _money(product.amount_cents),
            }
            for product in report.products
        ],
        "ruptures": [_alert(each) for each in report.ruptures],
        "surstocks": [_alert(each) for each in report.overstocks],
        "ventes_par_magasin": [
            {
                "magasin_id": store.store_id,
                "magasin": store.store,
                "total": _money(store.amount_cents),
                "nombre_ventes": store.sales_count,
            }
            for store in report.stores
        ],
        "tendance_journaliere": [
            {"jour": day.business_date, "total": _money(day.amount_cents)} for day in report.days
        ],
    }
    return _without_end(content, is_current)


@stage(Stage.SERIALISATION)
def store_report_as_json(
    report: StoreReport, period: PeriodIn, is_current: bool | None = None
) -> bytes:
    """The sales of each store."""
    content = {
        "periode": _period(period),
        "rapport": [
            {
                "magasin_id": store.store_id,
                "magasin": store.store,
                "nombre_ventes": store.sales_count,
                "total_ventes": _money(store.amount_cents),
            }
            for store in report.stores
        ],
    }
    return _without_end(content, is_current)


def _without_end(content: dict[str, Any], is_current: bool | None) -> bytes:
    if is_current is not None:
        content["a_jour"] = is_current
    return orjson.dumps(content)[:-1]


def _money(cents: int) -> float:
    # The shortest decimal that a float prints is the exact one up to 90 billion.
    return cents / 100


def _period(period: PeriodIn) -> dict[str, date | None]:
    return {"date_debut": period.date_debut, "date_fin": period.date_fin}


def _alert(alert: StockAlert) -> dict[str, Any]:
    return {
        "produit_id": alert.product_id,
        "nom": alert.name,
        "categorie": alert.category,
        "stock": alert.on_hand,
        "magasin_id": alert.store_id,
        "magasin": alert.store,
    }
