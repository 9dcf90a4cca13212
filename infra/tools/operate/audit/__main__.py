"""`python -m infra.tools.operate.audit`: audits the databases that the environment names.

`make audit` sets COMPTOIR_<SERVICE>_DATABASE_URL for sales, stock and report. The exit status is 1
when something differs, 2 when a database does not answer.
"""

import asyncio
import os
import sys
import time

from infra.tools.operate.audit.run import Audit, audit_everything
from service_kit.database.faults import DATABASE_FAULTS

SERVICES = ("sales", "stock", "report")
SHOWN = 20


def main() -> int:
    """Audit once and print the result."""
    names = {service: f"COMPTOIR_{service.upper()}_DATABASE_URL" for service in SERVICES}
    missing = [name for name in names.values() if not os.environ.get(name)]
    if missing:
        print(f"{', '.join(missing)} not set: start this through make audit", file=sys.stderr)
        return 2
    urls = {service: os.environ[name] for service, name in names.items()}
    started = time.monotonic()
    try:
        audit = asyncio.run(audit_everything(urls))
    except DATABASE_FAULTS as fault:
        print(f"a database does not answer: {fault}", file=sys.stderr)
        return 2
    print_audit(audit)
    print(f"{len(audit.checks)} checks in {time.monotonic() - started:.1f} s")
    return 1 if audit.differences else 0


def print_audit(audit: Audit) -> None:
    """Print one line per check, and the first differences of each."""
    for check in audit.checks:
        found = [each.detail for each in audit.differences if each.check == check]
        print(f"{check:40} {'ok' if not found else f'{len(found)} DIFFERENCES'}")
        for detail in found[:SHOWN]:
            print(f"    {detail}")
        if len(found) > SHOWN:
            print(f"    … and {len(found) - SHOWN} more")


if __name__ == "__main__":
    sys.exit(main())
