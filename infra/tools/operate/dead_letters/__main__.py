"""`python -m infra.tools.operate.dead_letters [list | show | replay | discard] [SERVICE/ID] …`.

Each service keeps its own dead letters. This program calls
`python -m infra.tools.operate.dead_letters.admin` for the service; a container calls that directly.
"""

import os
import subprocess
import sys

SERVICES = ("sales", "stock", "report")


def main(arguments: list[str]) -> int:
    """List everything, or run one command for the service that it names."""
    command, *rest = arguments or ["list"]
    if command == "list":
        return max(_ask(service, ["list"], f"{service}:") for service in SERVICES)
    service, _, letter = (rest[0] if rest else "").partition("/")
    if service not in SERVICES:
        sys.stderr.write(f"which dead letter? {command} {'|'.join(SERVICES)}/ID\n")
        return 2
    return _ask(service, [command, *([letter] if letter else []), *rest[1:]])


def _ask(service: str, arguments: list[str], title: str | None = None) -> int:
    url = os.environ.get(f"COMPTOIR_{service.upper()}_DATABASE_URL")
    if not url:
        sys.stderr.write("the databases are not known: start this through make dead-letters\n")
        return 2
    if title:
        print(title, flush=True)
    command = [sys.executable, "-m", "infra.tools.operate.dead_letters.admin", *arguments]
    return subprocess.run(command, env=os.environ | {"DATABASE_URL": url}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
