"""Replicas of a bot behind a load balancer, with their webhook, at one database."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiohttp import web
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from analytics import GuardedClock, Schedule
from analytics.telegram import ALL_UPDATES, Attached, WebhookHandler, attach
from bot.sandbox import Sandbox
from tests.support.clock import Clock
from tests.support.own_bot import their_bot
from tests.support.postgres import database_of
from tests.support.running import schedules
from tests.support.second_connection import NAME
from tests.support.service import KEY

SECRET = "secret"


@dataclass
class Replica:
    """A process with the bot, whose jobs run when a test says so."""

    attached: Attached
    handler: WebhookHandler
    schedule: Schedule
    scheduler: AsyncIOScheduler

    async def tick(self) -> None:
        """Do what is done each minute, and the jobs that are due."""
        [job] = self.scheduler.get_jobs()
        await job.func()
        await self.schedule.tick()


@dataclass
class Balancer:
    """What passes each update on to the replica whose number is `at`, first those of `turns`."""

    replicas: list[Replica] = field(default_factory=list)
    at: int = 0
    turns: list[int] = field(default_factory=list)

    async def pass_on(self, request: web.Request) -> web.Response:
        at = self.turns.pop(0) if self.turns else self.at
        return await self.replicas[at].handler.handle(request)


@asynccontextmanager
async def balanced(
    sandbox: Sandbox, folder: Path, clock: Clock, count: int = 2, **options: Any
) -> AsyncIterator[Balancer]:
    """Run replicas that receive what people in the sandbox do."""
    balancer = Balancer()
    app = web.Application()
    app.router.add_post("/", balancer.pass_on)
    runner = web.AppRunner(app)
    async with AsyncExitStack() as stack:
        found = stack.enter_context(schedules(asleep=True))
        for number in range(count):
            session = AiohttpSession(api=TelegramAPIServer.from_base(sandbox.url))
            bot = await stack.enter_async_context(Bot(sandbox.token, session=session))
            scheduler = AsyncIOScheduler()
            scheduler.start()
            stack.callback(scheduler.shutdown, wait=False)
            dispatcher = their_bot()
            attaching = attach(
                *(bot, dispatcher),
                path=folder / str(number) / NAME,
                database_url=database_of(folder),
                pseudonym_key=KEY,
                timestamp_precision=1,
                clock=GuardedClock(clock, lambda: clock().timestamp()),
                scheduler=scheduler,
                **options,
            )
            attached = await stack.enter_async_context(attaching)
            schedule = Schedule(
                found[number].tasks,
                attached.clock,
                found[number].is_postponed,
                lambda: clock().timestamp(),
                take_turn=attached.analytics.maintenance.take_turn,
            )
            handler = WebhookHandler(dispatcher, bot, secret_token=SECRET)
            balancer.replicas.append(Replica(attached, handler, schedule, scheduler))
            await attached.start()
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        [(_, port)] = runner.addresses
        url = f"http://127.0.0.1:{port}/"
        await bot.set_webhook(url, secret_token=SECRET, allowed_updates=ALL_UPDATES)
        yield balancer
        await sandbox.settled()
