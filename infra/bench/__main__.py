"""`python -m infra.bench [PART…] [--rounds N] [--quick] [--minutes M]`: what `make bench` runs."""

import argparse
import asyncio
import logging
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

from infra.bench import record
from infra.bench.document import render_part, write_document
from infra.bench.effort import Effort
from infra.bench.fill import say
from infra.bench.freshness import measure_freshness
from infra.bench.instances import PORTS as PORTS_OF_INSTANCES
from infra.bench.instances import measure_instances
from infra.bench.lab import Lab, open_lab
from infra.bench.memory import measure_memory
from infra.bench.projection import measure_projection
from infra.bench.reads import measure_reads
from infra.bench.telemetry import measure_telemetry
from infra.bench.unit_costs import measure_unit_costs
from infra.bench.writes import measure_writes
from infra.embedded import door
from infra.tools import NO_NGINX

Part = Callable[[Lab, Effort], Awaitable[dict[str, Any]]]
PARTS: Mapping[str, Part] = {
    "reads": measure_reads,
    "telemetry": measure_telemetry,
    "writes": measure_writes,
    "freshness": measure_freshness,
    "projection": measure_projection,
    "instances": measure_instances,
    "memory": measure_memory,
    # Last: it also keeps figures of the parts above.
    "unit-costs": measure_unit_costs,
}
FURTHER_PORTS: Mapping[str, Iterable[str]] = {"instances": PORTS_OF_INSTANCES}


async def measure(parts: Sequence[str], effort: Effort, command: str, *, is_kept: bool) -> None:
    """Each part in an infrastructure of its own, so that none finds another's data.

    A quick run shows its tables and changes nothing.
    """
    for part in parts:
        began = time.perf_counter()
        async with open_lab(FURTHER_PORTS.get(part, ())) as lab:
            postgresql = str(await lab.admin.fetchval("SHOW server_version"))
            found = await PARTS[part](lab, effort)
        if is_kept:
            record.keep(part, record.describe(command, postgresql) | found)
            write_document()
        else:
            print(render_part(part, found))
        say(f"{part}: done, in {time.perf_counter() - began:.0f} s")


def chosen(parts: Sequence[str]) -> Sequence[str]:
    """Those that were asked for, or all that this machine can measure."""
    if door.installed_ports():
        return parts or list(PARTS)
    if "instances" in parts:
        raise SystemExit(NO_NGINX)
    if not parts:
        say(f"instances: passed over, {NO_NGINX}")
    return parts or [each for each in PARTS if each != "instances"]


def main() -> None:
    """Measure what is asked for, or everything."""
    parser = argparse.ArgumentParser(prog="python -m infra.bench")
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], metavar="PART")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--quick", action="store_true", help="small, and only to see that it works")
    parser.add_argument("--minutes", type=float, help="of load for the part `memory`")
    arguments = parser.parse_args()
    effort = Effort.of(quick=arguments.quick, rounds=arguments.rounds, minutes=arguments.minutes)
    command = " ".join(["python -m infra.bench", *sys.argv[1:]])
    # What is not there yet is what a part waits for, not news.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    asyncio.run(measure(chosen(arguments.parts), effort, command, is_kept=not arguments.quick))


if __name__ == "__main__":
    main()
