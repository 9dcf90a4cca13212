"""Runs the HTTP process of the sales service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import APIRouter, FastAPI

from sales_service.api import (
    days,
    exchanges,
    keys,
    prices,
    products,
    returns,
    sale_lots,
    sales,
    stores,
    taxes,
    voids,
)
from sales_service.api.outcomes import run_outcomes
from sales_service.api.problems import PROBLEM_OF
from sales_service.api.state import SalesState
from sales_service.catalogue_cache import CatalogueCache
from sales_service.domain.currencies import WITH_CENTS
from sales_service.settings import Settings
from service_kit.api import build_api, serve
from service_kit.http.state import api_state


def create_app(settings: Settings) -> FastAPI:
    """Build the application with all its parts; raise `ValueError` for a default without cents."""
    if settings.default_currency not in WITH_CENTS:
        raise ValueError(f"DEFAULT_CURRENCY {settings.default_currency} is no currency with cents")
    state = APIRouter(lifespan=partial(_open_state, settings))
    return build_api(
        settings,
        title="Comptoir : ventes",
        routers=[
            # The sales are first: the routers are asked one after the other for each request.
            *(state, sales.router, stores.router, products.router, prices.router, taxes.router),
            *(days.router, sale_lots.router, voids.router, returns.router, exchanges.router),
            keys.router,
        ],
        problem_of=PROBLEM_OF,
    )


@asynccontextmanager
async def _open_state(settings: Settings, app: FastAPI) -> AsyncIterator[None]:
    state = api_state(app)
    async with run_outcomes(state.read_engine, state.stopping) as outcomes:
        app.state.sales = SalesState(settings, CatalogueCache(state.read_engine), outcomes)
        yield


if __name__ == "__main__":
    settings = Settings()
    serve(create_app(settings), settings)
