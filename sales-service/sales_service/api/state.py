"""What the routes find in `app.state`, with its types."""

from dataclasses import dataclass

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncEngine

from sales_service.api.outcomes import Outcomes
from sales_service.catalogue_cache import CatalogueCache
from sales_service.settings import Settings
from service_kit.events.outbox_backlog import OutboxWatch


@dataclass(frozen=True, slots=True)
class SalesState:
    """What the requests of one process share."""

    settings: Settings
    engine: AsyncEngine
    outbox_watch: OutboxWatch
    catalogue: CatalogueCache
    outcomes: Outcomes


def state_of(request: Request) -> SalesState:
    """Return what `main.py` has put into `app.state.sales`."""
    state: SalesState = request.app.state.sales
    return state
