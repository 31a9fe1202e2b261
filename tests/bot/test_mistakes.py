"""A mistake in code is told as the interpreter tells it, and never what a person wrote."""

import asyncio
import datetime
import importlib
import json
import logging
import operator
import re
import sys
import types
from collections import namedtuple
from collections.abc import Callable, Coroutine, Generator
from pathlib import Path
from typing import Any

import pytest
from aiogram import Dispatcher
from aiogram.filters import Command
from aiogram.types import Message
from hypothesis import given, settings
from hypothesis import strategies as st

import bot.app
from bot import run
from bot.logs import PrivateFormatter
from bot.sandbox import Sandbox
from tests.support.conversation import ask
from tests.support.examples import examples
from tests.support.running import running_bot

anything: Any = object()


def roll(message: object, sides: int, *, times: int = 1) -> None: ...


class Dice:
    def throw(self, sides: int) -> int:
        return sides


dice: Any = Dice()
wrongly: Any = roll


def logged(failing: Callable[[], object]) -> str:
    """How the log tells of the exception that is raised."""
    try:
        failing()
    except Exception:
        record = logging.LogRecord("bot", 40, __file__, 1, "it failed", (), sys.exc_info())
        return PrivateFormatter().format(record)
    raise AssertionError("nothing was raised")


def a_name_that_is_nowhere() -> None:
    undefined  # type: ignore[name-defined] # noqa: B018, F821


def a_variable_without_value() -> None:
    if anything is None:
        value = 1
    value += 1


def a_module_that_is_nowhere() -> None:
    import nowhere  # type: ignore[import-not-found] # noqa: F401


def a_name_that_a_module_has_not() -> None:
    from bot.logs import nothing  # type: ignore[attr-defined] # noqa: F401


def an_attribute_to_set() -> None:
    anything.nothing = 1


def too_few_values() -> None:
    _a, _b = dice.throw(6)


def awaiting_no_coroutine() -> None:
    async def wait() -> None:
        await dice.throw(6)

    asyncio.run(wait())


def entering_no_context() -> None:
    with dice:
        pass


@pytest.mark.parametrize(
    ("failing", "said"),
    [
        (lambda: wrongly(1), r"roll\(\) missing 1 required positional argument: 'sides'"),
        (
            lambda: wrongly(),
            r"roll\(\) missing 2 required positional arguments: 'message' and 'sides'",
        ),
        (lambda: wrongly(1, 2, 3), r"roll\(\) takes 2 positional arguments but 3 were given"),
        (lambda: wrongly(1, 2, time=3), r"roll\(\) got an unexpected keyword argument 'time'.*"),
        (lambda: wrongly(1, message=2), r"roll\(\) got multiple values for argument 'message'"),
        (lambda: dice.throw(), r"Dice\.throw\(\) missing 1 required positional argument: 'sides'"),
        (lambda: dice.trow(6), "'Dice' object has no attribute 'trow'"),
        (lambda: re.nothing, "module 're' has no attribute 'nothing'"),  # type: ignore[attr-defined]
        (an_attribute_to_set, "'object' object has no attribute 'nothing'.*"),
        (a_name_that_is_nowhere, "name 'undefined' is not defined"),
        (a_variable_without_value, "cannot access local variable 'value' where it is not .*"),
        (a_module_that_is_nowhere, "No module named 'nowhere'"),
        (a_name_that_a_module_has_not, "cannot import name 'nothing' from 'bot.logs'"),
        (too_few_values, "cannot unpack non-iterable int object"),
        (awaiting_no_coroutine, r"('int' object can't be awaited|object int can't be used in .*)"),
        (entering_no_context, "'Dice' object does not support the context manager protocol.*"),
        (lambda: anything + 1, r"unsupported operand type\(s\) for \+: 'object' and 'int'"),
        (lambda: anything < 1, "'<' not supported between instances of 'object' and 'int'"),
        (lambda: "a" + anything, r'can only concatenate str \(not "object"\) to str'),
        (lambda: anything[0], "'object' object is not subscriptable"),
        (lambda: anything(), "'object' object is not callable"),
        (lambda: len(anything), r"object of type 'object' has no len\(\)"),
        (
            lambda: [*anything],
            r"(Value after \* must be an iterable, not object|'object' object is not iterable)",
        ),
    ],
)
def test_what_the_interpreter_says_of_code_is_logged(
    failing: Callable[[], object], said: str
) -> None:
    [_line, what, *_frames] = logged(failing).splitlines()

    assert re.fullmatch(rf"    \w+( from \w+)*: {said}", what)


def raise_(error: Exception) -> None:
    raise error


async def pass_on(text: str) -> None:
    future = asyncio.get_running_loop().create_future()
    future.set_exception(TypeError(text))
    await future


async def ask_for_result(text: str) -> None:
    future = asyncio.get_running_loop().create_future()
    future.set_exception(TypeError(text))
    future.result()


def throw_into(text: str) -> None:
    def generator() -> Generator[None]:
        yield

    running = generator()
    next(running)
    running.throw(TypeError(text))


def chained(text: str) -> None:
    try:
        raise KeyError(text)
    except KeyError as error:
        noted = TypeError(text)
        noted.add_note(text)
        raise noted from error


def renamed(text: str) -> None:
    def feature(message: object) -> None: ...

    feature.__qualname__ = text
    called: Any = feature
    called()


def made_of(text: str) -> Any:
    return type(text, (), {})()


class Echo:
    def __getattr__(self, name: str) -> None:
        raise AttributeError(name)


Pair: Any = namedtuple("Pair", "a b")


class Slots:
    __slots__ = ()


def run_async(failing: Callable[[str], Coroutine[Any, Any, None]]) -> Callable[[str], None]:
    return lambda text: asyncio.run(failing(text))


# With what a person wrote in the exception, or in what it is about.
WAYS: list[Callable[[str], object]] = [
    *(lambda text, kind=kind: raise_(kind(text)) for kind in (ValueError, KeyError, TypeError)),
    *(lambda text, kind=kind: raise_(kind(text)) for kind in (NameError, AttributeError, OSError)),
    *(lambda text, kind=kind: raise_(kind(text)) for kind in (ImportError, ModuleNotFoundError)),
    lambda text: raise_(ExceptionGroup(text, [TypeError(text)])),
    lambda text: raise_(ImportError(text, name=text, path=text)),
    chained,
    run_async(pass_on),
    run_async(ask_for_result),
    throw_into,
    lambda text: int(text),
    lambda text: vars(dice)[text],
    lambda text: json.loads(text),
    lambda text: re.compile(text + "("),
    lambda text: datetime.datetime.strptime(text, "%H"),  # noqa: DTZ007
    lambda text: Path("/nowhere", text.replace("\0", "")).read_bytes(),
    lambda text: text.encode("ascii") + "\udcff".encode("ascii"),
    lambda text: f"{dice:{text}}",
    lambda text: operator.mod("%d", text),
    lambda text: getattr(dice, text),
    lambda text: getattr(Dice, text),
    lambda text: getattr(re, text),
    lambda text: setattr(Slots(), text, 1),
    lambda text: delattr(dice, text),
    lambda text: operator.attrgetter(text)(dice),
    lambda text: operator.methodcaller(text)(dice),
    lambda text: getattr(Echo(), text),
    lambda text: wrongly(1, 2, **{text: 3}),
    lambda text: wrongly(1, **{"sides": 2, text: 3}),
    lambda text: wrongly(1, 2, **{text: 3}, **{text: 4}),
    lambda text: dice.throw(**{text: 3}),
    lambda text: Dice(**{text: 3}),
    lambda text: Pair(1, **{text: 3}),
    lambda text: eval(text, {}),
    lambda text: exec(text, {}),
    lambda text: exec(f"def {text}(): pass\n{text}(1)", {}),
    lambda text: exec(f"import {text}", {}),
    lambda text: exec(f"from re import {text}", {}),
    lambda text: exec(f"dice.{text}", {"dice": dice}),
    lambda text: exec(f"dice.{text}", globals()),
    lambda text: eval(text, globals()),
    lambda text: eval(compile(text, __file__, "eval"), globals()),
    lambda text: __import__(text),
    lambda text: importlib.import_module(text),
    renamed,
    lambda text: made_of(text) + 1,
    lambda text: made_of(text).throw(),
    lambda text: made_of(text)(),
    lambda text: made_of(text)[0],
    lambda text: len(made_of(text)),
    lambda text: types.ModuleType(text).throw,
    lambda text: types.SimpleNamespace(**{text: 1}).throw,
]
CANARY = "canary"
WORDS = st.from_regex(r"[a-z_]{0,3}", fullmatch=True)
NAMES = st.builds(lambda before, after: f"{before}canary{after}", WORDS, WORDS)
# As the interpreter says it.
SENTENCES = st.sampled_from(
    [
        "roll() missing 1 required positional argument: '{}'",
        "{}() missing 1 required positional argument: 'sides'",
        "roll() missing 2 required positional arguments: 'sides' and '{}'",
        "{}() takes 2 positional arguments but 3 were given",
        "roll() got an unexpected keyword argument '{}'",
        "name '{}' is not defined",
        "'{}' object has no attribute 'throw'",
        "module '{}' has no attribute 'throw'",
        "No module named '{}'",
        "cannot import name '{}' from 're' ({})",
        "object {} can't be used in 'await' expression",
        'can only concatenate {} (not "int") to str',
        "unsupported operand type(s) for +: '{}' and 'int'",
    ]
)
TEXTS = (
    NAMES
    | st.builds(lambda sentence, name: sentence.replace("{}", name), SENTENCES, NAMES)
    | st.builds(lambda before, after: f"{before}canary{after}", st.text(), st.text())
    | st.builds(lambda number: f"canary{number}", st.integers(0))
)


@pytest.mark.filterwarnings("ignore::SyntaxWarning", "ignore::DeprecationWarning")
@settings(max_examples=examples(30))
@given(st.data())
@pytest.mark.parametrize("way", WAYS)
def test_what_a_person_wrote_is_never_logged(
    way: Callable[[str], object], data: st.DataObject
) -> None:
    text = data.draw(TEXTS)
    try:
        way(text)
    except Exception:
        record = logging.LogRecord("bot", 40, __file__, 1, "it failed", (), sys.exc_info())
        line = PrivateFormatter().format(record)

        assert CANARY not in line


@pytest.mark.parametrize(
    "failing",
    [
        lambda: raise_(NameError("name 'sides' is not defined")),
        lambda: raise_(TypeError("roll() missing 1 required positional argument: 'sides'")),
        lambda: asyncio.run(pass_on("roll() missing 1 required positional argument: 'sides'")),
        lambda: throw_into("roll() missing 1 required positional argument: 'sides'"),
        lambda: getattr(dice, "sides"),  # noqa: B009
        lambda: __import__("sides"),
    ],
)
def test_what_the_interpreter_did_not_say_by_itself_is_not_logged(
    failing: Callable[[], object],
) -> None:
    assert "sides" not in "".join(logged(failing).splitlines()[:2])


async def test_a_handler_that_asks_for_what_there_is_not_is_logged_readably(
    sandbox: Sandbox,
    database: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def play(message: Message, opponent: str) -> None: ...

    def with_feature(*arguments: Any, **values: Any) -> Dispatcher:
        dispatcher = build(*arguments, **values)
        dispatcher.message.register(play, Command("play"))
        return dispatcher

    build = bot.app.build_dispatcher
    monkeypatch.setattr(run, "build_dispatcher", with_feature)
    async with running_bot(sandbox, database):
        await ask(sandbox.person(), "/play")

    said = "play() missing 1 required positional argument: 'opponent'"
    assert re.search(
        rf"a handler failed\n    TypeError: \S+{re.escape(said)}\n    at ", capsys.readouterr().err
    )
