"""What people see when they ask for what is theirs, over HTTP, as they would."""

import json
import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from analytics.telegram.buttons import Confirm, Irreversible
from analytics.telegram.confirmations import VALID_FOR
from analytics.telegram.texts import privacy, rights
from bot.sandbox import Sandbox
from tests.support.conversation import ask, click, message_for, message_with_buttons, tap
from tests.support.recount import inconsistencies
from tests.support.running import running_bot
from tests.support.second_connection import locked, select
from tests.support.stored import stored
from tests.support.webhooks import webhook_settings

ADMIN = 6_000_000_001
OWNER = 6_000_000_002


async def test_privacy_shows_the_newest_row_of_who_asks(sandbox: Sandbox, database: Path) -> None:
    other, person = sandbox.person(), sandbox.person()
    async with running_bot(sandbox, database, operator_contact="Somebody <nobody@example.org>"):
        await ask(other, "good morning")
        await ask(person, "/help")
        answer = await ask(person, "/privacy")

    assert "like your newest:\nwho   a random number\nwhat  command\nwhen  " in answer
    assert "Somebody <nobody@example.org>" in answer


async def test_all_details_of_the_policy_are_behind_a_button_and_back(
    sandbox: Sandbox, database: Path
) -> None:
    """The clicks are not recorded: they are about one's own data."""
    person = sandbox.person()
    async with running_bot(sandbox, database):
        await ask(person, "good morning")
        await person.says("/privacy")
        first = await person.answer()
        await person.clicks(privacy.ALL_DETAILS)
        details = await person.sees_edit()
        await person.clicks(f"« {privacy.BACK}")
        back = await person.sees_edit()
        rows = stored(database)

    labels = (rights.MY_DATA, rights.ERASE, rights.OPT_OUT, privacy.ALL_DETAILS)
    assert first.buttons == tuple((label,) for label in labels)
    assert "interaction_type: what it was" in details.text
    assert details.buttons == ((f"« {privacy.BACK}",),)
    assert (back.text, back.buttons) == (first.text, first.buttons)
    assert details.message["message_id"] == back.message["message_id"]
    assert rows == [(1, "message")]


async def test_privacy_in_a_group_leads_to_the_private_chat(
    sandbox: Sandbox, database: Path
) -> None:
    person, group = sandbox.person(), sandbox.group()
    async with running_bot(sandbox, database, admin_ids=str(ADMIN)):
        for each in (person, sandbox.person(ADMIN)):
            await each.says("/privacy", chat=group)
            answer = await each.answer(chat=group)
            [[button]] = answer.message["reply_markup"]["inline_keyboard"]
            followed = await ask(each, f"/start {button['url'].partition('?start=')[2]}")

            assert button["url"].startswith("https://t.me/sandbox_bot?start=")
            assert "user_id" not in answer.message["text"]
            assert followed.startswith("🔒 What is stored about you")


async def test_my_data_hands_over_all_of_one_and_nothing_of_another(
    sandbox: Sandbox, database: Path
) -> None:
    other, person = sandbox.person(), sandbox.person()
    async with running_bot(sandbox, database):
        for _ in range(5):
            await ask(other, "good morning")
        await ask(person, "good morning")
        await ask(person, "/help")
        summary = await ask(person, "/mydata")
        await person.answer()
        [call] = await sandbox.called("sendDocument")

    file = call.file("document")
    assert file is not None
    held = json.loads(file.content)
    assert "commands  " in summary
    assert "messages  " in summary
    assert file.name == "my-data.json"
    assert [(row["interaction_type"], row["count"]) for row in held["interactions"]] == [
        ("command", 1),
        ("message", 1),
    ]
    # Two accounts of one person would tell by it how many people came between.
    assert b"user_id" not in file.content
    assert set(held["interactions"][0]) <= set(held["about"])


async def test_forget_me_erases_all_of_one_and_nothing_of_another(
    sandbox: Sandbox, database: Path
) -> None:
    other, person = sandbox.person(), sandbox.person()
    async with running_bot(sandbox, database):
        await ask(other, "good morning")
        await ask(person, "good morning")
        before = await ask(person, "/forgetme")
        still_there = stored(database)
        after = await tap(person, rights.CONFIRM)
        await sandbox.settled()
        rows = stored(database)

    assert "cannot be undone" in before
    assert still_there == [(1, "message"), (2, "message")]
    # The command and the click are recorded nowhere.
    assert after.startswith("Erased from the database: 1 interaction,")
    assert "Anonymous totals stay." in after
    assert "Backups" not in after
    assert rows == [(1, "message")]
    assert inconsistencies(database) == []


async def test_where_there_are_backups_people_are_told(sandbox: Sandbox, database: Path) -> None:
    person = sandbox.person()
    async with running_bot(sandbox, database):
        before = await ask(person, "/privacy")
        with closing(sqlite3.connect(database)) as connection, connection:
            now = int(datetime.now(UTC).timestamp())
            connection.execute("INSERT INTO file_settings VALUES ('last_backup', ?)", (now,))
        policy = await ask(person, "/privacy")
        await ask(person, "/forgetme")
        erased = await tap(person, rights.CONFIRM)
        summary = await ask(person, "/mydata")

    may_hold = "Backups keep deleted data for up to 90 more days."
    assert "Backups" not in before
    assert may_hold in policy
    assert may_hold in erased
    assert "If one is restored, your data is erased again." in erased
    assert "You erased your data on" in summary


async def test_a_forged_button_erases_nothing(database: Path) -> None:
    now = datetime.now(UTC)
    async with Sandbox(clock=lambda: now) as sandbox:
        thief, person = sandbox.person(), sandbox.person()
        async with running_bot(sandbox, database, lambda: now):
            for each in (thief, person):
                await ask(each, "good morning")
                await ask(each, "/forgetme")
            of_thief = thief.transcript[-1].message["reply_markup"]["inline_keyboard"][0][0]
            of_person = person.transcript[-1].message["reply_markup"]["inline_keyboard"][0][0]
            signed, last = of_thief["callback_data"][:-1], of_thief["callback_data"][-1]
            forged = [
                of_person["callback_data"],  # another person's
                signed + ("1" if last == "0" else "0"),
                of_thief["callback_data"] + "0",
                Confirm(action=Irreversible.ERASE, subject="", issued=1, signature="1").pack(),
                Confirm(
                    action=Irreversible.ERASE, subject="", issued=1, signature="\N{SNOWMAN}"
                ).pack(),
            ]
            answers = []
            for data in forged:
                await sandbox.inject(click(thief, message_with_buttons(thief), data))
                answers.append((await thief.answer()).message["text"])
            now += VALID_FOR + timedelta(seconds=1)
            await sandbox.inject(
                click(thief, message_with_buttons(thief), of_thief["callback_data"])
            )
            late = (await thief.answer()).message["text"]
            rows = stored(database)

    assert set(answers) | {late} == {rights.TOO_OLD}
    assert rows == [(1, "message"), (2, "message")]


@pytest.mark.parametrize("webhook", [False, True], ids=["polling", "webhook"])
async def test_who_opts_out_is_not_recorded_from_the_next_update_on(
    sandbox: Sandbox, database: Path, webhook: bool
) -> None:
    settings = webhook_settings(webhook=webhook)
    person = sandbox.person()
    # All of it waits for the bot: it comes in one batch.
    for text in ("good morning", "/optout", "not counted", "/not_counted", "/optin", "counted"):
        await person.says(text)
    async with running_bot(sandbox, database, **settings):
        for _ in range(6):
            await person.answer()
        await sandbox.settled()
        in_one_batch = stored(database)
        await ask(person, "/optout")
        await ask(person, "not counted")
    async with running_bot(sandbox, database, **settings):
        await ask(person, "not counted either")
        await person.clicks(rights.SEE_PRIVACY)
        policy = str((await person.answer()).message["text"])
        again = await ask(person, "/optin")
        await ask(person, "/help")

    assert in_one_batch == [(1, "message")]
    counts = select(
        database, "SELECT interaction_type, sum(count) FROM user_interactions GROUP BY 1"
    )
    [(remembered,)] = select(database, "SELECT count(*) FROM remembered_updates")
    # good morning, counted; /help.
    assert dict(counts) == {"command": 1, "message": 2}
    # Whoever sent it, and whatever was asked for: none of it has effect again.
    assert remembered == 12
    assert "your newest:" in policy
    assert "counted again" in again


async def test_erasing_keeps_an_opt_out(sandbox: Sandbox, database: Path) -> None:
    person = sandbox.person()
    async with running_bot(sandbox, database):
        await ask(person, "good morning")
        offered = await ask(person, "/optout")
        await tap(person, rights.ERASE)
        erased = await tap(person, rights.CONFIRM)
        await ask(person, "good morning")
        policy = await ask(person, "/privacy")
        rows = stored(database)

    assert "erase it now" in offered
    assert erased.startswith("Erased from the database: 1 interaction,")
    assert "You have opted out" in policy
    assert rows == []


async def test_while_the_database_is_locked_wishes_are_answered_and_kept(
    sandbox: Sandbox, database: Path
) -> None:
    person = sandbox.person()
    async with running_bot(sandbox, database):
        await ask(person, "good morning")
        with locked(database):
            await ask(person, "/forgetme")
            refused = await tap(person, rights.CONFIRM)
            kept = await ask(person, "/optout")
        await ask(person, "waits behind the opt-out")
    rows = stored(database)

    assert refused == rights.NOT_NOW
    assert "Your choice is kept" in kept
    # Erased in its turn, once the file could be written.
    assert rows == []
    [(opted_out,)] = select(database, "SELECT count(*) FROM opt_outs")
    assert opted_out == 1


@pytest.mark.parametrize("erases", [False, True])
async def test_who_blocks_the_bot_is_counted_and_erased_if_that_is_set(
    sandbox: Sandbox, database: Path, erases: bool
) -> None:
    other, person = sandbox.person(), sandbox.person()
    async with running_bot(sandbox, database, erase_when_blocked=erases):
        await ask(person, "good morning")
        await person.blocks_bot()
        await ask(other, "good morning")
        await sandbox.settled()
    rows = stored(database)

    of_person = [] if erases else [(2, "message"), (2, "my_chat_member")]
    assert rows == [(1, "message"), *of_person]


async def test_an_admin_who_erases_is_told_what_stays_in_the_audit_log(
    sandbox: Sandbox, database: Path
) -> None:
    admin, person = sandbox.person(ADMIN), sandbox.person()
    answers = {}
    async with running_bot(sandbox, database, admin_ids=str(ADMIN)):
        await ask(admin, "/stats")
        await ask(admin, "/alerts")
        await admin.clicks("🔕 Mute: Digest")
        await admin.sees_edit()
        for each in (person, admin):
            await ask(each, "/forgetme")
            answers[each] = await tap(each, rights.CONFIRM)
        alerts = await ask(admin, "/alerts")
        summary = await ask(admin, "/mydata")
        await admin.answer()
    async with running_bot(sandbox, database):  # a former admin
        await ask(admin, "/forgetme")
        former = await tap(admin, rights.CONFIRM)

    for told in (answers[admin], former):
        assert "stays in the audit log until its retention ends (90 days)" in told
        assert "under a pseudonym, not your Telegram ID" in told
    assert "audit log" not in answers[person]
    assert "(muted)" not in alerts
    assert "Entries in the audit log, as an admin: 1" in summary


async def test_the_audit_log_cannot_be_passed_on_and_reports_are_noted(
    sandbox: Sandbox, database: Path
) -> None:
    admin, owner = sandbox.person(ADMIN), sandbox.person(OWNER)
    ids: dict[str, Any] = {"admin_ids": f"{ADMIN},{OWNER}", "owner_ids": str(OWNER)}
    async with running_bot(sandbox, database, **ids):
        report = await message_for(admin, "/stats")
        to_admin = await ask(admin, "/audit")
        unknown = await ask(admin, "/nobody_made_this")
        await owner.says("/audit")
        audit_log = await owner.answer()
        to_owner = audit_log.text
        again = await ask(owner, "/audit")
        await ask(owner, "/start")
        await ask(admin, "/start")

    assert "has_protected_content" not in report
    assert audit_log.message["has_protected_content"] is True
    assert to_admin == unknown
    assert str(ADMIN) in to_owner
    assert "statistics" in to_owner
    assert again.count("· audit log") == 1
    assert "audit" in sandbox.menu(owner)
    assert "audit" not in sandbox.menu(admin)


async def test_a_report_of_complete_intervals_does_not_change_within_one(database: Path) -> None:
    now = datetime(2026, 6, 1, 12, 30, tzinfo=UTC)
    async with Sandbox(clock=lambda: now) as sandbox:
        admin = sandbox.person(ADMIN)
        settings = {"admin_ids": str(ADMIN), "report_interval": 60}
        async with running_bot(sandbox, database, lambda: now, **settings):
            first = await ask(admin, "/stats")
            await ask(sandbox.person(), "good morning")
            second = await ask(admin, "/stats")
            now += timedelta(hours=1)
            await ask(sandbox.person(), "good morning")
            third = await ask(admin, "/stats")

    assert "as of Jun 1, 2026, 12:00 UTC" in first
    assert second == first
    assert "as of Jun 1, 2026, 13:00 UTC" in third
    assert re.search(r"Interactions +3\b", third)
