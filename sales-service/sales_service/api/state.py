"""What the requests of one process share, beyond the kit's `ApiState`."""

from dataclasses import dataclass

from fastapi import FastAPI

from sales_service.api.outcomes import Outcomes
from sales_service.catalogue_cache import CatalogueCache
from sales_service.settings import Settings


@dataclass(frozen=True, slots=True)
class SalesState:
    settings: Settings
    catalogue: CatalogueCache
    outcomes: Outcomes


def sales_state(app: FastAPI) -> SalesState:
    """Return the state that `main.py` has given to the application."""
    state: SalesState = app.state.sales
    return state
