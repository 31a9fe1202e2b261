"""The queue of updates, with Telegram's rules for creating, delivering and acknowledging them."""

import asyncio
import itertools
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.sandbox.calls import Call, Refused
from bot.sandbox.condition import Waiting

# Telegram sends these only to a bot that names them.
ONLY_IF_NAMED = frozenset({"chat_member", "message_reaction", "message_reaction_count"})

# How long Telegram keeps an update that nobody acknowledges.
KEPT = timedelta(hours=24)
KEPT_SHORTER = {
    "inline_query": timedelta(seconds=30),
    "callback_query": timedelta(seconds=150),
    "chosen_inline_result": timedelta(seconds=600),
}

# An offset further ahead is one from before the ids restarted: it acknowledges nothing.
BELIEVABLE_LEAD = 10
MAX_POLL = 50

TWO_POLLERS = (
    "Conflict: terminated by other getUpdates request; "
    "make sure that only one bot instance is running"
)


@dataclass(slots=True, eq=False)
class Pending:
    """An update that has not been acknowledged; webhooks get those of one `lane` in order."""

    serial: int
    update_id: int
    update: dict[str, Any]
    lane: Hashable
    expires: datetime
    is_repeat: bool
    delivered: bool = False


class Updates:
    """The queue of updates for a bot.

    `deliveries` counts deliveries by update id; `acknowledged` and `dropped` are update ids, the
    latter of updates that were removed before the bot received and acknowledged them. `len()` is
    the number of pending updates.
    """

    def __init__(self, first_id: int, clock: Callable[[], datetime]) -> None:
        self.deliveries: Counter[int] = Counter()
        self.acknowledged: set[int] = set()
        self.dropped: set[int] = set()
        self.waiting = Waiting()
        self.allowed: frozenset[str] | None = None
        self.on_created: Callable[[Pending], None] | None = None
        self._clock = clock
        self._next_id = first_id
        self._serials = itertools.count()
        self._pending: OrderedDict[int, Pending] = OrderedDict()
        self._repeats = 0
        self._poller: asyncio.Future[None] | None = None

    def __len__(self) -> int:
        return len(self._pending)

    def __contains__(self, pending: Pending) -> bool:
        return pending.serial in self._pending

    @property
    def pending(self) -> list[Pending]:
        return list(self._pending.values())

    def create(self, update: Mapping[str, Any], *, forced: bool = False) -> int | None:
        """Queue an update and return its id, None if the bot did not ask for its kind.

        `forced` queues it all the same. An update with an `update_id` keeps it, even if that was
        used before.
        """
        kind = next((key for key in update if key != "update_id"), "")
        if not forced and not self._asked_for(kind):
            return None
        update_id: int = update.get("update_id", self._next_id)
        self._next_id = max(self._next_id, update_id + 1)
        is_repeat = "update_id" in update
        self._repeats += is_repeat
        pending = Pending(
            next(self._serials),
            update_id,
            {"update_id": update_id, **update},
            _lane(kind, update),
            self._clock() + KEPT_SHORTER.get(kind, KEPT),
            is_repeat,
        )
        self._pending[pending.serial] = pending
        if self.on_created is not None:
            self.on_created(pending)
        self._wake_poller(None)
        return update_id

    def restart_ids(self, first_id: int) -> None:
        """Number the next updates from `first_id` on, as Telegram does after a week of silence.

        Raises ValueError if updates are pending.
        """
        if self._pending:
            raise ValueError("update ids restart only when nothing is pending")
        self._next_id = first_id

    def allow(self, call: Call) -> None:
        """Keep the `allowed_updates` of a call for later updates; an empty list is the default.

        Without the parameter, the last list stays.
        """
        kinds = call.structure("allowed_updates")
        if isinstance(kinds, list):
            self.allowed = frozenset(kinds) or None

    async def poll(self, call: Call) -> list[dict[str, Any]]:
        """Carry out getUpdates: acknowledge, then return a batch, waiting for its `timeout`.

        Raises Refused if another poll or a webhook ends this one.
        """
        self.allow(call)
        limit = min(max(call.integer("limit", 100), 1), 100)
        offset = call.integer("offset")
        if offset < 0:
            offset += self._next_id
        timeout = min(call.integer("timeout"), MAX_POLL)
        batch = self._take(offset, limit)
        if not batch and timeout > 0:
            await self._wait_for_update(timeout)
            batch = self._take(offset, limit)
        return batch

    def end_poll(self, description: str) -> None:
        self._wake_poller(Refused(409, description))

    def acknowledge(self, pending: Pending) -> None:
        self._forget(pending, self.acknowledged if pending.delivered else self.dropped)

    def drop(self) -> None:
        for pending in self.pending:
            self._forget(pending, self.dropped)

    def deliver(self, pending: Pending) -> dict[str, Any]:
        pending.delivered = True
        self.deliveries[pending.update_id] += 1
        return pending.update

    def _asked_for(self, kind: str) -> bool:
        return kind not in ONLY_IF_NAMED if self.allowed is None else kind in self.allowed

    async def _wait_for_update(self, seconds: float) -> None:
        self.end_poll(TWO_POLLERS)
        poller = self._poller = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(seconds):
                await poller
        except TimeoutError:
            pass
        finally:
            if self._poller is poller:
                self._poller = None

    def _wake_poller(self, refusal: Refused | None) -> None:
        poller, self._poller = self._poller, None
        if poller is None or poller.done():
            return
        if refusal is None:
            poller.set_result(None)
        else:
            poller.set_exception(refusal)

    def _take(self, offset: int, limit: int) -> list[dict[str, Any]]:
        if offset <= self._next_id + BELIEVABLE_LEAD:
            self._acknowledge_below(offset)
        now = self._clock()
        expired = []
        batch: list[dict[str, Any]] = []
        for pending in self._pending.values():
            if len(batch) == limit:
                break
            if pending.expires <= now:
                expired.append(pending)
            else:
                batch.append(self.deliver(pending))
        for pending in expired:
            self._forget(pending, self.dropped)
        return batch

    def _acknowledge_below(self, offset: int) -> None:
        if self._repeats:
            # A repeated id may be anywhere in the queue, and is below the offset from the start.
            for pending in self.pending:
                if pending.update_id < offset and (pending.delivered or not pending.is_repeat):
                    self.acknowledge(pending)
            return
        below = itertools.takewhile(lambda each: each.update_id < offset, self._pending.values())
        for pending in list(below):
            self.acknowledge(pending)

    def _forget(self, pending: Pending, into: set[int]) -> None:
        if self._pending.pop(pending.serial, None) is None:
            return
        into.add(pending.update_id)
        self._repeats -= pending.is_repeat
        if not self._pending:
            self.waiting.changed()


def _lane(kind: str, update: Mapping[str, Any]) -> Hashable:
    """Return the lane of an update: one per chat, else per person and kind, else its own."""
    match update.get(kind):
        case {"chat": {"id": int() | str() as chat_id}}:
            return chat_id
        case {"from": {"id": int() | str() as user_id}} | {
            "user": {"id": int() | str() as user_id}
        }:
            return kind, user_id
    return object()
