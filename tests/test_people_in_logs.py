"""The search that every test ends with finds what it looks for."""

import pytest

from bot.sandbox import Sandbox
from tests.support.people_in_logs import people_in


async def test_it_finds_what_an_invented_person_is_and_says(sandbox: Sandbox) -> None:
    user, token = sandbox.person().user, sandbox.token
    for trace in (user["id"], user["first_name"], user["username"], "good morning", token):
        assert people_in(f"a line\nbefore {trace} after\na line") == [f"before {trace} after"]


@pytest.mark.parametrize("line", ["skipped update 731204518", "12:00:00,123 INFO bot: verandas"])
def test_it_takes_nothing_else_for_a_person(line: str) -> None:
    assert people_in(line) == []
