"""`python -m tests.system.faults [--seeds N | --seed S] [--fault NAME …]`: runs without pytest.

It prints one line of JSON per run; the exit status is 1 when an invariant was broken.
"""

import argparse
import asyncio
import dataclasses
import json
import secrets
import shutil
import sys
import tempfile
from contextlib import ExitStack

from tests.system.faults.lab import Lab, open_lab
from tests.system.faults.run import FAULTS, run_seed


def keep_logs(lab: Lab, seed: int) -> None:
    """Save the logs of every process since the start of the lab, and print where."""
    folder = tempfile.mkdtemp(prefix=f"comptoir-seed-{seed}-")
    shutil.copytree(lab.layout.state / "logs", folder, dirs_exist_ok=True)
    sys.stderr.write(f"logs of seed {seed}: {folder}\n")


async def main() -> int:
    """Run the seeds in sequence on one stack."""
    parser = argparse.ArgumentParser(prog="python -m tests.system.faults")
    parser.add_argument("--seeds", type=int, default=1, help="how many fresh seeds")
    parser.add_argument("--seed", type=int, action="append", default=[], help="this seed again")
    parser.add_argument("--fault", choices=sorted(FAULTS), action="append", default=[])
    parser.add_argument("--mutation", help="a protection to switch off")
    arguments = parser.parse_args()
    seeds = arguments.seed or [secrets.randbelow(2**31) for _ in range(arguments.seeds)]
    faults = [[name] for name in arguments.fault] or None
    left, failed = list(seeds), 0
    while left:
        async with open_lab(arguments.mutation) as lab:
            while left:
                seed = left.pop(0)
                # Printed first, so that an aborted run can be repeated.
                sys.stderr.write(f"seed {seed}\n")
                with ExitStack() as unless_sound:
                    # Also when the system does not come back from the faults, which ends all runs.
                    unless_sound.callback(keep_logs, lab, seed)
                    report = await run_seed(lab, seed, faults)
                    if not report.violations:
                        unless_sound.pop_all()
                sys.stdout.write(f"{json.dumps(dataclasses.asdict(report), ensure_ascii=False)}\n")
                sys.stdout.flush()
                if report.violations:
                    failed += 1
                    # Later runs would report the same faults of these databases again.
                    break
    sys.stderr.write(f"{len(seeds)} runs, {failed} with violations\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
