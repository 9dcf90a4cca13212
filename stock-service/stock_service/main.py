"""Runs the HTTP process of the stock service."""

from fastapi import FastAPI

from service_kit.api import build_api, serve
from stock_service.api import (
    alerts,
    counts,
    movement_lots,
    movements,
    requests,
    reservations,
    stock,
    thresholds,
    transfers,
    value,
)
from stock_service.api.problems import PROBLEM_OF
from stock_service.settings import Settings


def create_app(settings: Settings) -> FastAPI:
    """Return the wired application."""
    return build_api(
        settings,
        title="Comptoir : stock",
        routers=[
            stock.router,
            value.router,
            movement_lots.router,
            movements.router,
            reservations.router,
            transfers.router,
            counts.router,
            thresholds.router,
            alerts.router,
            requests.router,
        ],
        problem_of=PROBLEM_OF,
        body_bounds={movement_lots.PATH: movement_lots.BODY_BOUNDS},
    )


if __name__ == "__main__":
    settings = Settings()
    serve(create_app(settings), settings)
