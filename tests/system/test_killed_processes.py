"""`kill -9` of every process in turn, while tills sell, loses and doubles nothing."""

import asyncio
import itertools
import os
import sys
from datetime import datetime, timedelta
from pathlib import Path

from infra.tools.local.layout import ROOT
from infra.tools.local.programs import INFRASTRUCTURE, PROCESSES
from tests.fixtures.system import RunningSystem
from tests.fixtures.waiting import eventually

INVOICES = 400
SALES_PER_SECOND = 20
COUNTRIES = ("Nulle part", "Ailleurs", "Partout")


def write_till_data(path: Path, part: int) -> None:
    """Write invoices of one to three lines over a fortnight, in three stores of this part."""
    first = datetime(2012, 3, 1, 9, 0)  # noqa: DTZ001
    rows = ["InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"]
    for number in range(INVOICES):
        sold_at = first + timedelta(minutes=25 * number)
        country = f"{COUNTRIES[number % len(COUNTRIES)]} {part}"
        for line in range(1 + number % 3):
            sku = 90000 + (number * 7 + line) % 40
            price = f"{1 + (number * 13 + line) % 900 / 100:.2f}"
            rows.append(f"{700000 + number},{sku},ARTICLE,{1 + line},{sold_at},{price},,{country}")
    path.write_text("\n".join(rows) + "\n")


async def sell_until(over: asyncio.Event, system: RunningSystem, folder: Path) -> None:
    """Replay the tills of three stores, then of three others, until told to stop."""
    for part in itertools.count():
        path = folder / f"tills-{part}.csv"
        write_till_data(path, part)
        replay = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "infra.tools.measure.replay",
            str(path),
            f"--rate={SALES_PER_SECOND}",
            cwd=ROOT,
            env=os.environ | system.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        printed, _ = await replay.communicate()
        assert replay.returncode == 0, printed.decode()
        if over.is_set():
            return


async def test_killing_each_process_in_a_replay_changes_no_total(
    running_system: RunningSystem, tmp_path: Path
) -> None:
    over = asyncio.Event()
    selling = asyncio.create_task(sell_until(over, running_system, tmp_path))

    async def is_whole() -> bool:
        return not await running_system.stack.unready()

    for name in (*PROCESSES, *INFRASTRUCTURE):
        killed = running_system.stack.pid(name)
        running_system.kill(name)

        async def is_back(name: str = name, killed: int = killed) -> bool:
            return running_system.stack.pid(name) not in (0, killed)

        await eventually(is_back, True)
        await eventually(is_whole, True, within_seconds=60)
    over.set()
    await selling
