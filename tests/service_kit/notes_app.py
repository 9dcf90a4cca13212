"""A service without a domain, to test the kit with.

`python -m tests.service_kit.notes_app api` (or `worker`) runs it; `DATABASE_URL` and `HTTP_PORT`
come from the environment.
"""

import sys
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import text

from service_kit.api import build_api, serve
from service_kit.http.access import Needs, Reach
from service_kit.http.callers import Caller
from service_kit.http.problems import Problem
from service_kit.http.state import ReadSession, write_session
from service_kit.settings import ServiceSettings
from service_kit.telemetry.routing import TimedRoute
from service_kit.worker import run_worker

TABLES = (
    "CREATE TABLE notes (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)",
    "CREATE TABLE conflicts (id int)",
    """
    CREATE FUNCTION conflict() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'could not serialize' USING ERRCODE = '40001'; END $$
    """,
    """
    CREATE CONSTRAINT TRIGGER conflict_at_commit AFTER INSERT ON conflicts
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION conflict()
    """,
)

Writer = Annotated[
    Caller, Depends(Needs("manager", "head-office", reach=Reach.EVERY_SITE), scope="function")
]
Anyone = Annotated[
    Caller, Depends(Needs("till", "manager", "head-office", reach=Reach.SHARED), scope="function")
]

router = APIRouter(route_class=TimedRoute)


class NoteTaken(Exception):
    """A note with this number exists."""


def taken(error: NoteTaken) -> Problem:
    return Problem(409, "note-prise", str(error))


class Part(BaseModel):
    """A part of a note."""

    size: Annotated[int, Field(ge=1, strict=True)]


class NoteIn(BaseModel):
    """A note; `after` are statements that follow it in its transaction."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[int, Field(ge=1)]
    parts: list[Part] = []
    after: list[str] = []


@router.post("/notes", status_code=201)
async def post_note(body: NoteIn, request: Request, caller: Writer) -> str:
    async with write_session(request) as session:
        await session.execute(text("INSERT INTO notes VALUES (:id)"), {"id": body.id})
        for statement in body.after:
            await session.execute(text(statement))
        if body.id == 409:
            raise NoteTaken("La note 409 existe.")
    return caller.client_id


@router.get("/notes")
async def get_notes(
    session: ReadSession, caller: Anyone, most: Annotated[int, Query(ge=1)] = 10
) -> list[int]:
    return list((await session.execute(text("SELECT id FROM notes ORDER BY id"))).scalars())[:most]


@router.get("/notes/{note_id}/bug")
async def get_bug(note_id: int, caller: Anyone) -> None:
    raise ZeroDivisionError(note_id)


def create_app(settings: ServiceSettings) -> FastAPI:
    """Return the application; its database holds `TABLES` and the kit's own."""
    return build_api(settings, title="Notes", routers=[router], problem_of={NoteTaken: taken})


if __name__ == "__main__":
    served = ServiceSettings(service_name="notes")
    if sys.argv[1] == "api":
        serve(create_app(served), served)
    else:
        run_worker(served, [])
