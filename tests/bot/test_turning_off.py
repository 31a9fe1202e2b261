"""Each admin turns off what they do not want to be told, for themselves, and on again."""

import itertools
from typing import Any

import pytest

from analytics.telegram.alerts.messages import Kind, Turn
from tests.support.conversation import ask, click, message_for
from tests.support.hours import ADMIN, OTHER, Hours

OFF, ON = "🔕 Mute", "🔔 Unmute"
SILENCE = "No updates since"


def button(message: dict[str, Any]) -> list[dict[str, str]]:
    return [button for row in message["reply_markup"]["inline_keyboard"] for button in row]


async def test_what_is_turned_off_is_told_to_the_others_and_again_when_turned_on(
    hours: Hours,
) -> None:
    admin = hours.admin
    async with hours.bot(digest="off"):
        await hours.passing(49)
        line = await admin.answer()
        await admin.clicks(OFF)
        await admin.toast()
        turned_off = await admin.sees_edit()
    kept = hours.turned_off()
    hours.told(hours.other)
    async with hours.bot(digest="off"):
        await hours.somebody_writes()
        while_off, to_other = await hours.passing(49), hours.told(hours.other)
        await admin.clicks(ON)
        await admin.toast()
        turned_on = await admin.sees_edit()
        await hours.somebody_writes()
        while_on = await hours.passing(49)

    assert line.buttons == ((OFF,),)
    assert (turned_off.text, turned_off.buttons) == (line.text, ((ON,),))
    assert kept == [(ADMIN, "silence")]
    assert while_off == []
    assert SILENCE in to_other[0]
    assert (turned_on.text, turned_on.buttons) == (line.text, ((OFF,),))
    assert SILENCE in while_on[0]
    assert hours.turned_off() == []


async def test_a_digest_that_is_turned_off_is_not_sent_and_not_made_up_for(hours: Hours) -> None:
    async with hours.bot(silence_alert_hours=0):
        for each in (hours.admin, hours.other):
            await message_for(each, "/alerts")
            await each.clicks("🔕 Mute: Digest")
            await each.sees_edit()
        hours.told()
        monday = await hours.passing(7 * 24)
        await hours.admin.clicks("🔔 Unmute: Digest")
        await hours.admin.sees_edit()
        tuesday = await hours.passing(1)
        await hours.passing(2 * 24)
        await hours.somebody_writes()
        next_monday = await hours.passing(5 * 24)

    assert (monday, tuesday) == ([], [])
    assert [text.partition("\n")[0] for text in next_monday] == [
        "📬 The last 7 days",
        "[photo] Interactions and active users, 7 days",
    ]


async def test_the_list_shows_every_kind_and_changes_in_place(hours: Hours) -> None:
    admin = hours.admin
    async with hours.bot():
        shown = await message_for(admin, "/alerts")
        seen = []
        for label in [each["text"] for each in button(shown)]:
            await admin.clicks(label)
            await admin.toast()
            seen.append((await admin.sees_edit()).message)
        off = hours.turned_off()
        for label in [each["text"] for each in button(seen[-1])]:
            await admin.clicks(label)
            seen.append((await admin.sees_edit()).message)

    assert len(button(shown)) == len(Kind)
    assert {message["message_id"] for message in seen} == {shown["message_id"]}
    assert [message["text"].count("(muted)") for message in seen] == [
        *range(1, len(Kind) + 1),
        *reversed(range(len(Kind))),
    ]
    assert off == sorted((ADMIN, kind.value) for kind in Kind)
    assert hours.turned_off() == []


async def test_what_the_settings_turn_off_is_said_and_has_no_button(hours: Hours) -> None:
    async with hours.bot(digest="off", silence_alert_hours=0):
        shown = await message_for(hours.admin, "/alerts")

    assert "off in the settings (DIGEST=off)" in shown["text"]
    assert "off in the settings (SILENCE_ALERT_HOURS=0)" in shown["text"]
    assert len(button(shown)) == len(Kind) - 2


async def test_a_click_twice_is_no_error_and_one_on_a_message_that_is_gone_is_answered(
    hours: Hours, capsys: pytest.CaptureFixture[str]
) -> None:
    admin = hours.admin
    async with hours.bot():
        shown = await message_for(admin, "/alerts")
        data = button(shown)[0]["callback_data"]
        await admin.clicks(data)
        await admin.sees_edit()
        await hours.sandbox.inject(click(admin, shown, data))
        gone = {**shown, "message_id": 999}
        await hours.sandbox.inject(click(admin, gone, data))
        again = (await admin.answer()).message
        await message_for(admin, "/help")

    assert [line.event for line in admin.transcript if line.who == "bot"] == [
        *("message", "toast", "edit", "message", "message")
    ]
    assert "(muted)" in again["text"]
    assert len(button(again)) == len(Kind)
    assert "ERROR" not in capsys.readouterr().err
    assert hours.turned_off() == [(ADMIN, "digest")]


async def test_a_stranger_gets_what_an_unknown_command_and_an_unknown_button_get(
    hours: Hours,
) -> None:
    stranger, group = hours.sandbox.person(), hours.sandbox.group()
    async with hours.bot():
        shown = await message_for(hours.admin, "/alerts")
        to_stranger = await message_for(stranger, "/alerts")
        unknown = await message_for(stranger, "/nobody_made_this")
        for each in (hours.admin, stranger):
            await each.says("/alerts", chat=group)
        before = len(stranger.transcript)
        # Those that turn off come last.
        for on, listed, kind in itertools.product((True, False), (True, False), Kind):
            data = Turn(kind=kind, on=on, listed=listed).pack()
            await hours.sandbox.inject(click(stranger, shown, data))
        start = Turn.__prefix__
        for malformed in ("silence:0", "everything:0:0", "silence:maybe:0", "silence:0:0:0", ""):
            await hours.sandbox.inject(click(hours.admin, shown, f"{start}:{malformed}"))
        await message_for(stranger, "/help")
        await hours.sandbox.settled()
        said = [line for line in stranger.transcript[before:] if line.who == "bot"]

    same = ("text", "entities", "reply_markup")
    assert [to_stranger.get(part) for part in same] == [unknown.get(part) for part in same]
    assert len(said) == 1
    assert not [line for line in group.chat.transcript if line.who == "bot"]
    assert [line for line in hours.admin.transcript if line.event == "edit"] == []
    assert hours.turned_off() == []
    assert "alerts" in hours.sandbox.menu(hours.admin)
    assert "alerts" not in hours.sandbox.menu(stranger)


@pytest.mark.usefixtures("impatient")
async def test_what_is_turned_off_while_the_database_fails_is_off_at_once(hours: Hours) -> None:
    async with hours.bot(digest="off"):
        with hours.locked():
            await hours.somebody_writes()
            await hours.admin.answer()
            await hours.admin.clicks(OFF)
            await hours.admin.sees_edit()
            hours.told()
            while_it_fails = await hours.passing(24)
        while not hours.turned_off():
            await hours.somebody_writes()

    assert while_it_fails == []
    assert hours.turned_off() == [(ADMIN, "recording")]


async def test_who_is_no_admin_any_more_is_forgotten(hours: Hours) -> None:
    async with hours.bot():
        for each in (hours.admin, hours.other):
            await message_for(each, "/alerts")
            await each.clicks("🔕 Mute: No updates")
            await each.sees_edit()
    before = hours.turned_off()
    async with hours.bot(admin_ids={OTHER}):
        await message_for(hours.other, "/help")

    assert before == [(ADMIN, "silence"), (OTHER, "silence")]
    assert hours.turned_off() == [(OTHER, "silence")]


async def test_what_an_admin_turned_off_is_in_their_data(hours: Hours) -> None:
    async with hours.bot():
        await message_for(hours.admin, "/alerts")
        await hours.admin.clicks("🔕 Mute: Cleanup overdue")
        await hours.admin.sees_edit()
        await ask(hours.admin, "/mydata")
        [call] = await hours.sandbox.called("sendDocument")
    file = call.file("document")

    assert file is not None
    assert b'"turned_off": [\n    "cleanup"\n  ]' in file.content
