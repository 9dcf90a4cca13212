"""What the requests of one process share, beyond the kit's `ApiState`."""

from dataclasses import dataclass

from fastapi import FastAPI

from report_service.api.freshness import CurrentFreshness
from report_service.settings import Settings


@dataclass(frozen=True, slots=True)
class ReportState:
    settings: Settings
    freshness: CurrentFreshness


def report_state(app: FastAPI) -> ReportState:
    """Return the state that `main.py` has given to the application."""
    state: ReportState = app.state.report
    return state
