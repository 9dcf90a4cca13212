"""The HTTP process. It reads reports from rows that the worker computes."""

from fastapi import FastAPI

from report_service.api import journal, reports
from report_service.api.freshness import CurrentFreshness
from report_service.api.problems import PROBLEM_OF
from report_service.api.state import ReportState
from report_service.settings import Settings
from service_kit.api import build_api, serve
from service_kit.http.state import api_state


def create_app(settings: Settings) -> FastAPI:
    """Return the application. The kit adds telemetry, problems and health."""
    app = build_api(
        settings,
        title="Comptoir : rapports",
        routers=[reports.router, journal.router],
        problem_of=PROBLEM_OF,
    )
    app.state.report = ReportState(settings, CurrentFreshness(api_state(app).changes))
    return app


if __name__ == "__main__":
    service_settings = Settings()
    serve(create_app(service_settings), service_settings)
