"""The endless tasks that a worker runs beside its consumer and its relay."""

import asyncio
from collections.abc import Callable, Coroutine

from sqlalchemy.ext.asyncio import AsyncEngine

from service_kit.events.relay import Relay

# Runs until the event is set; it may nudge the relay after it has written to the outbox.
Chore = Callable[[AsyncEngine, Relay, asyncio.Event], Coroutine[None, None, None]]
