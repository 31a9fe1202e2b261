"""The whole bot, as `python main.py` runs it, against the sandbox."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from analytics.clock import GuardedClock, utc_now
from analytics.maintenance.schedule import Schedule
from analytics.telegram import attaching
from bot import logs
from bot.run import serve
from bot.sandbox import Sandbox
from tests.support.processes import PATIENCE
from tests.support.settings import some_settings


class NotedSchedule(Schedule):
    """A schedule that says when what was due is done."""

    def __init__(self, *values: Any, **named: Any) -> None:
        super().__init__(*values, **named)
        self.ticked = asyncio.Event()

    async def tick(self) -> None:
        await super().tick()
        self.ticked.set()


@contextmanager
def schedules(*, asleep: bool) -> Iterator[Sequence[NotedSchedule]]:
    """The schedules of the bots that start meanwhile; what is `asleep` does nothing by itself."""
    found: list[NotedSchedule] = []

    class Found(NotedSchedule):
        def __init__(self, *values: Any, **named: Any) -> None:
            super().__init__(*values, **named)
            found.append(self)

        async def tick(self) -> None:
            if not asleep:
                await super().tick()

    with patch.object(attaching, "Schedule", Found):
        yield found


@asynccontextmanager
async def running_bot(
    sandbox: Sandbox,
    database: Path,
    clock: Callable[[], datetime] = utc_now,
    **values: Any,
) -> AsyncIterator[None]:
    """The bot from when it can receive updates, until it has closed everything.

    The menus of everyone are set by then, unless `menus` is given as False.
    """
    menus = values.pop("menus", True)
    of_sandbox = {"bot_token": sandbox.token, "bot_api_url": sandbox.url}
    settings = some_settings(
        **{"database_path": database, "log_level": "DEBUG"} | of_sandbox | values
    )
    logs.set_up(settings.log_level, settings.log_format, development=settings.development)
    begins = "setWebhook" if "webhook_url" in values else "getUpdates"
    before = Counter(call.method for call in sandbox.calls)
    menus_set = before["setMyCommands"] + (len({"en", *settings.languages}) if menus else 0)
    stop = asyncio.Event()
    guarded = clock if isinstance(clock, GuardedClock) else GuardedClock(clock)
    running = asyncio.create_task(serve(settings, stop, guarded))
    beginning = asyncio.create_task(sandbox.called(begins, before[begins] + 1, within=PATIENCE))
    await asyncio.wait({running, beginning}, return_when=asyncio.FIRST_COMPLETED)
    try:
        if running.done():
            beginning.cancel()
            await running
        await beginning
        await sandbox.called("setMyCommands", menus_set, within=PATIENCE)
        yield
    finally:
        stop.set()
        await running
