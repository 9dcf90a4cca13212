"""Runs the HTTP process of the sales service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from sales_service.api import products, sales, stores
from sales_service.api.outcomes import run_outcomes
from sales_service.api.problems import PROBLEM_OF
from sales_service.api.state import SalesState
from sales_service.catalogue_cache import CatalogueCache
from sales_service.settings import Settings
from service_kit.api import build_api, serve


def create_app(settings: Settings) -> FastAPI:
    """Build the application with all its parts."""
    return build_api(
        settings,
        title="Comptoir : ventes",
        routers=[stores.router, products.router, sales.router],
        status_of=PROBLEM_OF,
        extension=_open_state,
    )


@asynccontextmanager
async def _open_state(app: FastAPI) -> AsyncIterator[None]:
    read_engine: AsyncEngine = app.state.read_engine
    async with run_outcomes(read_engine, app.state.stopping) as outcomes:
        app.state.sales = SalesState(
            settings=app.state.settings,
            engine=app.state.engine,
            outbox_watch=app.state.outbox_watch,
            catalogue=CatalogueCache(read_engine),
            outcomes=outcomes,
        )
        yield


if __name__ == "__main__":
    settings = Settings()
    serve(create_app(settings), settings)
