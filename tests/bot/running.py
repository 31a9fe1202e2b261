"""The whole bot, as `python main.py` runs it, against the sandbox."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from analytics.clock import GuardedClock, utc_now
from bot.sandbox import Sandbox
from main import serve
from tests.bot.settings import some_settings


@asynccontextmanager
async def running_bot(
    sandbox: Sandbox, database: Path, clock: Callable[[], datetime] = utc_now, **values: Any
) -> AsyncIterator[None]:
    """The bot from when it can receive updates, until it has closed everything."""
    of_sandbox = {"bot_token": sandbox.token, "bot_api_url": sandbox.url}
    settings = some_settings(
        **{"database_path": database, "log_level": "DEBUG"} | of_sandbox | values
    )
    begins = "setWebhook" if "webhook_url" in values else "getUpdates"
    before = sum(call.method == begins for call in sandbox.calls)
    stop = asyncio.Event()
    guarded = clock if isinstance(clock, GuardedClock) else GuardedClock(clock)
    running = asyncio.create_task(serve(settings, stop, guarded))
    beginning = asyncio.create_task(sandbox.called(begins, before + 1))
    await asyncio.wait({running, beginning}, return_when=asyncio.FIRST_COMPLETED)
    try:
        if running.done():
            beginning.cancel()
            await running
        await beginning
        yield
    finally:
        stop.set()
        await running
