"""`python -m tests.system.limits.probing PORT`: asks `/health/live` until its input ends.

It prints the longest time that an answer took, in seconds. It is a process of its own, because a
pause of the tests' process, such as a collection of its garbage, would count as one of the API.
"""

import http.client
import select
import sys
from time import monotonic

PAUSE_SECONDS = 0.02


def main() -> None:
    """Ask until the standard input ends."""
    slowest = 0.0
    connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
    while not select.select([sys.stdin], [], [], PAUSE_SECONDS)[0]:
        begun = monotonic()
        connection.request("GET", "/health/live")
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200
        slowest = max(slowest, monotonic() - begun)
    sys.stdout.write(f"{slowest}\n")


if __name__ == "__main__":
    main()
