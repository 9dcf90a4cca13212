"""Tells those who wait for something that the process begins to stop."""

from collections.abc import Callable


class Stopping:
    """The stop of a process. It begins once, at SIGTERM, while requests are still running."""

    def __init__(self) -> None:
        self.has_begun = False
        self._callbacks: list[Callable[[], None]] = []

    def call_when_begun(self, callback: Callable[[], None]) -> None:
        """Call back in the event loop when the stop begins."""
        self._callbacks.append(callback)

    def begin(self) -> None:
        self.has_begun = True
        for callback in self._callbacks:
            callback()
