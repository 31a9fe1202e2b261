"""An admin's walk over every button, and what is shown at each step; nobody else gets that far."""

import json
import re
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock

import pytest

from analytics import Access, AnalyticsService, Interaction, InteractionType, Period
from analytics.statistics.export import as_csv, as_json
from analytics.telegram.admin.links import Retire, Turn
from analytics.telegram.admin.notes import Notes, Remove
from analytics.telegram.admin.stats import Page, PageName, Show
from analytics.telegram.admin.stats_files import Chart, Export, Triangle, Year
from analytics.telegram.buttons import PREFIX, Cancel, Confirm, Irreversible
from analytics.telegram.charts import Charts, NoChart
from analytics.telegram.texts import cleanup
from analytics.telegram.texts.type_names import type_name
from bot import texts
from bot.sandbox import Person, Sandbox
from bot.sandbox.chats import Line
from tests.support.clock import NOW, Clock
from tests.support.conversation import ask, click, message_for
from tests.support.events import events_of
from tests.support.running import running_bot
from tests.support.second_connection import select

ADMIN, OWNER = 6_000_000_001, 6_000_000_002
# No alert is sent in between.
SETTINGS: dict[str, Any] = {
    "admin_ids": f"{ADMIN},{OWNER}",
    "owner_ids": f"{OWNER}",
    "digest": "off",
    "silence_alert_hours": 0,
}
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ROWS = (
    ("24 h", "7 d", "30 d", "90 d"),
    ("Sources", "Commands", "Errors"),
    ("By type", "Details"),
    ("📈 Chart", "⬇️ Export", "🔄 Refresh"),
    ("Who comes back", "❓ What do these mean?"),
)
MEANING, MORE_MEANING = "❓ What do these mean?", "Sources, commands, errors »"
PAGES = ("Sources", "Commands", "Errors", "By type", "Details", "Who comes back", MEANING)
BACK = "« Back"
# What a page has beside it.
MORE = {MEANING: (MORE_MEANING,), "Who comes back": ("📈 Chart",)}
# Lines of the first screen, and characters of each, that a phone shows without scrolling.
MAX_LINES, MAX_WIDTH = 15, 40
# Lines of any other page.
MAX_PAGE_LINES = 25
LABELS = {
    Period.DAY: "24 h",
    Period.WEEK: "7 d",
    Period.MONTH: "30 d",
    Period.QUARTER: "90 d",
}
PNG = b"\x89PNG"


class Sent:
    """All that was sent in, counted again by hand."""

    def __init__(self) -> None:
        self.said: list[tuple[int, InteractionType, datetime]] = []
        self.deleted = 0

    async def says(self, person: Person, text: str, date: datetime) -> None:
        await person.says(text, date=date)
        await person.answer()
        self.note(person, text, date)

    def note(self, person: Person, text: str, date: datetime) -> None:
        kind = InteractionType.COMMAND if text.startswith("/") else InteractionType.MESSAGE
        self.said.append((person.user["id"], kind, date))

    def clicked(self, person: Person, date: datetime) -> None:
        self.said.append((person.user["id"], InteractionType.BUTTON_CLICK, date))

    def expected(self, period: Period, now: datetime) -> dict[str, Any]:
        first = now.replace(minute=0, second=0) - period.length + HOUR
        here = [each for each in self.said if each[2] >= first]
        before = [each for each in self.said if first - period.length <= each[2] < first]
        older = {person for person, _, date in self.said if date < first}
        people = {person for person, _, _ in here}
        hours = Counter(date.hour for _, _, date in here)
        busiest = min(hour for hour, count in hours.items() if count == max(hours.values()))
        return {
            "Interactions": len(here),
            "Active users in the period": len(people),
            "New users": len(people - older),
            "Returning users": len(people & older),
            "before": len(before),
            "busiest": f"{busiest:02}:00–{busiest + 1:02}:00",
            "types": Counter(type_name(kind) for _, kind, _ in here),
            "Stored interactions": len(self.said) - self.deleted,
            "daily": self.active(now, 1),
            "weekly": self.active(now, 7),
            "monthly": self.active(now, 30),
        }

    def active(self, now: datetime, days: int) -> int:
        """Users in the last days, by times that are rounded down to the hour."""
        first = now - days * DAY
        return len({who for who, _, date in self.said if date.replace(minute=0) >= first})


def counts(text: str) -> dict[str, int]:
    """Every figure of a text, by its name."""
    found = re.findall(r"^ *([A-Za-z/][\w ,]*?):? +([\d,]+)(?: |$)", text, re.MULTILINE)
    return {name: int(count.replace(",", "")) for name, count in found}


def assert_recounted(text: str, sent: Sent, period: Period, now: datetime) -> None:
    """The first screen has the right figures, and fits on a phone."""
    expected = sent.expected(period, now)
    before, count = expected["before"], expected["Interactions"]

    shown = counts(text)
    for name in ("Interactions", "New users", "Returning users", "daily", "weekly", "monthly"):
        assert shown[name] == expected[name], name
    if "no earlier data" in text:
        # The bot began within the period before.
        assert min(date for _, _, date in sent.said) > now - 2 * period.length
    elif "earlier data deleted" not in text and before and before != count:
        arrow = "▲" if count > before else "▼"
        percents = round(100 * abs(count - before) / before)
        said = f"{percents}%" if percents <= 999 else ">999%"
        assert re.search(rf"Interactions +[\d,]+ +{arrow} {said}", text)
    assert len(text.split("\n")) <= MAX_LINES
    assert max(map(len, text.split("\n"))) <= MAX_WIDTH


async def walk_pages(
    admin: Person, sent: Sent, period: Period, clock: Clock
) -> dict[str, dict[str, int]]:
    """Open every page of a period and come back; return the figures of each."""
    found = {}
    for label in PAGES:
        await tap(admin, label, sent, clock)
        line = await admin.sees_edit()
        expected = sent.expected(period, clock.now)
        assert line.buttons == ((BACK, *MORE.get(label, ())),)
        assert len(line.text.split("\n")) <= MAX_PAGE_LINES
        if label == "By type":
            assert counts(line.text) == expected["types"]
        if label == "Details":
            for name in ("Active users in the period", "Stored interactions"):
                assert counts(line.text)[name] == expected[name]
            assert f"Busiest hour: {expected['busiest']} UTC" in line.text
        found[label] = counts(line.text)
        if label == MEANING:
            await tap(admin, MORE_MEANING, sent, clock)
            more = await admin.sees_edit()
            assert more.buttons == ((BACK,),)
            assert "Start links" in more.text
        await tap(admin, BACK, sent, clock)
        back = await admin.sees_edit()
        assert_recounted(back.text, sent, period, clock.now)
        assert back.message["message_id"] == line.message["message_id"]
    return found


async def some_weeks(sandbox: Sandbox, sent: Sent, database: Path) -> None:
    """Three people, 45 days, at some hours more than at others, before the bot starts again."""
    people, events = [sandbox.person() for _ in range(3)], []
    for days, who, text in (
        (45, 0, "hello"),
        (44, 0, "/remind"),
        (20, 0, "hello"),
        (10, 1, "hello"),
        (9, 1, "/remind"),
        (6, 0, "hello"),
        (5, 0, "/remind"),
        (5, 2, "/remind"),
        (1.2, 2, "hello"),
        (0.2, 1, "hello"),
        (0.1, 2, "hello"),
    ):
        sent.note(people[who], text, NOW - days * DAY)
        events.append(text if text.startswith("/") else None)
    async with AnalyticsService.open(database, clock=lambda: NOW - 45 * DAY):
        pass  # recording began then
    async with AnalyticsService.open(database, clock=lambda: NOW) as analytics:
        await analytics.record([Interaction(*each) for each in sent.said], events=events_of(events))


async def tap(admin: Person, label: str, sent: Sent, clock: Clock) -> None:
    await admin.clicks(label)
    await admin.toast()
    sent.clicked(admin, clock.now)


def chosen(line: Line) -> str:
    [label] = [label for label in line.buttons[0] if label.startswith("·")]
    return label.strip("· ")


def trail(database: Path) -> list[str]:
    return [
        action
        for (action,) in select(
            database, "SELECT action FROM audit_trail ORDER BY timestamp, rowid"
        )
    ]


async def test_the_walk_shows_what_was_sent_in_at_every_step(
    sandbox: Sandbox, database: Path, clock: Clock
) -> None:
    admin, sent, pages = sandbox.person(ADMIN), Sent(), {}
    texts_shown = []
    await some_weeks(sandbox, sent, database)
    async with running_bot(sandbox, database, clock, **SETTINGS):
        await sent.says(admin, "/start", clock.now)
        await admin.says("/stats")
        sent.note(admin, "/stats", clock.now)
        first = await admin.answer()
        assert_recounted(first.text, sent, Period.WEEK, clock.now)
        for period in (Period.DAY, Period.MONTH, Period.QUARTER, Period.WEEK):
            await tap(admin, LABELS[period], sent, clock)
            line = await admin.sees_edit()
            assert_recounted(line.text, sent, period, clock.now)
            texts_shown.append((chosen(line), line))
            pages[period] = await walk_pages(admin, sent, period, clock)
        await sent.says(sandbox.person(), "good morning", clock.now)
        clock.now += timedelta(hours=2)
        await tap(admin, "🔄 Refresh", sent, clock)
        refreshed = await admin.sees_edit()
        assert_recounted(refreshed.text, sent, Period.WEEK, clock.now)

    assert chosen(first) == "7 d"
    assert [label for label, _ in texts_shown] == ["24 h", "30 d", "90 d", "7 d"]
    for line in (first, refreshed, *(line for _, line in texts_shown)):
        assert tuple(tuple(label.strip("· ") for label in row) for row in line.buttons) == ROWS
        assert line.message["message_id"] == first.message["message_id"]
        assert "has_protected_content" not in line.message
    assert "7 calendar days, vs. the period before" in first.text
    assert "90 calendar days, no earlier data" in texts_shown[2][1].text
    assert pages[Period.WEEK]["Commands"]["/remind"] == 2
    assert pages[Period.DAY]["Commands"] == {}
    # The page of definitions shows no figures; going back does.
    assert trail(database) == ["stats"] * (6 + 4 * 13)


async def test_a_chart_comes_as_a_picture(sandbox: Sandbox, database: Path, clock: Clock) -> None:
    admin, sent = sandbox.person(ADMIN), Sent()
    await some_weeks(sandbox, sent, database)
    async with running_bot(sandbox, database, clock, **SETTINGS):
        await ask(admin, "/stats")
        pictures = []
        for period in Period:
            if period is not Period.WEEK:
                await tap(admin, LABELS[period], sent, clock)
                await admin.sees_edit()
            await tap(admin, "📈 Chart", sent, clock)
            pictures.append(await admin.answer())
            if period is not Period.WEEK:
                await tap(admin, "7 d", sent, clock)
                await admin.sees_edit()
        actions = [call.text("action") for call in await sandbox.called("sendChatAction")]

    assert [line.text for line in pictures] == [
        "[photo] Interactions and active users, 24 hours",
        "[photo] Interactions and active users, 7 days",
        "[photo] Interactions and active users, 30 days",
        "[photo] Interactions and active users, 90 days",
    ]
    assert all(sandbox.content(line.message).startswith(PNG) for line in pictures)
    # To be saved and forwarded: they hold aggregates, as the exported files do.
    assert not any("has_protected_content" in line.message for line in pictures)
    # Nothing older than the retention is known.
    assert all(line.buttons == () for line in pictures)
    assert actions == ["upload_photo"] * 4


async def test_where_trends_reach_further_than_the_retention_there_is_a_year(
    sandbox: Sandbox, database: Path, clock: Clock
) -> None:
    clock.now -= 30 * DAY
    async with AnalyticsService.open(database, clock=clock) as analytics:
        await analytics.record(
            [
                Interaction(6_000_000_100 + who, InteractionType.MESSAGE, clock.now - days * DAY)
                for who in range(10)
                for days in range(20)
            ]
        )
    clock.now += 30 * DAY
    async with AnalyticsService.open(database, retention_days=7, clock=clock) as analytics:
        assert await analytics.cleanup_old_interactions() > 0
    admin, sent = sandbox.person(ADMIN), Sent()
    async with running_bot(sandbox, database, clock, retention_days=7, **SETTINGS):
        text = await ask(admin, "/stats")
        await tap(admin, "📈 Chart", sent, clock)
        week = await admin.answer()
        await tap(admin, "1 year", sent, clock)
        year = await admin.answer()

    assert "7 calendar days, earlier data deleted" in text
    assert week.buttons == (("1 year",),)
    assert (year.text, year.buttons) == ("[photo] Interactions and active users, 1 year", ())
    assert sandbox.content(year.message).startswith(PNG)
    assert sandbox.content(year.message) != sandbox.content(week.message)


async def test_of_nothing_a_sentence_comes_instead_of_a_white_picture(
    sandbox: Sandbox, database: Path, clock: Clock
) -> None:
    admin, sent = sandbox.person(ADMIN), Sent()
    async with running_bot(sandbox, database, clock, count_admins=False, **SETTINGS):
        await ask(admin, "/stats")
        await tap(admin, "📈 Chart", sent, clock)
        told = await admin.answer()

    assert told.text == "Nothing was recorded in this time."


async def test_without_a_picture_a_sentence_names_the_extra_to_install(
    sandbox: Sandbox, database: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Charts, "draw", AsyncMock(side_effect=NoChart))
    admin, sent = sandbox.person(ADMIN), Sent()
    async with running_bot(sandbox, database, clock, **SETTINGS):
        await ask(admin, "/stats")
        await tap(admin, "📈 Chart", sent, clock)
        told = (await admin.answer()).text

    assert "pip install 'telegram-bot-with-private-analytics[charts]'" in told


async def test_the_files_are_what_the_period_says(
    sandbox: Sandbox, database: Path, clock: Clock
) -> None:
    admin, sent = sandbox.person(ADMIN), Sent()
    await some_weeks(sandbox, sent, database)
    async with running_bot(sandbox, database, clock, **SETTINGS):
        await ask(admin, "/stats")
        await tap(admin, "30 d", sent, clock)
        await admin.sees_edit()
        await tap(admin, "⬇️ Export", sent, clock)
        files = [await admin.answer(), await admin.answer()]
    async with AnalyticsService.open(database, access=Access.READ, clock=clock) as analytics:
        aggregates = await analytics.reports.aggregates(Period.MONTH)

    assert [line.text for line in files] == [
        "[document statistics-30d.csv] Statistics of 30 days, for spreadsheets",
        "[document statistics-30d.json] Statistics of 30 days, for programs",
    ]
    assert [sandbox.content(line.message).decode("utf-8-sig") for line in files] == [
        as_csv(aggregates),
        as_json(aggregates),
    ]
    # To be taken along.
    assert not any("has_protected_content" in line.message for line in files)
    assert json.loads(as_json(aggregates))["report"]["interactions"] == 12
    assert trail(database) == ["stats", "stats", "stats-export"]


async def test_refresh_without_news_changes_nothing_and_says_nothing(
    sandbox: Sandbox, database: Path, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    """As of complete intervals, one's own click is no news."""
    admin = sandbox.person(ADMIN)
    async with running_bot(sandbox, database, clock, report_interval=60, **SETTINGS):
        await admin.says("/stats")
        first = await admin.answer()
        await admin.clicks("🔄 Refresh")
        await sandbox.called("editMessageText")
        await admin.says("/help")
        then = await admin.answer()
        edits = [line for line in admin.transcript if line.event == "edit"]
        await ask(admin, "good morning")
        clock.now += HOUR
        await admin.clicks("🔄 Refresh")
        news = await admin.sees_edit()

    assert "as of Jun 1, 2026, 12:00 UTC" in first.text
    assert "What you can do here" in then.text
    assert edits == []
    assert "as of Jun 1, 2026, 13:00 UTC" in news.text
    assert " ERROR " not in capsys.readouterr().err


async def test_a_message_that_is_gone_or_too_old_is_written_anew(
    sandbox: Sandbox, database: Path, clock: Clock
) -> None:
    admin = sandbox.person(ADMIN)
    async with running_bot(sandbox, database, clock, **SETTINGS):
        message = await message_for(admin, "/stats")
        del sandbox.chat(ADMIN).messages[message["message_id"]]
        await sandbox.inject(click(admin, message, Show(period=Period.MONTH).pack()))
        anew = await admin.answer()
        # What Telegram tells of a message that it does not hand out any more.
        inaccessible = {key: message[key] for key in ("message_id", "chat")} | {"date": 0}
        await sandbox.inject(click(admin, inaccessible, Show(period=Period.DAY).pack()))
        again = await admin.answer()

    assert "30 calendar days" in anew.text
    assert "Last 24 hours" in again.text
    for line in (anew, again):
        assert line.message["message_id"] != message["message_id"]
        assert tuple(tuple(label.strip("· ") for label in row) for row in line.buttons) == ROWS


OF_ADMINS = [each(period=period).pack() for each in (Show, Chart, Export) for period in Period]
OF_ADMINS += [Page(name=name, period=period).pack() for name in PageName for period in Period]
OF_ADMINS += [Year().pack(), Triangle().pack()]
OF_OWNERS = [
    Confirm(action=Irreversible.DELETE, subject=days, issued=1, signature="1").pack()
    for days in ("0", "30", "")
]
OF_OWNERS += [
    Confirm(action=Irreversible.RETIRE, subject="abc234", issued=1, signature="1").pack(),
    *(Cancel(action=action).pack() for action in (Irreversible.DELETE, Irreversible.RETIRE)),
    *(Turn(page=0).pack(), Retire(code="abc234").pack()),
]
OF_NOTES = [
    Confirm(action=Irreversible.NOTE, subject="1", issued=1, signature="1").pack(),
    *(Notes(page=0).pack(), Remove(note_id=1).pack(), Cancel(action=Irreversible.NOTE).pack()),
]
FORGED = [
    *(f"{PREFIX}{each}" for each in ("stats", "stats:", "stats:1y", "stats:7d:7d", "stats:7D")),
    *(f"{PREFIX}{each}" for each in ("chart", "chart:", "chart:365d", "export:../7d")),
    *(f"{PREFIX}{each}" for each in ("page:types", "page:people:7d", "page:types:1y")),
    *(f"{PREFIX}{each}" for each in ("year:", "year:7d", "stats:\N{SNOWMAN}")),
    *(f"{PREFIX}{each}" for each in ("notes", "notes:", "notes:one", "unnote:", "unnote:1:1")),
    *(f"{PREFIX}{each}" for each in ("yes:delete:30", "yes:delete-30:1:1")),
    # As they were before buttons had a prefix of their own.
    *("stats:7d", "stats-chart:7d", "stats-year", "cleanup-30:1:1"),
]


@pytest.mark.parametrize(
    ("who", "carried"),
    [
        (None, [*OF_ADMINS, *FORGED, *OF_OWNERS, *OF_NOTES]),
        (ADMIN, [*FORGED, *OF_OWNERS]),
        (OWNER, FORGED),
    ],
)
async def test_who_may_not_gets_exactly_what_an_unknown_button_gets(
    sandbox: Sandbox, database: Path, clock: Clock, who: int | None, carried: list[str]
) -> None:
    person = sandbox.person(who)
    async with running_bot(sandbox, database, clock, **SETTINGS):
        message = await message_for(person, "/start")
        before = len(sandbox.calls)
        for data in ["nobody-made-this", *carried]:
            await sandbox.inject(click(person, message, data))
        await sandbox.settled()
    # By now every handler has ended.
    calls = [call for call in sandbox.calls[before:] if call.method != "getUpdates"]

    # The button stops waiting, and says that it has expired.
    assert [(call.method, call.parameters) for call in calls] == [
        ("answerCallbackQuery", {"callback_query_id": "1", "text": texts.EXPIRED})
    ] * (1 + len(carried))
    assert trail(database) == []


async def test_in_a_group_the_buttons_do_nothing(
    sandbox: Sandbox, database: Path, clock: Clock
) -> None:
    """Whoever forwards them there, or makes them up."""
    admin, group = sandbox.person(ADMIN), sandbox.group()
    async with running_bot(sandbox, database, clock, **SETTINGS):
        message = await message_for(admin, "/start")
        for data in [*OF_ADMINS, *OF_NOTES]:
            await sandbox.inject(click(admin, message | {"chat": group.facts}, data))
        await sandbox.settled()

    # By now every handler has ended.
    assert [line for line in group.chat.transcript if line.who == "bot"] == []
    assert trail(database) == []


@pytest.mark.parametrize(
    ("who", "command"),
    [
        *((None, each) for each in ("/stats", "/stats 7d", "/cleanup", "/cleanup 30", "/audit")),
        *((who, each) for who in (None, ADMIN) for each in ("/links", "/links channel-ad")),
        *((None, each) for each in ("/note", "/note deployed 2.1", "/note 2026-05-30 deployed")),
        (ADMIN, "/audit"),
    ],
)
async def test_who_may_not_gets_exactly_what_an_unknown_command_gets(
    sandbox: Sandbox, database: Path, clock: Clock, who: int | None, command: str
) -> None:
    person = sandbox.person(who)
    async with running_bot(sandbox, database, clock, **SETTINGS):
        answers = []
        for said in (command, "/nobody_made_this"):
            await person.says(said)
            answers.append((await person.answer()).message)

    same = ("text", "entities", "reply_markup", "has_protected_content")
    assert [answers[0].get(part) for part in same] == [answers[1].get(part) for part in same]
    assert trail(database) == []


async def test_an_owner_walks_on_to_cleanup_and_audit(
    sandbox: Sandbox, database: Path, clock: Clock
) -> None:
    owner, admin, sent = sandbox.person(OWNER), sandbox.person(ADMIN), Sent()
    await some_weeks(sandbox, sent, database)
    async with running_bot(sandbox, database, clock, **SETTINGS):
        await sent.says(admin, "/cleanup 30", clock.now)
        await owner.says("/cleanup 30")
        sent.note(owner, "/cleanup 30", clock.now)
        offered = await owner.answer()
        await tap(owner, cleanup.CONFIRM, sent, clock)
        while "Deleting" in (edit := await owner.sees_edit()).text:
            pass
        used = offered.message["reply_markup"]["inline_keyboard"][0][0]["callback_data"]
        await sandbox.inject(click(owner, offered.message, used))
        repeated = (await owner.answer()).text
        sent.clicked(owner, clock.now)
        await owner.says("/stats")
        sent.note(owner, "/stats", clock.now)
        await owner.answer()
        await tap(owner, "30 d", sent, clock)
        after = (await owner.sees_edit()).text
        old = [each for each in sent.said if each[2] < NOW - 30 * DAY]
        sent.deleted = len(old)
        await walk_pages(owner, sent, Period.MONTH, clock)
        audit = await ask(owner, "/audit")

    assert len(old) == 2
    assert "Delete 2 interactions older than 30 days?" in offered.text
    assert edit.text.startswith("✅ Deleted: 2 interactions older than 30 days.")
    assert repeated == cleanup.TOO_OLD
    assert "30 calendar days, earlier data deleted" in after
    looks = [line.split(" · ", 2)[2] for line in audit.splitlines() if " · " in line]
    assert looks == ["statistics × 15", "cleanup"]
