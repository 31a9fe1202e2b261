"""A bot of somebody's own, with the analytics attached."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiogram import Bot, Dispatcher, Router
from aiogram.types import Message

from analytics.telegram import ALL_UPDATES, Attached, attach
from bot.sandbox import Sandbox
from tests.support.processes import PATIENCE

ECHO = "echo: "


async def echo(message: Message) -> None:
    await message.answer(f"{ECHO}{message.text}", parse_mode=None)


def their_bot() -> Dispatcher:
    """A bot that answers everything."""
    dispatcher = Dispatcher()
    dispatcher.message.register(echo)
    return dispatcher


@asynccontextmanager
async def polling(
    bot: Bot,
    dispatcher: Dispatcher,
    sandbox: Sandbox,
    *,
    included_later: Sequence[Router] = (),
    **options: Any,
) -> AsyncIterator[Attached]:
    """Their bot, with what the README says, while it polls."""
    async with attach(bot, dispatcher, **options) as attached:
        for router in included_later:
            dispatcher.include_router(router)
        before = sum(call.method == "getUpdates" for call in sandbox.calls)
        running = asyncio.create_task(
            dispatcher.start_polling(
                bot, allowed_updates=ALL_UPDATES, handle_signals=False, close_bot_session=False
            )
        )
        beginning = asyncio.create_task(sandbox.called("getUpdates", before + 1, within=PATIENCE))
        await asyncio.wait({running, beginning}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            beginning.cancel()
            await running
        try:
            yield attached
            await sandbox.settled()
        finally:
            await dispatcher.stop_polling()
            await running
