"""The moment at which a process begins to end: whoever waits for something answers without it."""

from collections.abc import Callable


class Stopping:
    """Begins once, at SIGTERM, while requests are still under way."""

    def __init__(self) -> None:
        self.has_begun = False
        self._callbacks: list[Callable[[], None]] = []

    def call_when_begun(self, callback: Callable[[], None]) -> None:
        """Call back in the event loop when the process begins to end."""
        self._callbacks.append(callback)

    def begin(self) -> None:
        self.has_begun = True
        for callback in self._callbacks:
            callback()
