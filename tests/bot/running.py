"""The whole bot, as `python main.py` runs it, against the sandbox."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from analytics.interactions import utc_now
from bot.sandbox import Sandbox
from main import serve
from tests.bot.settings import some_settings


@asynccontextmanager
async def running_bot(
    sandbox: Sandbox, database: Path, clock: Callable[[], datetime] = utc_now, **values: Any
) -> AsyncIterator[None]:
    """The bot from its first getUpdates on, until it has closed everything."""
    settings = some_settings(
        bot_token=sandbox.token, bot_api_url=sandbox.url, database_path=database, **values
    )
    polls = sum(call.method == "getUpdates" for call in sandbox.calls)
    stop = asyncio.Event()
    running = asyncio.create_task(serve(settings, stop, clock))
    polling = asyncio.create_task(sandbox.called("getUpdates", polls + 1))
    await asyncio.wait({running, polling}, return_when=asyncio.FIRST_COMPLETED)
    try:
        if running.done():
            polling.cancel()
            await running
        await polling
        yield
    finally:
        stop.set()
        await running
