"""Lists, shows, replays and discards a service's dead letters.

`python -m infra.tools.operate.dead_letters.admin list | show ID | replay ID | replay --kind KIND |
discard ID --reason TEXT`, on the database of DATABASE_URL. `--by NAME` says who decides; the
default is the login name in USER. The service's worker does the replay. The command waits for the
outcome, and its exit status is 1 when a letter was not applied.
"""

import argparse
import asyncio
import json
import os
import sys
from base64 import b64decode
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import Row, TextClause
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from service_kit.database.faults import DATABASE_FAULTS
from service_kit.events import dead_letters
from service_kit.events.causes import clean_actor
from service_kit.events.cloud_events import Kind

WAIT_SECONDS = 30.0
POLL_SECONDS = 0.2
LISTED = 200


class NoSuchLetter(Exception):
    """No open dead letter matches."""


async def _run(engine: AsyncEngine, statement: TextClause, **values: Any) -> Sequence[Row[Any]]:
    async with engine.begin() as connection:
        return (await connection.execute(statement, values)).all()


async def list_letters(engine: AsyncEngine) -> Sequence[Row[Any]]:
    """Return the open dead letters, oldest first."""
    return await _run(engine, dead_letters.LIST_OPEN, limit=LISTED)


async def show_letter(engine: AsyncEngine, letter_id: int) -> Row[Any]:
    """Return all columns of one dead letter."""
    for row in await _run(engine, dead_letters.SHOW, id=letter_id):
        return row
    raise NoSuchLetter(f"there is no dead letter {letter_id}")


async def replay_letters(
    engine: AsyncEngine, letter_id: int | None = None, kind: Kind | None = None, *, by: str
) -> Sequence[Row[Any]]:
    """Ask the worker to apply one letter, or all of a kind, and return their states afterwards.

    `by` is the person who decides it.
    """
    asked = await _run(
        engine, dead_letters.ASK_FOR_REPLAY, id=letter_id, kind=kind, decided_by=clean_actor(by)
    )
    if not asked:
        raise NoSuchLetter("no open dead letter is like that")
    ids = [row.id for row in asked]
    states: Sequence[Row[Any]] = []
    with suppress(TimeoutError):
        async with asyncio.timeout(WAIT_SECONDS):
            while not states or any(row.status == "replay" for row in states):
                # The worker is another process: there is no event to wait for.
                await asyncio.sleep(POLL_SECONDS)
                states = await _run(engine, dead_letters.READ_STATES, ids=ids)
    return states


async def discard_letter(engine: AsyncEngine, letter_id: int, reason: str, *, by: str) -> None:
    """Close a letter without applying it. The row stays, with the reason and the person."""
    decision = {"reason": reason, "decided_by": clean_actor(by)}
    if not await _run(engine, dead_letters.DISCARD, id=letter_id, **decision):
        raise NoSuchLetter(f"there is no open dead letter {letter_id}")


def describe(row: Row[Any], jaeger_url: str) -> str:
    """Format a dead letter for a person."""
    lines = [
        f"dead letter {row.id} of {row.consumer}: {row.status}, {row.kind}, tried {row.attempts}×",
        f"  {row.topic}, partition {row.partition}, offset {row.offset}, key {row.key!r}",
        f"  set aside {row.created_at:%Y-%m-%d %H:%M:%S} UTC",
        f"  error: {row.error}",
    ]
    if row.decided_by:
        lines.append(f"  decided by {row.decided_by}")
    if row.resolution:
        lines.append(f"  resolved {row.resolved_at:%Y-%m-%d %H:%M:%S} UTC: {row.resolution}")
    if row.trace_id:
        lines.append(f"  trace: {jaeger_url}/trace/{row.trace_id}, make trace ID={row.trace_id}")
    lines += [
        f"  {name}: {'(null)' if value is None else repr(b64decode(value))}"
        for name, value in row.raw_headers
    ]
    return "\n".join([*lines, _pretty(row.payload)])


def make_printable(text: str) -> str:
    """Escape what a producer may have written to control the terminal; keep the lines."""
    return "".join(
        each if each.isprintable() or each == "\n" else ascii(each)[1:-1] for each in text
    )


def _pretty(payload: bytes | None) -> str:
    if payload is None:
        return "(no value)"
    try:
        return json.dumps(json.loads(payload), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return repr(payload)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.tools.operate.dead_letters.admin")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list")
    commands.add_parser("show").add_argument("id", type=int)
    replay = commands.add_parser("replay")
    replay.add_argument("id", type=int, nargs="?")
    replay.add_argument("--kind", type=Kind, choices=list(Kind))
    discard = commands.add_parser("discard")
    discard.add_argument("id", type=int)
    discard.add_argument("--reason", required=True)
    for decision in (replay, discard):
        decision.add_argument("--by", default=os.environ.get("USER"), help="who decides")
    return parser


async def _answer(arguments: argparse.Namespace, engine: AsyncEngine) -> tuple[list[str], int]:
    """Run a command; return the lines to print and the exit status."""
    if arguments.command == "list":
        return [
            f"{row.id:6} {row.kind:20} {row.event_type or '-':28} "
            f"{row.topic}/{row.partition}@{row.offset} {row.age} s ago: {row.error[:100]}"
            for row in await list_letters(engine)
        ], 0
    if arguments.command == "show":
        jaeger_url = os.environ.get("JAEGER_URL", "http://127.0.0.1:16686")
        return [describe(await show_letter(engine, arguments.id), jaeger_url)], 0
    if arguments.command == "discard":
        await discard_letter(engine, arguments.id, arguments.reason, by=arguments.by)
        return [f"{arguments.id} discarded"], 0
    if (arguments.id is None) == (arguments.kind is None):
        raise NoSuchLetter("say which: an id, or --kind")
    states = await replay_letters(engine, arguments.id, arguments.kind, by=arguments.by)
    lines = [f"{row.id}: {_OUTCOMES[row.status].format(error=row.error)}" for row in states]
    return lines, int(any(row.status != "replayed" for row in states))


_OUTCOMES = {
    "replayed": "applied",
    "open": "refused again: {error}",
    "replay": "not tried yet: is the worker running?",
    "discarded": "discarded meanwhile",
}


async def _main() -> int:
    arguments = _parser().parse_args()
    if arguments.command == "discard" and not arguments.reason.strip():
        sys.stderr.write("a reason is needed: somebody will want to know\n")
        return 2
    if arguments.command in ("replay", "discard") and not (arguments.by or "").strip():
        sys.stderr.write("who decides? --by NAME\n")
        return 2
    engine = create_async_engine(os.environ["DATABASE_URL"])
    try:
        lines, status = await _answer(arguments, engine)
    except NoSuchLetter as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except DATABASE_FAULTS as fault:
        sys.stderr.write(f"the database cannot be asked: {fault}\n")
        return 1
    finally:
        await engine.dispose()
    sys.stdout.write("".join(f"{make_printable(line)}\n" for line in lines))
    return status


if __name__ == "__main__":
    sys.exit(asyncio.run(_main()))
