"""`make bench`: `python -m infra.tools.measure.bench [PART…] [--rounds N] [--quick]`."""

import argparse
import asyncio
import logging
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from infra.tools.measure import tables
from infra.tools.measure.bench.closing import measure_closing
from infra.tools.measure.bench.instances import PORTS as PORTS_OF_INSTANCES
from infra.tools.measure.bench.instances import measure_instances
from infra.tools.measure.bench.lab import FULL, QUICK, Effort, Lab, open_lab, say
from infra.tools.measure.bench.lists import measure_lists
from infra.tools.measure.bench.lots import measure_lots
from infra.tools.measure.bench.memory import measure_memory
from infra.tools.measure.bench.projection import measure_projection
from infra.tools.measure.bench.reads import measure_reads
from infra.tools.measure.bench.receipts import measure_receipts
from infra.tools.measure.bench.system import measure_system
from infra.tools.measure.bench.telemetry import measure_telemetry
from infra.tools.measure.bench.writes import measure_writes

Part = Callable[[Lab, Effort], Awaitable[tables.Tables]]
PARTS: Mapping[str, Part] = {
    "reads": measure_reads,
    "lists": measure_lists,
    "telemetry": measure_telemetry,
    "writes": measure_writes,
    "closing": measure_closing,
    "system": measure_system,
    "receipts": measure_receipts,
    "lots": measure_lots,
    "projection": measure_projection,
    "instances": measure_instances,
    "memory": measure_memory,
}
FURTHER_PORTS: Mapping[str, Iterable[str]] = {"instances": PORTS_OF_INSTANCES}


async def measure(parts: Sequence[str], effort: Effort, command: str, *, is_kept: bool) -> None:
    """Measure each part in an infrastructure of its own, so that no part finds another's data."""
    for part in parts:
        began = time.perf_counter()
        async with open_lab(FURTHER_PORTS.get(part, ())) as lab:
            measured = await PARTS[part](lab, effort)
        if is_kept:
            tables.keep(part, measured, command)
            tables.write_documents()
        else:
            print("\n".join(map(tables.render, measured.values())))
        say(f"{part}: done in {time.perf_counter() - began:.0f} s")


def main() -> None:
    """Measure the given parts, by default all."""
    parser = argparse.ArgumentParser(prog="python -m infra.tools.measure.bench")
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], metavar="PART")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--minutes", type=float, help="of load in the part `memory`")
    parser.add_argument("--quick", action="store_true", help="print small tables, keep nothing")
    parser.add_argument("--sales", type=int, help="stored at most in the parts `reads` and `lists`")
    arguments = parser.parse_args()
    effort = QUICK if arguments.quick else FULL
    effort = replace(
        effort,
        rounds=arguments.rounds or effort.rounds,
        minutes=arguments.minutes or effort.minutes,
        sizes=tuple(each for each in effort.sizes if each <= (arguments.sales or each)),
    )
    command = " ".join(["python -m infra.tools.measure.bench", *sys.argv[1:]])
    # A topic that is not there yet is what a part waits for, not news.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    asyncio.run(
        measure(arguments.parts or list(PARTS), effort, command, is_kept=not arguments.quick)
    )


if __name__ == "__main__":
    main()
