"""Whatever is asked in a topic of a private chat is answered there."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from analytics import AnalyticsService, Interaction, InteractionType
from analytics.clock import utc_now
from analytics.telegram import limits
from analytics.telegram.command_table import Audience, purposes
from bot.sandbox import Person, Sandbox, faults
from bot.sandbox.calls import Call
from bot.sandbox.chats import keyboard
from bot.texts import COMMANDS
from tests.support.running import running_bot

OWNER = 6_000_000_001
TOPIC = 7
EVERY_COMMAND = purposes(COMMANDS, Audience.OWNERS)


def unpressed(owner: Person, sandbox: Sandbox, pressed: set[str]) -> list[dict[str, Any]]:
    """A click on each button that the bot has shown and nobody has pressed yet."""
    clicks = []
    for line in owner.transcript:
        if line.who != "bot" or line.event not in ("message", "edit"):
            continue
        for button in (button for row in keyboard(line.message) for button in row):
            # A confirmation is another one with each second.
            data = button.get("callback_data", "")
            what = ":".join(data.split(":")[:2])
            if data and what not in pressed:
                pressed.add(what)
                message = sandbox.chat(OWNER).messages.get(line.message["message_id"], line.message)
                click = {"id": data, "from": owner.user, "message": message, "data": data}
                clicks.append({"callback_query": click | {"chat_instance": "1"}})
    return clicks


def leaves_topic(call: Call) -> bool:
    is_answer = call.method.startswith("send") and call.integer("chat_id") == OWNER
    return is_answer and call.integer("message_thread_id") != TOPIC


async def test_no_answer_to_any_command_or_button_leaves_the_topic(
    sandbox: Sandbox, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each round ends with the bot: by then every handler of it has answered."""
    monkeypatch.setattr(limits, "BURST", 1_000)
    path = database
    async with AnalyticsService.open(path) as analytics:
        old = utc_now() - timedelta(days=3)
        await analytics.record([Interaction(OWNER + 1, InteractionType.MESSAGE, old)])
    pressed: set[str] = set()
    owner = sandbox.person(OWNER)
    settings: dict[str, Any] = {"admin_ids": str(OWNER), "digest": "off"}
    async with running_bot(sandbox, path, **settings):
        for text in [*(f"/{command}" for command in EVERY_COMMAND), "/cleanup 1", "hello"]:
            await owner.says(text, topic=TOPIC)
        # Whatever fails is told there, too.
        sandbox.plan("sendMessage", faults.refuses(400, "Bad Request: message is too long"))
        await owner.says("hello", topic=TOPIC)
        await sandbox.settled()
    while clicks := unpressed(owner, sandbox, pressed):
        async with running_bot(sandbox, path, **settings):
            for click in clicks:
                await sandbox.inject(click)
            await sandbox.settled()
    left = [call for call in sandbox.calls if leaves_topic(call)]

    assert [(call.method, call.parameters) for call in left] == []
    assert {each.split(":")[0].partition("-")[2] for each in pressed} == {
        *("ask", "policy", "yes", "no", "stats", "page", "chart", "export", "alerts", "triangle"),
    }
    # More than the commands: every one of them was answered, and the buttons, too.
    sent = [call.method for call in sandbox.calls if call.method.startswith("send")]
    assert sent.count("sendMessage") > len(EVERY_COMMAND) + 2
    assert {"sendPhoto", "sendDocument", "sendChatAction"} <= set(sent)
