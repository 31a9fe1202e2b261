"""The whole bot over HTTP: recorded, answered, reported, cleaned up."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiogram.client.session.base import DEFAULT_TIMEOUT
from aiogram.types import Update

from analytics.telegram.texts import rights
from bot import texts
from bot.receiving import MAX_SILENCE
from bot.sandbox import Sandbox
from bot.sandbox.people import ANSWER_TIMEOUT
from tests.support.conversation import ask, message_for
from tests.support.running import running_bot, schedules
from tests.support.second_connection import select

ADMIN = 6_000_000_001


def recorded(database: Path) -> dict[str, int]:
    """Interactions by type, read as another program would."""
    return dict(
        select(database, "SELECT interaction_type, sum(count) FROM user_interactions GROUP BY 1")
    )


async def test_every_kind_of_update_is_asked_for(sandbox: Sandbox, database: Path) -> None:
    async with running_bot(sandbox, database):
        [call, *_] = await sandbox.called("getUpdates")

    assert set(call.structure("allowed_updates")) == set(Update.model_fields) - {"update_id"}


async def test_an_idle_bot_asks_for_updates_twice_a_minute(
    sandbox: Sandbox, database: Path
) -> None:
    async with running_bot(sandbox, database):
        [call, *_] = await sandbox.called("getUpdates")

    assert call.integer("timeout") == 30
    # The health check does not take a bot whose poll hangs until it is repeated for a dead one.
    assert 30 + DEFAULT_TIMEOUT < MAX_SILENCE


async def test_what_people_do_is_answered_and_recorded(sandbox: Sandbox, database: Path) -> None:
    person = sandbox.person()
    async with running_bot(sandbox, database):
        hello = await ask(person, "/start")
        friendly = await ask(person, "good morning")
        await person.clicks(rights.SEE_PRIVACY)
        await person.toast()
        policy = (await person.answer()).message["text"]
        unknown = await ask(person, "/nobody_made_this")

    assert "/privacy" in hello
    assert friendly == unknown
    assert "What is stored about you" in policy
    # The click asks about one's own data: it is recorded nowhere.
    assert recorded(database) == {"command": 2, "message": 1}


async def test_an_update_is_recorded_before_telegram_is_told_it_arrived(
    sandbox: Sandbox, database: Path
) -> None:
    """What a getUpdates acknowledges is in the file by then."""
    person = sandbox.person()
    async with running_bot(sandbox, database):
        update_id = await person.says("good morning")
        polls = await sandbox.called("getUpdates", 2)
        while polls[-1].parameters.get("offset") != str((update_id or 0) + 1):
            polls = await sandbox.called("getUpdates", len(polls) + 1)
        at_acknowledgement = recorded(database)

    assert at_acknowledgement == {"message": 1}


async def test_stats_tells_an_admin_what_was_recorded(sandbox: Sandbox, database: Path) -> None:
    people = [sandbox.person() for _ in range(3)]
    admin = sandbox.person(ADMIN)
    async with running_bot(sandbox, database, admin_ids=str(ADMIN)):
        for person in people:
            await ask(person, "good morning")
        answer = await ask(admin, "/stats")
        await admin.clicks("By type")
        by_type = (await admin.sees_edit()).text
        await admin.clicks("« Back")
        await admin.sees_edit()
        await admin.clicks("Details")
        details = (await admin.sees_edit()).text

    assert re.search(r"Interactions +4\n", answer)
    assert re.search(r"daily +4\n", answer)
    # The click is one, too.
    assert re.search(r"messages +3 +60% +█", by_type)
    assert re.search(r"commands +1 +20% +█", by_type)
    assert "Kept for: 90 days" in details
    assert "Next cleanup: " in details


async def test_stats_of_a_stranger_is_exactly_an_unknown_command(
    sandbox: Sandbox, database: Path
) -> None:
    admin, stranger = sandbox.person(ADMIN), sandbox.person()
    async with running_bot(sandbox, database, admin_ids=str(ADMIN)):
        await ask(admin, "/start")
        to_stats = await message_for(stranger, "/stats")
        to_unknown = await message_for(stranger, "/nobody_made_this")
        await ask(stranger, "/start")

    same = ("text", "entities", "reply_markup")
    assert [to_stats.get(part) for part in same] == [to_unknown.get(part) for part in same]
    assert "stats" in sandbox.menu(admin)
    assert "stats" not in sandbox.menu(stranger)


async def test_stats_in_a_group_answers_nothing_to_anyone(sandbox: Sandbox, database: Path) -> None:
    admin, stranger, group = sandbox.person(ADMIN), sandbox.person(), sandbox.group()
    async with running_bot(sandbox, database, admin_ids=str(ADMIN)):
        await admin.says("/stats", chat=group)
        await stranger.says("/stats", chat=group)
        # Answered after the two above, or, if these were answered, after their answers.
        await ask(stranger, "good morning")
        await sandbox.settled()

    sent = [call for call in sandbox.calls if call.method == "sendMessage"]
    assert [call.integer("chat_id") for call in sent] == [stranger.user["id"]]
    assert recorded(database) == {"command": 2, "message": 1}


async def test_an_admin_who_never_started_the_bot_gets_the_menu_on_start(
    sandbox: Sandbox, database: Path
) -> None:
    admin = sandbox.person(ADMIN)
    async with running_bot(sandbox, database, admin_ids=str(ADMIN)):
        before = sandbox.menu(admin)
        await ask(admin, "/start")
        after = sandbox.menu(admin)

    assert "stats" not in before
    assert "stats" in after


async def test_help_names_the_commands_of_the_one_who_asks(
    sandbox: Sandbox, database: Path
) -> None:
    admin, stranger = sandbox.person(ADMIN), sandbox.person()
    async with running_bot(sandbox, database, admin_ids=str(ADMIN)):
        assert "/stats" in await ask(admin, "/help")
        assert "/stats" not in await ask(stranger, "/help")


async def test_a_broken_update_stops_neither_the_others_nor_itself_for_ever(
    sandbox: Sandbox, database: Path
) -> None:
    person = sandbox.person()
    await sandbox.inject({"message": {"message_id": "broken"}})
    await sandbox.inject({"a_new_kind": {"from": person.user}}, forced=True)
    async with running_bot(sandbox, database):
        await ask(person, "good morning")
        await sandbox.settled()

    assert recorded(database) == {"message": 1, "other": 1}


async def test_the_scheduler_cleans_up_by_the_clock_it_is_handed(database: Path) -> None:
    now = datetime.now(UTC)

    def clock() -> datetime:
        return now

    async with Sandbox(clock=clock) as sandbox:
        admin = sandbox.person(ADMIN)
        async with running_bot(sandbox, database, clock, admin_ids=str(ADMIN)):
            await ask(sandbox.person(), "good morning")
        now += timedelta(days=91)
        # After so long there would be a digest as well.
        settings = {"admin_ids": str(ADMIN), "digest": "off"}
        with schedules(asleep=False) as found:
            async with running_bot(sandbox, database, clock, **settings):
                # What was due before Telegram told the time is done by a later tick.
                details = ""
                while "Deleted by it: 1" not in details:
                    await asyncio.wait_for(found[0].ticked.wait(), ANSWER_TIMEOUT)
                    found[0].ticked.clear()
                    await ask(admin, "/stats")
                    await admin.clicks("Details")
                    details = (await admin.sees_edit()).text

    assert "message" not in recorded(database)


async def test_privacy_says_what_the_settings_are(sandbox: Sandbox, database: Path) -> None:
    person = sandbox.person()
    async with running_bot(
        sandbox,
        database,
        retention_days=7,
        timestamp_precision=60,
        pseudonymise_user_ids=False,
    ):
        answer = await ask(person, "/privacy")
        await person.clicks("All details")
        details = (await person.sees_edit()).text

    assert "7 days" in answer
    assert "The number stands for your Telegram ID," in answer
    assert "rounded down to the minute" in details
    assert "stores as it is" in details


async def test_a_handler_that_fails_tells_the_person_and_the_log(
    sandbox: Sandbox,
    database: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail() -> str:
        raise ValueError("canary")

    monkeypatch.setattr(texts, "start", fail)
    async with running_bot(sandbox, database):
        told = await ask(sandbox.person(), "/start")
    log = capsys.readouterr().err

    assert told == texts.ERROR
    assert "ERROR bot.handlers.everyone" in log
    assert "ValueError" in log
    assert "canary" not in log
