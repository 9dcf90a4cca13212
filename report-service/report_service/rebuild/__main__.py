"""`python -m report_service.rebuild [all | build | swap | store-day --store N --day DATE]`.

`all` builds and swaps. To deploy a changed projection, run `build --ddl FILE`, which gives the
copies their new shape, and then `swap` (docs/rebuild.md).
"""

import argparse
import asyncio
import logging
import sys
from datetime import date
from pathlib import Path

from aiokafka.errors import KafkaError
from sqlalchemy.ext.asyncio import AsyncSession

from report_service.consumers import catalogue_events, sales_events, stock_events
from report_service.rebuild.log import RefusedEvent
from report_service.rebuild.run import NothingBuilt, Rebuild, RebuildRunning
from report_service.rebuild.store_day import FIGURES, rebuild_store_day
from report_service.settings import Settings
from service_kit.database.faults import DATABASE_FAULTS
from service_kit.database.sessions import open_engine

SUBSCRIPTIONS = (
    sales_events.SUBSCRIPTION,
    stock_events.SUBSCRIPTION,
    catalogue_events.SUBSCRIPTION,
)


def _print_line(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def _run(arguments: argparse.Namespace, settings: Settings) -> None:
    if arguments.command == "store-day":
        async with open_engine(settings) as engine:
            async with AsyncSession(engine) as session, session.begin():
                before, after = await rebuild_store_day(session, arguments.store, arguments.day)
        was, now = (each or "nothing" for each in (before, after))
        _print_line(f"store {arguments.store} on {arguments.day}: was {was}, is {now} ({FIGURES})")
        return
    rebuild = Rebuild(settings, SUBSCRIPTIONS, _print_line)
    if arguments.command in ("all", "build"):
        ddl = arguments.ddl.read_text() if arguments.ddl else ""
        await rebuild.build([part for part in ddl.split(";") if part.strip()])
    if arguments.command in ("all", "swap"):
        await rebuild.swap()


def main() -> int:
    """Run one command and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m report_service.rebuild")
    parser.add_argument(
        "command", nargs="?", default="all", choices=("all", "build", "swap", "store-day")
    )
    parser.add_argument("--ddl", type=Path, help="statements that change the copies' tables")
    parser.add_argument("--store", type=int)
    parser.add_argument("--day", type=date.fromisoformat)
    arguments = parser.parse_args()
    if arguments.command == "store-day" and None in (arguments.store, arguments.day):
        parser.error("store-day needs --store and --day")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        # This program does not listen, so the port does not matter.
        asyncio.run(_run(arguments, Settings(http_port=0)))
    except RebuildRunning:
        sys.stderr.write("another rebuild runs on this database\n")
    except NothingBuilt:
        sys.stderr.write("nothing is built yet: python -m report_service.rebuild build\n")
    except RefusedEvent as refused:
        sys.stderr.write(f"stopped, nothing is changed: {refused}\n")
    except DATABASE_FAULTS as fault:
        sys.stderr.write(f"the database is unavailable: {fault}\n")
    except KafkaError as fault:
        sys.stderr.write(f"the log cannot be read: {fault}\n")
    else:
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
