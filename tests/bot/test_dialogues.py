"""A dialogue is kept while it lasts, and nothing of it longer."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiogram import Dispatcher, F
from aiogram.filters import Command
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.fsm.storage.base import StorageKey
from aiogram.types import Message
from hypothesis import given
from hypothesis import strategies as st

import bot.app
from bot import dialogues, run
from bot.dialogues import LIFETIME, MAX_DIALOGUES, Dialogues
from bot.sandbox import Sandbox
from tests.support.conversation import ask
from tests.support.running import running_bot


class Seconds:
    """A monotonic clock that stands still until it is moved."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def key(telegram_id: int, chat_id: int | None = None) -> StorageKey:
    return StorageKey(bot_id=1, chat_id=chat_id or telegram_id, user_id=telegram_id)


@dataclass
class Model:
    """What a plain dictionary would hold: by key, state and data; and when each was used."""

    contents: dict[StorageKey, tuple[str | None, dict[str, Any]]] = field(default_factory=dict)
    used: dict[StorageKey, tuple[float, int]] = field(default_factory=dict)
    steps: int = 0

    def do(
        self, now: float, bound: int, key: StorageKey, name: str, value: Any
    ) -> str | dict[str, Any] | None:
        self.steps += 1
        for old in [old for old in self.contents if now - self.used[old][0] >= LIFETIME]:
            del self.contents[old]
        state, data = self.contents.get(key, (None, {}))
        self.used[key] = (now, self.steps)
        if name == "set_state":
            self.contents[key] = (value, data)
        elif name == "set_data":
            self.contents[key] = (state, value)
        if self.contents.get(key) == (None, {}):
            del self.contents[key]
        if len(self.contents) > bound:
            del self.contents[min(self.contents, key=lambda each: self.used[each])]
        return {"get_state": state, "get_data": data}.get(name)


KEYS = st.integers(1, 4).map(key)
STEPS = st.one_of(
    st.tuples(KEYS, st.just("set_state"), st.sampled_from([None, "asked", "told"])),
    st.tuples(KEYS, st.just("set_data"), st.dictionaries(st.sampled_from("ab"), st.integers(0, 9))),
    st.tuples(KEYS, st.sampled_from(["get_state", "get_data"]), st.none()),
    st.tuples(st.none(), st.just("wait"), st.sampled_from([1.0, LIFETIME / 2, LIFETIME])),
)


@given(st.lists(STEPS, max_size=40), st.integers(1, 3))
async def test_it_is_a_dictionary_with_a_bound_and_a_day(
    steps: list[tuple[Any, str, Any]], bound: int
) -> None:
    seconds, model = Seconds(), Model()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dialogues, "MAX_DIALOGUES", bound)
        storage = Dialogues(seconds)
        for key, name, value in steps:
            if name == "wait":
                seconds.now += value
                continue
            arguments = (key, value) if name.startswith("set") else (key,)
            answer = await getattr(storage, name)(*arguments)

            assert answer == model.do(seconds.now, bound, key, name, value)
            assert storage.count == len(model.contents)


async def test_nothing_but_the_bound_remains_of_many_people() -> None:
    storage = Dialogues()
    for telegram_id in range(1, 2 * MAX_DIALOGUES + 1):
        await storage.set_state(key(telegram_id), "asked")
        await storage.set_data(key(telegram_id), {"dice": 2})

    assert storage.count == MAX_DIALOGUES
    assert await storage.get_state(key(MAX_DIALOGUES)) is None
    assert await storage.get_state(key(MAX_DIALOGUES + 1)) == "asked"


async def test_reading_creates_nothing() -> None:
    storage = Dialogues()
    for telegram_id in range(1, 100):
        await storage.get_state(key(telegram_id))
        await storage.get_data(key(telegram_id))
        await storage.get_value(key(telegram_id), "dice")

    assert storage.count == 0


async def test_the_least_recently_used_is_dropped_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialogues, "MAX_DIALOGUES", 2)
    storage = Dialogues()
    await storage.set_state(key(1), "asked")
    await storage.set_state(key(2), "asked")
    await storage.get_state(key(1))
    await storage.set_state(key(3), "asked")

    assert [await storage.get_state(key(each)) for each in (1, 2, 3)] == ["asked", None, "asked"]


async def test_the_day_begins_again_with_each_use() -> None:
    seconds = Seconds()
    storage = Dialogues(seconds)
    await storage.set_state(key(1), "asked")
    for _ in range(3):
        seconds.now += LIFETIME - 1
        assert await storage.get_state(key(1)) == "asked"


async def test_what_is_not_used_is_dropped_without_another_dialogue() -> None:
    seconds = Seconds()
    storage = Dialogues(seconds)
    await storage.set_state(key(1), "asked")
    seconds.now += LIFETIME
    storage.drop_unused()

    assert storage.count == 0


async def test_who_is_forgotten_has_no_dialogue_anywhere_and_others_keep_theirs() -> None:
    storage = Dialogues()
    of_chat = StorageKey(bot_id=1, chat_id=1, user_id=-1)
    for each in (key(1), key(1, chat_id=-100), of_chat, key(2), key(2, chat_id=-100)):
        await storage.set_state(each, "asked")
    await storage.forget(1)

    assert storage.count == 2
    assert await storage.get_state(key(2)) == await storage.get_state(key(2, -100)) == "asked"


async def test_a_dialogue_keeps_a_copy_of_its_data() -> None:
    storage = Dialogues()
    data = {"dice": 2}
    await storage.set_data(key(1), data)
    data["dice"] = 3
    (await storage.get_data(key(1)))["dice"] = 4

    assert await storage.get_data(key(1)) == {"dice": 2}


async def test_what_is_closed_is_empty() -> None:
    storage = Dialogues()
    await storage.set_state(key(1), "asked")
    await storage.close()

    assert storage.count == 0


class Rolling(StatesGroup):
    sides = State()
    times = State()


async def begin(message: Message, state: FSMContext) -> None:
    await state.set_state(Rolling.sides)
    await message.answer("How many sides?")


async def take_sides(message: Message, state: FSMContext) -> None:
    await state.update_data(sides=message.text)
    await state.set_state(Rolling.times)
    await message.answer("How often?")


async def take_times(message: Message, state: FSMContext) -> None:
    data = await state.get_data()
    await state.clear()
    await message.answer(f"{message.text} dice of {data['sides']} sides")


@pytest.fixture
def storages(monkeypatch: pytest.MonkeyPatch) -> list[Dialogues]:
    """The storages of the dispatchers that are built, each with a dialogue added to the bot."""
    found: list[Dialogues] = []

    def with_dialogue(*arguments: Any, **values: Any) -> Dispatcher:
        dispatcher = build(*arguments, **values)
        # Handlers of the dispatcher itself come before those of its routers.
        dispatcher.message.register(begin, Command("dice"))
        dispatcher.message.register(take_sides, Rolling.sides, F.text)
        dispatcher.message.register(take_times, Rolling.times, F.text)
        assert isinstance(dispatcher.storage, Dialogues)
        found.append(dispatcher.storage)
        return dispatcher

    build: Callable[..., Dispatcher] = bot.app.build_dispatcher
    monkeypatch.setattr(run, "build_dispatcher", with_dialogue)
    return found


async def test_a_dialogue_of_two_steps_leaves_nothing(
    sandbox: Sandbox, database: Path, storages: list[Dialogues]
) -> None:
    person, another = sandbox.person(), sandbox.person()
    async with running_bot(sandbox, database):
        [storage] = storages
        asked = [await ask(person, "/dice"), await ask(another, "/dice"), await ask(person, "20")]
        during = storage.count
        answers = [await ask(person, "3"), await ask(another, "6"), await ask(another, "1")]
        after = storage.count

    assert asked == ["How many sides?", "How many sides?", "How often?"]
    assert answers == ["3 dice of 20 sides", "How often?", "1 dice of 6 sides"]
    assert (during, after) == (2, 0)


async def test_people_without_a_dialogue_leave_nothing(
    sandbox: Sandbox, database: Path, storages: list[Dialogues]
) -> None:
    person = sandbox.person()
    async with running_bot(sandbox, database):
        await ask(person, "/start")
        await ask(person, "good morning")

        assert storages[0].count == 0
