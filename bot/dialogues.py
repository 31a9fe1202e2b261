"""Storage of dialogues, aiogram's FSM: in memory, bounded, and only while a dialogue lasts."""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiogram.fsm.state import State
from aiogram.fsm.storage.base import BaseStorage, StateType, StorageKey

# About 600 bytes each with a little data; beyond it, the least recently used dialogue is dropped.
MAX_DIALOGUES = 10_000
# Seconds without use until a dialogue is dropped: a day.
LIFETIME = 86_400.0


@dataclass(slots=True)
class _Dialogue:
    used: float  # by the clock of the storage
    state: str | None = None
    data: dict[str, Any] = field(default_factory=dict)


class Dialogues(BaseStorage):
    """Keep the states and data of up to 10,000 dialogues in memory, each for a day after its use.

    A dialogue without state and data is dropped at once, and reading creates none, unlike in
    aiogram's `MemoryStorage`, which keeps a record of each person for ever. Nothing is written to
    the disk: a restart ends all dialogues. `clock` returns seconds and must not go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # The least recently used first.
        self._dialogues: OrderedDict[StorageKey, _Dialogue] = OrderedDict()

    # No `__len__`: aiogram takes a storage that is false for none, and makes one of its own.
    @property
    def count(self) -> int:
        """The number of dialogues in memory."""
        return len(self._dialogues)

    async def set_state(self, key: StorageKey, state: StateType = None) -> None:
        """Set the state of a dialogue; None for no state."""
        dialogue = self._used(key) or _Dialogue(self._clock())
        dialogue.state = state.state if isinstance(state, State) else state
        self._keep(key, dialogue)

    async def get_state(self, key: StorageKey) -> str | None:
        """Return the state of a dialogue, None without one."""
        dialogue = self._used(key)
        return dialogue.state if dialogue else None

    async def set_data(self, key: StorageKey, data: Mapping[str, Any]) -> None:
        """Replace the data of a dialogue by a copy of `data`."""
        dialogue = self._used(key) or _Dialogue(self._clock())
        dialogue.data = dict(data)
        self._keep(key, dialogue)

    async def get_data(self, key: StorageKey) -> dict[str, Any]:
        """Return a copy of the data of a dialogue, empty without one."""
        dialogue = self._used(key)
        return dialogue.data.copy() if dialogue else {}

    async def close(self) -> None:
        """Drop all dialogues."""
        self._dialogues.clear()

    async def forget(self, telegram_id: int) -> None:
        """Drop every dialogue of a person: theirs in any chat, and that of their private chat."""
        for key in [key for key in self._dialogues if telegram_id in (key.user_id, key.chat_id)]:
            del self._dialogues[key]

    def drop_unused(self) -> None:
        """Drop the dialogues that were not used for a day; reading and writing do so, too."""
        oldest = self._clock() - LIFETIME
        while self._dialogues and next(iter(self._dialogues.values())).used <= oldest:
            self._dialogues.popitem(last=False)

    def _used(self, key: StorageKey) -> _Dialogue | None:
        """Return a dialogue that is in use now, None if there is none."""
        self.drop_unused()
        dialogue = self._dialogues.get(key)
        if dialogue:
            dialogue.used = self._clock()
            self._dialogues.move_to_end(key)
        return dialogue

    def _keep(self, key: StorageKey, dialogue: _Dialogue) -> None:
        if dialogue.state is None and not dialogue.data:
            self._dialogues.pop(key, None)
            return
        self._dialogues[key] = dialogue
        if len(self._dialogues) > MAX_DIALOGUES:
            self._dialogues.popitem(last=False)
