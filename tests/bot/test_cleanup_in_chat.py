"""`/cleanup` in the chat: who sees what, what deletes, and what does not."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from analytics import AnalyticsService, Interaction, InteractionType
from analytics.key_files import key_file, read_key
from analytics.privacy import retention
from analytics.pseudonyms import Pseudonyms
from analytics.telegram.admin import cleanup as admin_cleanup
from analytics.telegram.buttons import Confirm, Irreversible
from analytics.telegram.command_table import ADMIN_COMMANDS
from analytics.telegram.confirmations import CANCEL, VALID_FOR
from analytics.telegram.progress import SECONDS_BETWEEN, Progress
from analytics.telegram.texts import cleanup
from bot.sandbox import Person, Sandbox
from bot.sandbox.faults import floods, hangs
from tests.support.clock import Clock
from tests.support.conversation import click, message_for
from tests.support.recount import inconsistencies
from tests.support.running import running_bot
from tests.support.second_connection import locked, select

ADMIN, OWNER, ANOTHER_OWNER = 6_000_000_001, 6_000_000_002, 6_000_000_003
SETTINGS: dict[str, Any] = {
    "admin_ids": f"{ADMIN},{OWNER},{ANOTHER_OWNER}",
    "owner_ids": f"{OWNER},{ANOTHER_OWNER}",
    # The scheduled cleanup has nothing to do.
    "retention_days": 365,
}
MANY = 300


@pytest.fixture
async def database(tmp_path: Path, clock: Clock) -> Path:
    """With two interactions of 40 days ago, one of 100 days ago, and one of today."""
    path = tmp_path / "data" / "analytics.sqlite3"
    await record(path, clock, *(timedelta(days=days, seconds=1) for days in (100, 40, 40, 0)))
    return path


@pytest.fixture
async def many(database: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> int:
    """So many older than 200 days, each deleted in a step of its own."""
    monkeypatch.setattr(retention, "STEP", 1)
    await record(database, clock, *(timedelta(days=201, hours=hours) for hours in range(MANY)))
    return MANY


async def record(path: Path, clock: Clock, *ago: timedelta) -> None:
    async with AnalyticsService.open(path, clock=clock, timestamp_precision=1) as analytics:
        await analytics.record(
            [Interaction(6_000_000_009, InteractionType.MESSAGE, clock.now - each) for each in ago]
        )


def left(database: Path) -> int:
    """Messages, since what admins send here are commands and clicks."""
    [(number,)] = select(
        database, "SELECT total(count) FROM user_interactions WHERE interaction_type = 'message'"
    )
    return int(number)


def noted(database: Path) -> list[int]:
    """Who cleaned up."""
    key = read_key(key_file(database))
    assert key
    named = {Pseudonyms(key).admin(each): each for each in (ADMIN, OWNER, ANOTHER_OWNER)}
    rows = select(database, "SELECT admin_id FROM audit_trail WHERE action = 'cleanup'")
    return [named[admin] for (admin,) in rows]


def is_compaction_due(database: Path) -> bool:
    [(due,)] = select(database, "SELECT count(*) FROM file_settings WHERE name = 'compaction_due'")
    return bool(due)


def buttons(message: dict[str, Any]) -> list[dict[str, Any]]:
    keyboard = message.get("reply_markup", {}).get("inline_keyboard", [])
    return [button for row in keyboard for button in row]


async def confirm(person: Person) -> None:
    await person.clicks(cleanup.CONFIRM)
    await person.toast()


async def end(person: Person) -> str:
    """The last state of the message that was clicked on."""
    while True:
        line = await person.sees_edit(within=60)
        assert line.buttons == ()
        if "Deleting" not in line.text:
            return line.text


async def test_an_owner_sees_the_number_confirms_and_is_told(
    sandbox: Sandbox, database: Path, clock: Clock
) -> None:
    owner = sandbox.person(OWNER)
    async with running_bot(sandbox, database, clock, **SETTINGS):
        shown = await message_for(owner, "/cleanup 30")
        before = left(database)
        await confirm(owner)
        told = await end(owner)
        after, who = left(database), noted(database)

    assert "3 interactions older than 30 days" in shown["text"]
    assert [button["text"] for button in buttons(shown)] == [cleanup.CONFIRM, CANCEL]
    assert (before, after) == (4, 1)
    assert told == (
        "✅ Deleted: 3 interactions older than 30 days. "
        "They are gone from the disk, too, except from backups."
    )
    assert who == [OWNER]
    assert inconsistencies(database) == []


async def test_without_days_it_is_about_the_retention(
    sandbox: Sandbox, database: Path, clock: Clock
) -> None:
    owner = sandbox.person(OWNER)
    async with running_bot(sandbox, database, clock, **SETTINGS | {"retention_days": 3650}):
        shown = await message_for(owner, "/cleanup")

    assert shown["text"] == "There are no interactions older than 3,650 days."
    assert buttons(shown) == []


@pytest.mark.parametrize("days", ["0", "3651", "9999", "abc", "-1", "1_0", "30 days", "9" * 4080])
async def test_wrong_days_are_one_sentence(
    sandbox: Sandbox, database: Path, days: str, clock: Clock
) -> None:
    owner = sandbox.person(OWNER)
    async with running_bot(sandbox, database, clock, **SETTINGS):
        shown = await message_for(owner, f"/cleanup {days}")

    assert shown["text"].startswith("Give a whole number of days from 1 to 3650")
    assert buttons(shown) == []


async def test_admins_see_the_number_and_others_an_unknown_command(
    sandbox: Sandbox, database: Path, clock: Clock
) -> None:
    admin, owner, stranger = sandbox.person(ADMIN), sandbox.person(OWNER), sandbox.person()
    group = sandbox.group()
    async with running_bot(sandbox, database, clock, **SETTINGS):
        to_admin = await message_for(admin, "/cleanup 30")
        for each in (admin, owner, stranger):
            await each.says("/cleanup 30", chat=group)
        to_stranger = await message_for(stranger, "/cleanup 30")
        unknown = await message_for(stranger, "/nobody_made_this")
        helps = [(await message_for(each, "/help"))["text"] for each in (owner, admin, stranger)]
        await message_for(owner, "/start")
        await message_for(admin, "/start")
        await sandbox.settled()

    assert to_admin["text"] == "Due for deletion: 3 interactions older than 30 days"
    assert buttons(to_admin) == []
    same = ("text", "entities", "reply_markup")
    assert [to_stranger.get(part) for part in same] == [unknown.get(part) for part in same]
    assert not [line for line in group.chat.transcript if line.who == "bot"]
    of_admins, of_owners = (each.purpose for each in ADMIN_COMMANDS if each.name == "cleanup")
    assert [of_owners in text for text in helps] == [True, False, False]
    assert [of_admins in text for text in helps] == [False, True, False]
    assert ["cleanup" in sandbox.menu(each) for each in (owner, admin, stranger)] == [
        True,
        True,
        False,
    ]


FORGED = (-1, 0, 30, 10**9)


async def test_a_forged_or_old_button_deletes_nothing(
    sandbox: Sandbox, database: Path, clock: Clock
) -> None:
    owner, other = sandbox.person(OWNER), sandbox.person(ANOTHER_OWNER)
    admin, stranger = sandbox.person(ADMIN), sandbox.person()
    async with running_bot(sandbox, database, clock, **SETTINGS):
        message = await message_for(owner, "/cleanup 100")
        await message_for(other, "/help")
        button, _ = buttons(message)
        data = button["callback_data"]
        forged = [
            data.replace("100", "30", 1),
            data[:-1] + ("1" if data[-1] == "0" else "0"),
            data + "0",
            *(
                Confirm(
                    action=Irreversible.DELETE, subject=str(each), issued=1, signature="1"
                ).pack()
                for each in FORGED
            ),
        ]
        answers = []
        for each in forged:
            await sandbox.inject(click(owner, message, each))
            answers.append((await owner.answer()).text)
        await sandbox.inject(click(other, message, data))
        answers.append((await other.answer()).text)
        for nobody in (admin, stranger):
            await sandbox.inject(click(nobody, message, data))
            # Only this is answered.
            assert "What you can do here" in (await message_for(nobody, "/help"))["text"]
        clock.now += VALID_FOR + timedelta(seconds=1)
        await sandbox.inject(click(owner, message, data))
        answers.append((await owner.answer()).text)
        after, who = left(database), noted(database)

    assert set(answers) == {cleanup.TOO_OLD}
    assert (after, who) == (4, [])


async def test_a_button_deletes_once(sandbox: Sandbox, database: Path, clock: Clock) -> None:
    """What gets older than so many days afterwards stays, while the button would be good."""
    await record(database, clock, timedelta(days=30, minutes=-2))
    owner = sandbox.person(OWNER)
    async with running_bot(sandbox, database, clock, **SETTINGS):
        message = await message_for(owner, "/cleanup 30")
        button, _ = buttons(message)
        await confirm(owner)
        await end(owner)
        clock.now += timedelta(minutes=4)
        await sandbox.inject(click(owner, message, button["callback_data"]))
        again = (await owner.answer()).text
        after, who = left(database), noted(database)

    assert again == cleanup.TOO_OLD
    assert (after, who) == (2, [OWNER])


async def test_a_button_of_before_a_restart_deletes_nothing(
    sandbox: Sandbox, database: Path, clock: Clock
) -> None:
    """Whether it was used is not known any more."""
    owner = sandbox.person(OWNER)
    async with running_bot(sandbox, database, clock, **SETTINGS):
        await message_for(owner, "/cleanup 30")
    clock.now += timedelta(seconds=3)
    async with running_bot(sandbox, database, clock, **SETTINGS):
        await confirm(owner)
        told = (await owner.answer()).text

    assert told == cleanup.TOO_OLD
    assert left(database) == 4


async def test_progress_is_shown_as_often_as_telegram_takes_it(
    sandbox: Sandbox, database: Path, many: int, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    owner = sandbox.person(OWNER)
    shown: dict[float, list[str]] = {}
    # By the first clock a step takes a thousandth of the pause between two edits, then a whole one.
    for step in (SECONDS_BETWEEN / 1000, SECONDS_BETWEEN):
        ticking = partial(next, count(1.0, step))
        monkeypatch.setattr(admin_cleanup, "Progress", partial(Progress, clock=ticking))
        async with running_bot(sandbox, database, clock, **SETTINGS):
            await message_for(owner, "/cleanup 200")
            before = len(owner.transcript)
            await confirm(owner)
            await end(owner)
        lines = owner.transcript[before:]
        shown[step] = [line.text for line in lines if line.event == "edit"]
        await record(database, clock, *(timedelta(days=201, hours=hours) for hours in range(many)))

    seldom, often = shown.values()
    assert [text.split(" of ")[0] for text in seldom[:-1]] == ["⏳ Deleting: 0"]
    assert len(often) > 3
    numbers = [int(text.split()[2]) for text in often[:-1]]
    assert numbers == sorted(set(numbers))
    assert seldom[-1] == often[-1]
    assert often[-1].startswith(f"✅ Deleted: {many} interactions")


async def test_a_slow_telegram_holds_up_no_cleanup_and_the_last_state_comes_last(
    sandbox: Sandbox, database: Path, many: int, clock: Clock
) -> None:
    owner, person = sandbox.person(OWNER), sandbox.person()
    async with running_bot(sandbox, database, clock, **SETTINGS):
        await message_for(owner, "/cleanup 200")
        slow = sandbox.plan("editMessageText", hangs())
        await confirm(owner)
        await sandbox.called("editMessageText")
        # Deleted, compacted, and then as long as an answer takes.
        while left(database) > 4 or is_compaction_due(database):
            await message_for(person, "/help")
        await message_for(person, "/help")
        edits = await sandbox.called("editMessageText")
        slow.lift()
        first, last = await owner.sees_edit(), await owner.sees_edit()

    assert len(edits) == 1
    assert first.text == f"⏳ Deleting: 0 of {many} interactions older than 200 days"
    assert last.text.startswith(f"✅ Deleted: {many} interactions")


async def test_an_edit_that_telegram_refuses_does_not_end_the_cleanup(
    sandbox: Sandbox, database: Path, clock: Clock
) -> None:
    owner = sandbox.person(OWNER)
    async with running_bot(sandbox, database, clock, **SETTINGS):
        await message_for(owner, "/cleanup 30")
        sandbox.plan("editMessageText", floods(3600))
        await confirm(owner)
        told = await end(owner)

    assert told.startswith("✅ Deleted: 3 interactions")


async def test_who_deletes_the_message_is_told_in_a_new_one(
    sandbox: Sandbox, database: Path, clock: Clock
) -> None:
    owner = sandbox.person(OWNER)
    async with running_bot(sandbox, database, clock, **SETTINGS):
        message = await message_for(owner, "/cleanup 30")
        button, _ = buttons(message)
        del sandbox.chat(OWNER).messages[message["message_id"]]
        await sandbox.inject(click(owner, message, button["callback_data"]))
        told = (await owner.answer()).text

    assert told.startswith("✅ Deleted: 3 interactions")


async def test_two_cleanups_follow_one_another(
    sandbox: Sandbox, database: Path, many: int, clock: Clock
) -> None:
    """Side by side each would delete a part."""
    owners = [sandbox.person(OWNER), sandbox.person(ANOTHER_OWNER)]
    async with running_bot(sandbox, database, clock, **SETTINGS):
        for owner in owners:
            await message_for(owner, "/cleanup 200")
        for owner in owners:
            await owner.clicks(cleanup.CONFIRM)
        told = await asyncio.gather(*map(end, owners))
        who = noted(database)

    assert sorted(int(text.split()[2]) for text in told) == [0, many]
    assert sorted(who) == [OWNER, ANOTHER_OWNER]
    assert inconsistencies(database) == []


async def test_others_are_answered_meanwhile(
    sandbox: Sandbox, database: Path, many: int, clock: Clock
) -> None:
    owner, person = sandbox.person(OWNER), sandbox.person()
    async with running_bot(sandbox, database, clock, **SETTINGS):
        await message_for(owner, "/cleanup 200")
        await confirm(owner)
        await owner.sees_edit()
        await message_for(person, "/help")
        still_there = left(database) - 4
        await end(owner)

    assert 0 < still_there <= many


async def test_while_another_program_reads_the_traces_leave_later(
    sandbox: Sandbox, database: Path, clock: Clock
) -> None:
    owner = sandbox.person(OWNER)
    async with running_bot(sandbox, database, clock, **SETTINGS):
        await message_for(owner, "/cleanup 30")
        with closing(sqlite3.connect(database, isolation_level=None)) as other:
            other.execute("BEGIN")
            other.execute("SELECT count(*) FROM users").fetchall()
            await confirm(owner)
            told = await end(owner)

    assert "3 interactions older than 30 days. They leave the disk by " in told


async def test_while_the_database_is_locked_it_says_that_it_stopped(
    sandbox: Sandbox, database: Path, clock: Clock
) -> None:
    owner = sandbox.person(OWNER)
    async with running_bot(sandbox, database, clock, **SETTINGS):
        await message_for(owner, "/cleanup 30")
        with locked(database):
            await confirm(owner)
            stopped = await end(owner)
        after = left(database)

    assert stopped.startswith("⚠️ Stopped by an error")
    assert "Deleted so far: 0 interactions older than 30 days" in stopped
    assert after == 4
