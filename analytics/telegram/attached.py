"""The middleware that `attach` puts around a dispatcher: it records and answers first."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

from aiogram import Bot, Dispatcher, Router
from aiogram.dispatcher.event.bases import UNHANDLED
from aiogram.types import (
    BotCommandScopeAllPrivateChats,
    BotCommandScopeDefault,
    TelegramObject,
    Update,
)
from aiogram.types.update import UpdateTypeLookupError

from analytics.telegram.button_table import registered_buttons
from analytics.telegram.buttons import PREFIX, Right
from analytics.telegram.command_table import ADMIN_COMMANDS, CommandEntry, registered, restricted
from analytics.telegram.contents import any_command, clicked
from analytics.telegram.in_flight import InFlight
from analytics.telegram.leased_polling import PollWhileHeld
from analytics.telegram.outcomes import Outcomes
from analytics.telegram.own_router import Dependencies, Handler, OwnRouter
from analytics.telegram.owners_cleanup import OwnersCleanup
from analytics.telegram.recording import RecordOnReceipt

logger = logging.getLogger(__name__)


class Attached:
    """The analytics of one bot while they are attached to a dispatcher; made by `attach`.

    As a middleware of the dispatcher's updates, it offers each update to the analytics' own
    routers before any middleware and handler of the bot, which see no kinds of update that the bot
    has no handler for.
    """

    def __init__(
        self,
        bot: Bot,
        dispatcher: Dispatcher,
        dependencies: Dependencies,
        recording: RecordOnReceipt,
        own: Iterable[OwnRouter],
        commands: Iterable[CommandEntry],
        tick: Callable[[], Coroutine[Any, Any, None]],
        last_backup: Callable[[], Awaitable[datetime | None]],
    ) -> None:
        self.analytics = dependencies.analytics
        self.clock = dependencies.clock
        self.next_cleanup = dependencies.next_cleanup
        """Returns when the next daily cleanup is planned, in the operator's time zone."""
        self.last_backup = last_backup
        """Returns when the newest backup was made, None without any."""
        self.owners_cleanup = OwnersCleanup(
            self.analytics, dependencies.confirmations, dependencies.next_cleanup
        )
        """Deletes by hand, as `/cleanup` does."""
        self.recording = recording
        self.polling = PollWhileHeld(self.analytics.lease, bot.id)
        self.in_flight = InFlight()
        self.outcomes = Outcomes(self.analytics, recording)
        self._bot = bot
        self._dispatcher = dispatcher
        self._options = dependencies.options
        self._root = Router(name="analytics")
        self._root.include_routers(*own)
        self._table = tuple(commands)
        self._tick = tick
        self._answered: frozenset[str] | None = None
        self._handled: frozenset[str] = frozenset()
        self._started = False
        self._beside: set[asyncio.Task[None]] = set()

    async def record(self, updates: Sequence[Update]) -> None:
        """Commit the interactions of updates that are about to be acknowledged to Telegram.

        Only a bot that receives updates neither by polling nor by `WebhookHandler` has to call it.
        It takes four seconds at worst, and raises nothing.
        """
        self._look_at_handlers()
        await self.recording.record(updates)

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        assert isinstance(event, Update)
        if data["bot"].id != self._bot.id:
            return await handler(event, data)
        if self.polling.leaves(event):
            return UNHANDLED
        with self.in_flight.handling():
            if not self._started:
                self._run_beside(self.start())
            self._look_at_handlers()
            await self.recording.record_if_new(event)
            try:
                kind, content = event.event_type, event.event
            except UpdateTypeLookupError:
                return UNHANDLED  # aiogram would warn with the whole update
            data.setdefault("analytics", self.analytics)
            if self._may_answer(kind, event):
                offered = data | {"event_update": event}
                answer = await self._root.propagate_event(kind, content, **offered)
                if answer is not UNHANDLED:
                    return answer
            if not self._is_handled(kind):
                return UNHANDLED
            return await self.outcomes.measure(handler, event, data)

    async def start(self, bots: Any = (), **_: Any) -> None:
        """Look at what the bot registered, and what Telegram knows of it; a dispatcher calls it.

        Raises RuntimeError if one of `bots`, which start together, is not attached. The bot may
        use that name for something else, which aiogram then passes in their place.
        """
        self.recording.begin_polling()
        attached = attached_to(self._dispatcher)
        together = bots if isinstance(bots, list | tuple) else ()
        if any(isinstance(each, Bot) and each.id not in attached for each in together):
            raise RuntimeError(
                "a bot of this dispatcher is not attached, and nothing would be recorded of it: "
                "attach each of the bots, with a path of its own"
            )
        self.in_flight.is_draining = False
        if self._started:
            return
        self._started = True
        self._look_at_handlers()
        try:
            self.recording.username = (await self._bot.me()).username
        # Middlewares and sessions of the bot may raise anything.
        except Exception as error:
            logger.warning("the bot's username is not known yet (%s)", type(error).__name__)
        # Telegram's time is known from now on, so that missed tasks can be made up for.
        self._run_beside(self._tick())
        if Right.PRIVACY in self.recording.rights - {each.name for each in self._table}:
            self._run_beside(self._look_at_menu())

    def _look_at_handlers(self) -> None:
        """Decide once which commands the analytics answer, and which words are counted.

        That is as late as possible, so that routers may be included after `attach`.
        """
        if self._answered is not None:
            return
        routers = list(self._dispatcher.chain_tail)
        theirs = registered(each for each in routers if not isinstance(each, OwnRouter))
        included = registered(each for each in routers if isinstance(each, OwnRouter))
        # /start with the argument of a link to /privacy is no command of its own.
        own = registered(self._root.chain_tail) - {"start"}
        for name in sorted(own & theirs):
            logger.warning("/%s is answered by the bot's own handler, not by the analytics", name)
        self._answered = own - theirs
        self.recording.rights = (self._answered | included) & set(Right)
        hidden = restricted([*self._table, *ADMIN_COMMANDS]) - theirs | restricted(self._table)
        self.recording.vocabulary = replace(
            self.recording.vocabulary,
            commands=(theirs | own | included) - hidden,
            buttons=registered_buttons(routers),
        )

    def _may_answer(self, kind: str, update: Update) -> bool:
        """Tell whether the analytics' routers may handle an update: cheaply, as few are theirs."""
        match kind:
            case "message":
                command, argument = any_command(update, self.recording.username)
                return command in (self._answered or ()) or argument == Right.PRIVACY
            case "callback_query":
                return (clicked(update) or "").startswith(PREFIX)
            case "my_chat_member":
                return self._options.erase_when_blocked
            case _:
                return False

    def _is_handled(self, kind: str) -> bool:
        """Return whether the bot has a handler for a kind of update.

        It polls for all kinds only to have them recorded: its middlewares may not expect the rest.
        """
        if kind not in self._handled:
            self._handled = frozenset(self._dispatcher.resolve_used_update_types())
        # One of them is aiogram's, which calls those of the kind.
        return kind in self._handled or len(self._dispatcher.update.handlers) > 1

    async def _look_at_menu(self) -> None:
        """Warn if `/privacy` is not in the bot's menu."""
        menus = []
        try:
            for scope in (BotCommandScopeDefault(), BotCommandScopeAllPrivateChats()):
                menus += await self._bot.get_my_commands(scope)
        except Exception:
            return
        if all(each.command != Right.PRIVACY for each in menus):
            logger.warning(
                "the bot's menu lacks /privacy, so that Telegram's apps show a general policy: "
                "add it with set_my_commands, or /setcommands of @BotFather"
            )

    def _run_beside(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)

    async def stop(self) -> None:
        """Stop receiving, and wait up to 10 seconds for running handlers; a dispatcher calls it.

        Then another process may poll.
        """
        await self.recording.end_polling()
        await self.in_flight.drain()
        await self.analytics.lease.give_up()

    async def end(self) -> None:
        """Wait up to 10 seconds for running handlers, and stop what runs beside them."""
        await self.in_flight.drain()
        await self.analytics.lease.give_up()
        beside = set(self._beside)
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)


# The attached analytics of each dispatcher, by the ID of the bot.
_ATTACHED: WeakKeyDictionary[Dispatcher, dict[int, Attached]] = WeakKeyDictionary()


def attached_to(dispatcher: Dispatcher) -> dict[int, Attached]:
    """Return what is attached to a dispatcher now, by the ID of the bot."""
    return _ATTACHED.setdefault(dispatcher, {})
