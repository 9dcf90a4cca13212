"""`make load`: `python -m infra.tools.measure.load SCENARIO|all [--duration] [--rate] [--data]`.

The exit status is 1 when a threshold is crossed, a sale is lost or doubled, or the audit finds
something, and 2 when the check itself fails.
"""

import argparse
import sys
from pathlib import Path

from infra.tools.measure.load.k6 import SCENARIOS
from infra.tools.measure.load.results import describe, keep_results
from infra.tools.measure.load.run import LoadError, Result, Wish, play
from infra.tools.measure.replay.reading import UnreadableData
from infra.tools.operate.audit.__main__ import print_audit
from infra.tools.rest import RefusedRequest, Unreachable
from service_kit.database.faults import DATABASE_FAULTS

EVERY = "all"
OF_USERS = ("load", "users")


def main() -> int:
    """Play one scenario, or all in sequence."""
    parser = argparse.ArgumentParser(prog="python -m infra.tools.measure.load")
    parser.add_argument("scenario", choices=(*SCENARIOS, EVERY))
    parser.add_argument("--duration", help="such as 90s, 5m, 1h")
    parser.add_argument("--rate", help="arrivals per second; in stress those of the last step")
    parser.add_argument("--data", type=Path, help="till lines for the scenario `tills`")
    given = parser.parse_args()
    if given.rate and given.scenario in OF_USERS:
        parser.error(f"{given.scenario} has no rate: it has a number of users")
    wanted = [given.scenario]
    if given.scenario == EVERY:
        # `tills` needs till lines to sell.
        wanted = [name for name in SCENARIOS if name != "tills" or given.data]
    try:
        results = [_play(Wish(name, given.duration, given.rate, given.data)) for name in wanted]
    except (LoadError, UnreadableData, RefusedRequest, Unreachable) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except DATABASE_FAULTS as fault:
        sys.stderr.write(f"a database does not answer: {fault}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("interrupted: make audit checks the sales\n")
        return 130
    if given.scenario == EVERY:
        keep_results(results)
    return 1 if any(result.faults for result in results) else 0


def _play(wish: Wish) -> Result:
    print(f"{wish.command}", flush=True)
    result = play(wish)
    for line in describe(result):
        print(line, flush=True)
    if result.verdict.audit.differences:
        print_audit(result.verdict.audit)
    return result


if __name__ == "__main__":
    sys.exit(main())
