"""The bot and its dispatcher: who may do what, on one screen."""

from collections.abc import Iterable

from aiogram import Bot, Dispatcher
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.middlewares.base import BaseRequestMiddleware
from aiogram.client.telegram import TelegramAPIServer
from aiogram.enums import ParseMode
from aiogram.fsm.storage.base import BaseStorage
from aiogram.utils.callback_answer import CallbackAnswerMiddleware
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from analytics.telegram import LimitPerPerson, LocaleMiddleware, translations
from bot.feature import Feature
from bot.features import FEATURES
from bot.handlers import admins, dialogues, everyone, web
from bot.outgoing import connector_of
from bot.session import RetryAnswers, Session, TolerateClicks
from bot.settings import Settings


def build_bot(settings: Settings, *middlewares: BaseRequestMiddleware) -> Bot:
    """Build a bot; the first of `middlewares` is the outer one.

    Raises WrongSettings if the environment names a proxy whose address is not valid.
    """
    server = TelegramAPIServer.from_base(str(settings.bot_api_url))
    bot = Bot(
        settings.bot_token.get_secret_value(),
        session=Session(api=server, connector=connector_of(settings)),
        # The message that an answer replies to may be deleted meanwhile: the answer is still sent.
        default=DefaultBotProperties(parse_mode=ParseMode.HTML, allow_sending_without_reply=True),
    )
    bot.session.middleware(TolerateClicks())
    bot.session.middleware(RetryAnswers())
    for middleware in middlewares:
        bot.session.middleware(middleware)
    return bot


def build_dispatcher(
    settings: Settings,
    storage: BaseStorage,
    scheduler: AsyncIOScheduler,
    features: Iterable[Feature] = FEATURES,
) -> Dispatcher:
    """Build a dispatcher with the bot's own commands, and who may use them.

    Those of the analytics are not among them: `attach` answers them first.
    """
    dispatcher = Dispatcher(storage=storage, settings=settings, scheduler=scheduler)
    # Sets the language for every kind of update, and for the handler of errors.
    LocaleMiddleware(translations()).setup(dispatcher)
    limit = LimitPerPerson()
    # On the dispatcher rather than on each router, so that every included router is covered.
    dispatcher.message.middleware(limit)
    dispatcher.callback_query.middleware(limit)
    dispatcher.callback_query.middleware(CallbackAnswerMiddleware(pre=True))
    dispatcher.errors.register(everyone.failed)
    dispatcher.include_routers(
        # Admins: /start and /help with the commands that are theirs.
        admins.router(settings),
        # Admins, in private: /web.
        web.router(settings),
        # Everyone, in private: /cancel.
        dialogues.router(),
        # Everyone, in private: /remind.
        *(feature.router(settings) for feature in features),
        # Everyone: /start, /help, and whatever is left; so it is the last.
        everyone.router(),
    )
    return dispatcher
