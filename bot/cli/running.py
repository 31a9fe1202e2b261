"""Run the bot: with what it needs, and nothing of the command line's."""

import asyncio
import gc
import logging

from analytics import GuardedClock
from bot import __version__, logs
from bot.cli.errors import user_errors
from bot.cli.signals import stop_on_signals
from bot.deferred import import_aiogram
from bot.settings import Settings, load

logger = logging.getLogger(__name__)


def run_bot() -> None:
    """Run the bot until it is stopped; ends the process with a sentence if it cannot run."""
    with user_errors(remarking=False):  # the bot logs the remarks
        settings = load(Settings)
        logs.set_up(settings.log_level, settings.log_format, development=settings.development)
        logger.info("starting version %s, which takes a few seconds", __version__)
        asyncio.run(_run(settings))
        logger.info("stopped")


async def _run(settings: Settings) -> None:
    stop = stop_on_signals(asyncio.get_running_loop())
    # The collector would go through aiogram's objects again and again, and none is garbage: a fifth
    # of the start, and later pauses of a tenth of a second.
    gc.disable()
    import_aiogram()
    from bot.run import serve  # takes a second, in which the bot may be asked to stop

    gc.freeze()
    # An update makes hundreds of objects, which live until it is answered: each 700 new ones, as is
    # Python's default, it would go through those of all updates that are being handled.
    gc.set_threshold(10_000)
    gc.enable()
    await serve(settings, stop, GuardedClock())
