"""`make rebuild`: rebuilds the report on the stack that `make up` started."""

import os
import subprocess
import sys


def main(arguments: list[str]) -> int:
    """Run `report_service.rebuild`; a container runs that directly."""
    url = os.environ.get("COMPTOIR_REPORT_OWNER_DATABASE_URL")
    if not url:
        sys.stderr.write("the database is not set: start this through make rebuild\n")
        return 2
    environment = {
        "DATABASE_URL": url,
        "KAFKA_BOOTSTRAP_SERVERS": os.environ["COMPTOIR_KAFKA_BOOTSTRAP_SERVERS"],
    }
    command = [sys.executable, "-m", "report_service.rebuild", *arguments]
    return subprocess.run(command, env=os.environ | environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
