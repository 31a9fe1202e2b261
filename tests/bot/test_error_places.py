"""An error is named by its class and its place in the bot's own code, and by nothing else."""

import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any

import pytest
from aiogram.dispatcher.event.handler import HandlerObject

from analytics.telegram.error_places import MAX_ERRORS, ErrorEvents, error_word
from tests.support.clock import Clock
from tests.support.own_code import imported

SECRET = "a text of a person"
FAILS = f"""
    def fail(value=None):
        raise KeyError({SECRET!r})
"""
CALLS = """
    import json

    import {library} as library

    async def handle(event):
        library.fail()

    async def decode(event):
        json.loads("{{")

    def run(code):
        code()
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], ModuleType]:
    """Import a module that is written to a file below a folder, such as `site-packages`."""

    def write_and_import(file: str, code: str) -> ModuleType:
        return imported(tmp_path, file, dedent(code), monkeypatch)

    return write_and_import


async def word(handler: Callable[..., Any]) -> str:
    """Return the word of the error that a handler raises, as aiogram calls it."""
    with pytest.raises(Exception) as raised:  # noqa: PT011 - any error
        await HandlerObject(handler).call(None)
    # Without this function, in the place of which is one of the analytics.
    return error_word(raised.value.with_traceback(raised.tb.tb_next))


async def test_the_place_is_in_own_code_and_not_in_a_library(
    module: Callable[[str, str], ModuleType],
) -> None:
    module("site-packages/library_one.py", FAILS)
    bot = module("shop_one/orders/cart.py", CALLS.format(library="library_one"))

    assert await word(bot.handle) == "KeyError at shop_one/orders/cart.py:7"
    assert await word(bot.decode) == "JSONDecodeError at shop_one/orders/cart.py:10"


async def test_of_a_bot_that_is_installed_the_place_is_in_the_package_of_the_handler(
    module: Callable[[str, str], ModuleType],
) -> None:
    module("site-packages/library_two.py", FAILS)
    bot = module("site-packages/shop_two/cart.py", CALLS.format(library="library_two"))

    assert await word(bot.handle) == "KeyError at shop_two/cart.py:7"
    assert await word(bot.decode) == "JSONDecodeError at shop_two/cart.py:10"


async def test_a_handler_that_is_no_coroutine_function_runs_in_a_thread_and_has_its_place(
    module: Callable[[str, str], ModuleType],
) -> None:
    assert (
        await word(module("shop_three/cart.py", FAILS).fail) == "KeyError at shop_three/cart.py:3"
    )
    installed = module("site-packages/shop_four/cart.py", FAILS)
    assert await word(installed.fail) == "KeyError at shop_four/cart.py:3"


async def test_code_made_at_runtime_has_no_place_of_its_own(
    module: Callable[[str, str], ModuleType],
) -> None:
    made: dict[str, Any] = {}
    exec(compile(dedent(FAILS), f"/home/{SECRET}.txt", "exec"), made)
    bot = module("shop_five/cart.py", CALLS.format(library="json"))

    assert await word(lambda event: bot.run(made["fail"])) == "KeyError at shop_five/cart.py:13"
    assert error_word(ValueError(SECRET)) == "ValueError"


async def test_the_word_is_short_and_has_no_path_of_the_machine(
    module: Callable[[str, str], ModuleType], tmp_path: Path
) -> None:
    deep = "/".join(["a_folder_with_a_long_name"] * 5)
    long = module(f"{deep}/cart.py", FAILS)
    named = type("E" * 100, (Exception,), {})
    made = type(SECRET, (Exception,), {})

    assert len(await word(lambda event: long.fail())) < 120
    assert error_word(named()) == "E" * 40
    assert error_word(made()) == "Exception"
    script = module("alone.py", FAILS)
    assert await word(script.fail) == "KeyError at alone.py:3"
    assert str(tmp_path) not in await word(long.fail)
    assert str(tmp_path) in str(sys.modules["alone"].__file__)


def test_after_so_many_different_errors_of_a_day_the_others_are_other() -> None:
    clock = Clock()
    events = ErrorEvents(clock)
    errors = [type(f"Error{number}", (Exception,), {})() for number in range(MAX_ERRORS + 5)]
    words = [events.of(error).word for error in errors]
    again = events.of(errors[0]).word
    clock.move(days=1)
    a_day_later = events.of(errors[-1]).word

    assert len({*words}) == MAX_ERRORS + 1
    assert words[-5:] == ["other"] * 5
    assert (again, a_day_later) == ("Error0", f"Error{MAX_ERRORS + 4}")
