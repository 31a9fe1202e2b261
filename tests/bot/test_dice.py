"""The feature that shows how one is made: a person asks, is answered, and is counted."""

from pathlib import Path

from bot.sandbox import Sandbox
from tests.support.conversation import ask
from tests.support.running import running_bot
from tests.support.second_connection import select


async def test_roll(sandbox: Sandbox, database: Path) -> None:
    person = sandbox.person()
    async with running_bot(sandbox, database):
        answer = await ask(person, "/roll")
        menu = sandbox.menu(person)

    assert answer in [f"🎲 {number}" for number in range(1, 7)]
    assert "roll" in menu
    assert select(database, "SELECT interaction_type FROM user_interactions") == [("command",)]
