"""The notes service on its own database."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.tools.local.ports import find_free_ports
from service_kit.settings import ServiceSettings
from tests.fixtures.http import client_of
from tests.service_kit.counting import TABLE
from tests.service_kit.notes_app import TABLES, create_app


@pytest.fixture
async def engine(plumbing_engine: AsyncEngine) -> AsyncEngine:
    """Open a database with the kit's tables and a table for the effect of `counting`."""
    async with plumbing_engine.begin() as connection:
        await connection.execute(text(TABLE))
    return plumbing_engine


@pytest.fixture
async def notes_engine(plumbing_engine: AsyncEngine) -> AsyncEngine:
    """Open a second connection to the database, beside the application's pool."""
    async with plumbing_engine.begin() as connection:
        for statement in TABLES:
            await connection.execute(text(statement))
    return plumbing_engine


@pytest.fixture
def notes_url(notes_engine: AsyncEngine) -> str:
    return notes_engine.url.render_as_string(hide_password=False)


@pytest.fixture
def narrow_app(notes_url: str) -> FastAPI:
    """Return an application with one connection and a body limit of one kilobyte."""
    return create_app(
        ServiceSettings(
            service_name="notes",
            database_url=notes_url,
            http_port=1,
            database_pool_size=1,
            database_pool_timeout_seconds=0.2,
            max_body_bytes=1024,
        )
    )


@pytest.fixture
async def client(
    narrow_app: FastAPI, notes_engine: AsyncEngine
) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(narrow_app, notes_engine) as client:
        yield client


@pytest.fixture
def orphaned_app() -> FastAPI:
    """Return an application whose database does not exist."""
    nobody = find_free_ports()["postgresql"]
    url = f"postgresql+asyncpg://postgres@127.0.0.1:{nobody}/none"
    return create_app(ServiceSettings(service_name="notes", database_url=url, http_port=1))
