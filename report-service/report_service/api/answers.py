"""Reports as the bytes that are answered: French fields, cents as money."""

from datetime import UTC, date
from hashlib import blake2b
from typing import Any

import orjson
from fastapi import Request, Response

from report_service.api.schemas import PeriodIn
from report_service.db.reports import (
    Freshness,
    SalesReport,
    StockAlert,
    StoreReport,
)
from service_kit.stages import Stage, stage


@stage(Stage.SERIALISATION)
def answer_sales_report(
    request: Request, report: SalesReport, period: PeriodIn, is_current: bool | None
) -> Response:
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
    return _answer(request, content, report.freshness, is_current)


@stage(Stage.SERIALISATION)
def answer_store_report(
    request: Request, report: StoreReport, period: PeriodIn, is_current: bool | None
) -> Response:
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
    return _answer(request, content, report.freshness, is_current)


def _answer(
    request: Request, content: dict[str, Any], freshness: Freshness, is_current: bool | None
) -> Response:
    if is_current is not None:
        content["a_jour"] = is_current
    # Weak, and of the figures alone: a report that only became older is the same report.
    etag = f'W/"{blake2b(orjson.dumps(content), digest_size=12).hexdigest()}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    body = orjson.dumps(content | _freshness(freshness), option=orjson.OPT_UTC_Z)
    return Response(body, headers=headers, media_type="application/json")


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


def _freshness(freshness: Freshness) -> dict[str, Any]:
    computed_at, complete_until = freshness.computed_at, freshness.complete_until
    delay = None if complete_until is None else computed_at - complete_until
    return {
        "calcule_a": computed_at.astimezone(UTC),
        "complet_jusqua": None if complete_until is None else complete_until.astimezone(UTC),
        "retard_ms": None if delay is None else round(delay.total_seconds() * 1000),
    }
