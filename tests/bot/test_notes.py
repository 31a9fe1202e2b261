"""`/note` in the chat: adding, listing and removing, and what is said of what cannot be added."""

import html
import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock

import pytest

from analytics import AnalyticsService, Note
from analytics.statistics.notes import MAX_NOTES
from analytics.telegram import translations
from analytics.telegram.admin.notes import ON_A_PAGE, Notes, Remove
from analytics.telegram.buttons import Confirm, Irreversible
from analytics.telegram.charts import Charts
from analytics.telegram.confirmations import CANCEL, VALID_FOR
from analytics.telegram.own_router import ERROR
from analytics.telegram.texts import notes
from bot.sandbox import Person, Sandbox
from bot.sandbox.chats import Line
from bot.sandbox.messages import MAX_TEXT_LENGTH
from tests.support.clock import NOW, Clock
from tests.support.conversation import ask, click
from tests.support.hours import Hours
from tests.support.languages import SHIPPED
from tests.support.running import running_bot
from tests.support.second_connection import locked, select

ADMIN, OTHER = 6_000_000_001, 6_000_000_002
SETTINGS: dict[str, Any] = {"admin_ids": f"{ADMIN},{OTHER}", "owner_ids": f"{OTHER}"}
ALL_NOTES, REMOVE = f"📌 {notes.ALL_NOTES}", f"🗑 {notes.REMOVE}"
PNG = b"\x89PNG"
# What could be markup, or needs another font.
ODD = "<b>&amp; \"1\"</b> 'نشر' 発売 🚀"


def kept(database: Path) -> list[str]:
    return [text for (text,) in select(database, "SELECT text FROM notes ORDER BY moment, id")]


def trail(database: Path) -> list[str]:
    return [action for (action,) in select(database, "SELECT action FROM audit_trail")]


def labels(line: Line) -> list[str]:
    return [label for row in line.buttons for label in row]


async def says(person: Person, text: str) -> Line:
    await person.says(text)
    return await person.answer()


async def tap(person: Person, label: str) -> Line:
    await person.clicks(label)
    await person.toast()
    return await person.sees_edit()


async def test_an_admin_adds_a_note_sees_it_listed_and_removes_it(
    sandbox: Sandbox, database: Path, clock: Clock
) -> None:
    admin, other = sandbox.person(ADMIN), sandbox.person(OTHER)
    async with running_bot(sandbox, database, clock, **SETTINGS):
        empty = await says(admin, "/note")
        added = await says(admin, "/note deployed\n  2.1")
        await says(admin, "/note 2026-05-20 promo")
        listed = await says(other, "/NOTE")
        stored = kept(database)
        question = await tap(other, "🗑 2")
        removed = await tap(other, notes.CONFIRM)
        after = kept(database)
        left = await tap(other, ALL_NOTES)
        audit = await ask(other, "/audit")

    assert "There are none yet." in empty.text
    assert "/note 2026-06-01 deployed 2.1" in empty.text
    assert labels(empty) == []
    assert added.text.endswith("\nJun 1, 2026: deployed 2.1")
    assert labels(added) == [REMOVE, ALL_NOTES]
    assert stored == ["promo", "deployed 2.1"]
    assert "1 · Jun 1, 2026: deployed 2.1\n2 · May 20, 2026: promo" in listed.text
    assert labels(listed) == ["🗑 1", "🗑 2"]
    assert "May 20, 2026: promo" in question.text
    assert labels(question) == [notes.CONFIRM, CANCEL]
    assert removed.text == "✅ Removed:\nMay 20, 2026: promo"
    assert after == ["deployed 2.1"]
    assert labels(left) == ["🗑 1"]
    done = [line.rpartition(" · ")[2] for line in audit.splitlines() if " · " in line]
    assert done == ["note removed", "note added × 2"]
    assert "promo" not in audit


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("x" * 61, "A note has at most 60 characters."),
        ("2026-05-20", "A note needs a text"),
        ("2026-05-20 \u200b", "A note needs a text"),
        ("2026-05-32 deployed", "There is no such day. Write it as in 2026-06-01."),
        ("2026-06-02 deployed", "The day of a note is from 2025-06-01 to 2026-06-01."),
        ("2025-05-31 deployed", "The day of a note is from 2025-06-01 to 2026-06-01."),
        ("0000-00-00 deployed", "There is no such day."),
        ("9999-12-31 deployed", "The day of a note is from"),
    ],
)
async def test_what_cannot_be_added_gets_a_sentence_and_nothing_is_kept(
    sandbox: Sandbox, database: Path, clock: Clock, arguments: str, said: str
) -> None:
    admin = sandbox.person(ADMIN)
    async with running_bot(sandbox, database, clock, **SETTINGS):
        answer = await ask(admin, f"/note {arguments}")

        assert kept(database) == []
    assert answer.startswith(said)
    assert answer.endswith(" Nothing was added.")
    assert trail(database) == []


async def test_a_note_too_many_gets_a_sentence(
    sandbox: Sandbox, database: Path, clock: Clock
) -> None:
    admin = sandbox.person(ADMIN)
    await add(database, clock, [str(each) for each in range(MAX_NOTES)])
    async with running_bot(sandbox, database, clock, **SETTINGS):
        answer = await ask(admin, "/note one more")

    assert answer.startswith("There are 100 notes, as many as there can be.")
    assert len(kept(database)) == MAX_NOTES
    assert "one more" not in kept(database)


async def test_while_the_database_is_locked_nothing_changes_and_it_says_so(
    sandbox: Sandbox, database: Path, clock: Clock
) -> None:
    admin = sandbox.person(ADMIN)
    async with running_bot(sandbox, database, clock, **SETTINGS):
        await says(admin, "/note deployed")
        await tap(admin, REMOVE)
        with locked(database):
            await admin.says("/note another")
            # Beside it comes the alert that nothing can be recorded.
            while (await admin.answer()).text != ERROR:
                pass
            await admin.clicks(notes.CONFIRM)
            while (await admin.answer()).text != ERROR:
                pass

        assert kept(database) == ["deployed"]


async def add(database: Path, clock: Clock, texts: Sequence[str]) -> None:
    async with AnalyticsService.open(database, clock=clock) as analytics:
        for text in texts:
            await analytics.notes.add(text)


async def test_a_long_list_has_pages_and_each_note_its_button(
    sandbox: Sandbox, database: Path, clock: Clock
) -> None:
    admin = sandbox.person(ADMIN)
    count = 2 * ON_A_PAGE + 1
    await add(database, clock, [f"{'🚀' * 50} n{each}" for each in range(count)])
    async with running_bot(sandbox, database, clock, **SETTINGS):
        first = await says(admin, "/note")
        second = await tap(admin, "Older »")
        third = await tap(admin, "Older »")
        back = await tap(admin, "« Newer")
        await tap(admin, f"🗑 {ON_A_PAGE + 1}")
        await tap(admin, notes.CONFIRM)
        left = kept(database)

    numbers = [f"🗑 {each}" for each in range(1, count + 1)]
    shown = [[label for label in labels(page) if "🗑" in label] for page in (first, second, third)]
    assert [label for page in shown for label in page] == numbers
    assert [label for page in (first, second, third) for label in labels(page)][-1] == "« Newer"
    assert back.text == second.text
    assert f"n{count - 1}\n" in first.text
    assert "n0\n" in third.text
    assert len(first.text) <= MAX_TEXT_LENGTH
    # The ninth of the newest first.
    assert left == [f"{'🚀' * 50} n{each}" for each in range(count) if each != ON_A_PAGE]


async def test_a_text_is_shown_as_it_is(sandbox: Sandbox, database: Path, clock: Clock) -> None:
    admin = sandbox.person(ADMIN)
    async with running_bot(sandbox, database, clock, **SETTINGS):
        added = await says(admin, f"/note {ODD}")
        question = await tap(admin, REMOVE)
        await tap(admin, CANCEL)
        listed = await says(admin, "/note")

    for line in (added, question, listed):
        assert f": {ODD}" in line.text
    assert kept(database) == [ODD]


async def test_a_removal_can_be_cancelled(sandbox: Sandbox, database: Path, clock: Clock) -> None:
    admin = sandbox.person(ADMIN)
    async with running_bot(sandbox, database, clock, **SETTINGS):
        await says(admin, "/note deployed")
        await tap(admin, REMOVE)
        cancelled = await tap(admin, CANCEL)

    assert "1 · Jun 1, 2026: deployed" in cancelled.text
    assert labels(cancelled) == ["🗑 1"]
    assert kept(database) == ["deployed"]
    assert trail(database) == ["note"]


async def test_a_forged_or_old_button_removes_nothing(
    sandbox: Sandbox, database: Path, clock: Clock
) -> None:
    admin, other = sandbox.person(ADMIN), sandbox.person(OTHER)
    async with running_bot(sandbox, database, clock, **SETTINGS):
        await says(other, "/note")
        await says(admin, "/note deployed")
        question = await tap(admin, REMOVE)
        message = question.message
        data = message["reply_markup"]["inline_keyboard"][0][0]["callback_data"]
        unsigned = Confirm(action=Irreversible.NOTE, subject="1", issued=1, signature="1").pack()
        answers = []
        for person, carried in (
            (admin, data[:-1] + ("1" if data[-1] == "0" else "0")),
            (admin, unsigned),
            (other, data),
        ):
            await sandbox.inject(click(person, message, carried))
            answers.append((await person.answer()).text)
        clock.now += VALID_FOR + timedelta(seconds=1)
        await sandbox.inject(click(admin, message, data))
        answers.append((await admin.answer()).text)

    assert answers == [notes.TOO_OLD] * 4
    assert kept(database) == ["deployed"]
    assert trail(database) == ["note"]


async def test_a_button_removes_what_it_was_asked_about_or_nothing(
    sandbox: Sandbox, database: Path, clock: Clock
) -> None:
    """Another note may have got its id meanwhile."""
    admin, other = sandbox.person(ADMIN), sandbox.person(OTHER)
    async with running_bot(sandbox, database, clock, **SETTINGS):
        await says(admin, "/note deployed")
        await tap(admin, REMOVE)
        before = select(database, "SELECT id FROM notes")
        await says(other, "/note")
        await tap(other, "🗑 1")
        await tap(other, notes.CONFIRM)
        await says(other, "/note another")
        after = select(database, "SELECT id FROM notes")
        await admin.clicks(notes.CONFIRM)
        told = (await admin.answer()).text

    assert before == after
    assert told == notes.TOO_OLD
    assert kept(database) == ["another"]


@pytest.mark.parametrize("number", [7, -1, 10**30])
async def test_a_note_that_is_gone_is_said_to_be(
    sandbox: Sandbox, database: Path, clock: Clock, number: int
) -> None:
    admin = sandbox.person(ADMIN)
    async with running_bot(sandbox, database, clock, **SETTINGS):
        message = (await says(admin, "/note deployed")).message
        await sandbox.inject(click(admin, message, Remove(note_id=number).pack()))
        gone = await admin.sees_edit()
        await sandbox.inject(click(admin, message, Notes(page=number).pack()))
        page = await admin.sees_edit()

    assert (gone.text, labels(gone)) == (notes.GONE, [ALL_NOTES])
    assert "1 · Jun 1, 2026: deployed" in page.text


async def test_a_chart_and_the_files_have_the_notes(
    sandbox: Sandbox, database: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Charts, "draw", AsyncMock(return_value=PNG))
    admin = sandbox.person(ADMIN)
    async with running_bot(sandbox, database, clock, **SETTINGS):
        await says(admin, "/stats")
        for text in (ODD, "=1+1"):
            await says(admin, f"/note 2026-05-30 {text}")
        await says(admin, "/note deployed")
        await admin.clicks(
            "📈 Chart",
        )
        await admin.toast()
        week = (await admin.answer()).text
        await admin.clicks("24 h")
        await admin.sees_edit()
        await admin.clicks("📈 Chart")
        day = (await admin.answer()).text
        await admin.clicks("⬇️ Export")
        table, aggregates = [await admin.answer() for _ in range(2)]

    assert week == (
        "[photo] Interactions and active users, 7 days\n"
        f"1 · May 30, 2026: {ODD}\n"
        "1 · May 30, 2026: =1+1\n"
        "2 · Jun 1, 2026: deployed"
    )
    assert day == (
        "[photo] Interactions and active users, 24 hours\n1 · Jun 1, 2026, 12:00 UTC: deployed"
    )
    assert ",text,deployed\n" in sandbox.content(table.message).decode("utf-8-sig")
    exported = json.loads(sandbox.content(aggregates.message))["history"]["notes"]
    assert [(each["moment"], each["text"]) for each in exported] == [
        ("2026-06-01T12:00:00Z", "deployed")
    ]


async def test_the_chart_of_a_digest_has_them(
    hours: Hours, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Charts, "draw", AsyncMock(return_value=PNG))
    await hours.record(*[7] * 8)
    async with hours.bot(silence_alert_hours=0):
        await says(hours.admin, "/note deployed")
        told = await hours.passing(4 * 24 + 20)

    assert told[-1] == ("[photo] Interactions and active users, 7 days\n1 · Jun 3, 2026: deployed")


@pytest.mark.parametrize("language", SHIPPED)
async def test_an_admin_is_answered_in_their_language(
    sandbox: Sandbox, database: Path, clock: Clock, language: str
) -> None:
    admin = sandbox.person(ADMIN, language_code=language)
    async with running_bot(sandbox, database, clock, **SETTINGS):
        added = await ask(admin, "/note deployed")
        listed = await ask(admin, "/note")
        refused = await ask(admin, "/note 2026-99-99 deployed")

    note = Note(1, NOW.replace(minute=0, second=0), "deployed")
    with translations().use_locale(language):
        assert added == plain(notes.added(note))
        assert listed == plain(notes.page([note], 1, NOW.date()))
    assert language == "en" or "Nothing was added" not in refused


def plain(text: str) -> str:
    for tag in ("b", "code"):
        text = text.replace(f"<{tag}>", "").replace(f"</{tag}>", "")
    return html.unescape(text)
