"""Reminders, by long polling, with APScheduler."""

import asyncio
import logging
import os

from bot.factory import create_bot, create_dispatcher
from scheduler.factory import create_scheduler

from analytics.telegram import ALL_UPDATES, attach


async def main() -> None:
    logging.basicConfig(
        level=os.environ.get("LOG_LEVEL", "INFO"),
        format="[%(levelname)s] [%(name)s] %(message)s",
    )
    scheduler = create_scheduler()
    bot = create_bot(os.environ["BOT_TOKEN"], os.environ["BOT_API"])
    dp = create_dispatcher(scheduler)
    async with attach(
        bot,
        dp,
        admin_ids={int(os.environ["ADMINS"])},
        scheduler=scheduler,
        also_stored="The reminders that you set, until they are sent.",
        on_erase=dp["reminders"].forget,
    ):
        await dp.start_polling(bot, allowed_updates=ALL_UPDATES)


if __name__ == "__main__":
    asyncio.run(main())
