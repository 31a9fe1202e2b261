"""The parts of a feature: a router, and what menus, `/privacy` and `/forgetme` need."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiogram import Router
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from analytics.telegram import CommandEntry
from bot.settings import Settings


async def nothing(scheduler: AsyncIOScheduler, telegram_id: int) -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature of the bot; everything that it receives is counted without further code.

    Handlers of its router may ask for `settings`, `scheduler`, `analytics` and what aiogram gives.
    """

    router: Callable[[Settings], Router]
    """Returns a new router: aiogram includes a router only once."""
    commands: tuple[CommandEntry, ...] = ()
    """Its commands, from which the menus, /help and the counting follow."""
    events: tuple[str, ...] = ()
    """Words that its handlers count by `analytics.count`; no two features have the same."""
    stores: str = ""
    """A sentence in English for /privacy about what it stores, marked with `N_`; "" for nothing."""
    forget: Callable[[AsyncIOScheduler, int], Awaitable[None]] = nothing
    """Erases what it stores about a Telegram ID."""
