"""The feature that shows how one is made: a person asks, is answered, and is counted."""

from pathlib import Path

from bot.sandbox import Sandbox
from tests.support.running import running_bot
from tests.support.second_connection import NAME, select


async def test_roll(tmp_path: Path) -> None:
    async with Sandbox() as sandbox, running_bot(sandbox, tmp_path / NAME):
        person = sandbox.person()
        await person.says("/roll")
        answer = await person.answer()
        menu = sandbox.menu(person)

    assert answer.message["text"] in [f"🎲 {number}" for number in range(1, 7)]
    assert "roll" in menu
    assert select(tmp_path, "SELECT interaction_type FROM user_interactions") == [("command",)]
