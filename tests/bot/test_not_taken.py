"""A chat that takes no answer costs one warning; a fault of the bot's own is an error."""

from pathlib import Path

import pytest
from aiogram.exceptions import TelegramBadRequest
from aiogram.methods import SendMessage

from analytics.telegram.failures import is_not_taken
from analytics.telegram.texts import rights
from bot import texts
from bot.sandbox import Sandbox, faults
from tests.support.running import running_bot

# As Telegram words what any member of a chat can cause.
BY_CHAT = [
    "not enough rights to send text messages to the chat",
    "need administrator rights in the channel chat",
    "have no rights to send a message",
    "have no write access to the chat",
    "CHAT_WRITE_FORBIDDEN",
    "CHAT_RESTRICTED",
    "CHAT_SEND_PLAIN_FORBIDDEN",
    "CHAT_ADMIN_REQUIRED",
    "CHANNEL_PRIVATE",
    "TOPIC_CLOSED",
    "TOPIC_DELETED",
    "TOPIC_ID_INVALID",
    "PEER_ID_INVALID",
    "USER_IS_BLOCKED",
    "message to be replied not found",
    "message to reply not found",
    "replied message not found",
    "message thread not found",
    "message to edit not found",
    "message can't be edited",
    "MESSAGE_ID_INVALID",
    "chat not found",
    "user not found",
    "user is deactivated",
    "group chat was deactivated",
    "group chat was upgraded to a supergroup chat",
]
OUR_OWN = [
    "message is too long",
    "message text is empty",
    'can\'t parse entities: Unsupported start tag "x" at byte offset 0',
    "BUTTON_DATA_INVALID",
    "wrong file identifier/HTTP URL specified",
    "can't parse inline keyboard button: Text buttons are unallowed",
    "PHOTO_INVALID_DIMENSIONS",
    "ENTITY_BOUNDS_INVALID",
    "MESSAGE_TOO_LONG",
    "MESSAGE_EMPTY",
    "object expected as reply markup",
]


def records(log: str, level: str) -> list[str]:
    return [line for line in log.splitlines() if f" {level} " in line]


@pytest.mark.parametrize("description", [*BY_CHAT, *OUR_OWN])
def test_what_a_chat_refuses_is_told_from_what_is_wrong_with_an_answer(description: str) -> None:
    method = SendMessage(chat_id=1, text="hello")
    error = TelegramBadRequest(method=method, message=f"Bad Request: {description}")

    assert is_not_taken(error) == (description in BY_CHAT)


@pytest.mark.parametrize(
    "answer",
    [
        faults.refuses(400, "Bad Request: not enough rights to send text messages to the chat"),
        faults.refuses(400, "Bad Request: TOPIC_CLOSED"),
        faults.refuses(403, "Forbidden: bot was kicked from the supergroup chat"),
    ],
    ids=["no rights", "topic closed", "kicked"],
)
async def test_a_command_in_a_group_that_takes_no_answer_is_one_warning(
    sandbox: Sandbox, database: Path, answer: faults.Answer, capsys: pytest.CaptureFixture[str]
) -> None:
    person, group = sandbox.person(), sandbox.group()
    async with running_bot(sandbox, database):
        capsys.readouterr()  # what a start says
        sandbox.plan("sendMessage", answer, times=None)
        await person.says("/privacy", chat=group)
        await sandbox.called("sendMessage")
    log = capsys.readouterr().err

    assert len(await sandbox.called("sendMessage")) == 1
    assert len(records(log, "WARNING")) == 1
    assert records(log, "ERROR") == []
    assert "    at " not in log


async def test_a_fault_of_our_own_is_one_error_also_where_nobody_can_be_told(
    sandbox: Sandbox, database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    person, group = sandbox.person(), sandbox.group()
    async with running_bot(sandbox, database):
        sandbox.plan("sendMessage", faults.refuses(400, "Bad Request: MESSAGE_TOO_LONG"))
        sandbox.plan("sendMessage", faults.refuses(400, "Bad Request: CHAT_WRITE_FORBIDDEN"))
        await person.says("/privacy", chat=group)
        await sandbox.called("sendMessage", 2)
    log = capsys.readouterr().err

    [line] = records(log, "ERROR")
    assert "TelegramBadRequest in own_router.py:" in line


async def test_a_group_that_became_a_supergroup_is_answered_there(
    sandbox: Sandbox, database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    person, group, supergroup = sandbox.person(), sandbox.group(), sandbox.group()
    moved = faults.refuses(
        400,
        "Bad Request: group chat was upgraded to a supergroup chat",
        migrate_to_chat_id=supergroup.facts["id"],
    )
    async with running_bot(sandbox, database):
        capsys.readouterr()  # what a start says
        sandbox.plan("sendMessage", moved)
        await person.says("/privacy", chat=group, topic=7)
        answer = await person.answer(chat=supergroup)
        # Telegram may send it round in circles.
        again = sandbox.plan("sendMessage", moved, times=2)
        await person.says("/privacy", chat=group)
        await sandbox.called("sendMessage", 4)
    log = capsys.readouterr().err

    assert answer.text == rights.IN_A_GROUP
    assert not {"message_thread_id", "reply_to_message"} & set(answer.message)
    assert again.times == 0
    assert len(records(log, "WARNING")) == 1
    assert records(log, "ERROR") == []


async def test_a_message_that_was_deleted_meanwhile_is_answered_all_the_same(
    sandbox: Sandbox, database: Path
) -> None:
    person, group = sandbox.person(), sandbox.group()
    await person.says("/privacy", chat=group)
    group.chat.messages.clear()
    async with running_bot(sandbox, database):
        answer = await person.answer(chat=group)

    assert answer.text == rights.IN_A_GROUP


@pytest.mark.parametrize(
    ("text", "told"),
    [
        *((f"/{right}", rights.IN_A_GROUP) for right in ("mydata", "forgetme", "optout")),
        *((f"/{right}@sandbox_bot", rights.IN_A_GROUP) for right in ("privacy", "optin")),
        *((f"/{command}@sandbox_bot", texts.HELP_IN_A_GROUP) for command in ("help", "start")),
    ],
)
async def test_a_group_is_told_once_where_to_ask(
    sandbox: Sandbox, database: Path, text: str, told: str
) -> None:
    person, group = sandbox.person(), sandbox.group()
    async with running_bot(sandbox, database):
        # What may be meant for another bot, and what is meant for one, is not answered.
        await person.says("/help", chat=group)
        await person.says("/mydata@another_bot", chat=group)
        await person.says(text, chat=group)
        answer = await person.answer(chat=group)
        await sandbox.settled()
    [[button]] = answer.message["reply_markup"]["inline_keyboard"]

    assert answer.text == told
    assert button["url"].startswith("https://t.me/sandbox_bot")
    assert [line.who for line in group.chat.transcript].count("bot") == 1
