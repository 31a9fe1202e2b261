"""What `/stats` says, how it fits on a phone, and that the command line says the same."""

import asyncio
import itertools
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from analytics import (
    AdminReport,
    AnalyticsService,
    Interaction,
    InteractionType,
    Missing,
    Overview,
    Period,
    PeriodReport,
)
from analytics.telegram.i18n import translations
from analytics.telegram.texts import stats
from analytics.telegram.texts.stats import change
from bot.cli.app import app
from bot.sandbox.markup import parse
from tests.support.languages import SHIPPED
from tests.support.strategies import COUNTS, MOMENTS, reports

MAX_MESSAGE = 4096
MAX_LINES, MAX_WIDTH = 15, 40


def wholes(counts: st.SearchStrategy[int]) -> st.SearchStrategy[AdminReport]:
    return st.builds(
        AdminReport,
        as_of=MOMENTS,
        total_interactions=counts,
        daily_active_users=st.none() | counts,
        weekly_active_users=counts,
        monthly_active_users=counts,
        interaction_types_breakdown=st.just({}),
        oldest_interaction=st.none() | MOMENTS,
        retention_days=st.integers(1, 3650),
        last_cleanup=st.none() | MOMENTS,
        last_cleanup_deleted=counts,
        compaction_pending=st.booleans(),
        backlog=counts,
        dropped=counts,
    )


SOMETIME = datetime(2026, 6, 1, 12, tzinfo=UTC)


def a_report(**values: Any) -> PeriodReport:
    defaults: dict[str, Any] = {
        "period": Period.WEEK,
        "as_of": SOMETIME,
        "since": SOMETIME,
        "interactions": 0,
        "active_users": 0,
        "new_users": 0,
        "returning_users": 0,
        "interactions_before": 0,
        "active_users_before": 0,
        "before_missing": None,
        "deleted_until": None,
        "busiest_hour": None,
        "interaction_types_breakdown": {},
        "commands": {},
        "blocked": 0,
        "unblocked": 0,
    }
    return PeriodReport(**defaults | values)


def a_whole(**values: Any) -> AdminReport:
    defaults: dict[str, Any] = {
        "as_of": SOMETIME,
        "total_interactions": 0,
        "daily_active_users": 0,
        "weekly_active_users": 0,
        "monthly_active_users": 0,
        "interaction_types_breakdown": {},
        "oldest_interaction": None,
        "retention_days": 90,
        "last_cleanup": None,
        "last_cleanup_deleted": 0,
        "compaction_pending": False,
        "backlog": 0,
        "dropped": 0,
    }
    return AdminReport(**defaults | values)


def parsed(html: str) -> tuple[str, list[str]]:
    """As Telegram shows it, with the lines that are set in a fixed width."""
    text, entities = parse(html, "HTML")
    units = text.encode("utf-16-le")
    tables = [
        units[2 * each["offset"] : 2 * (each["offset"] + each["length"])].decode("utf-16-le")
        for each in entities
        if each["type"] == "pre"
    ]
    return text, [line for table in tables for line in table.split("\n")]


def first_screen(report: PeriodReport, whole: AdminReport | None = None) -> str:
    shown = Overview(whole=whole or a_whole(), period=report)
    return parsed(stats.overview(shown, postponed=False))[0]


# Numbers of a very large bot; those of any size still fit into a message.
LARGE = st.integers(0, 10**7 - 1)


@pytest.mark.parametrize("language", SHIPPED)
@settings(deadline=None)
@given(report=reports(LARGE), whole=wholes(LARGE), postponed=st.booleans())
def test_the_first_screen_fits_on_a_phone(
    language: str, report: PeriodReport, whole: AdminReport, postponed: bool
) -> None:
    with translations().use_locale(language):
        shown = Overview(whole=whole, period=report)
        text, in_tables = parsed(stats.overview(shown, postponed=postponed))

    lines = text.split("\n")
    assert len(lines) <= MAX_LINES
    assert max(map(len, lines)) <= MAX_WIDTH
    # No name is cut off.
    assert "…" not in "".join(in_tables)


@pytest.mark.parametrize("language", SHIPPED)
@settings(deadline=None)
@given(report=reports(), whole=wholes(COUNTS))
def test_every_page_fits_into_a_message_and_its_tables_on_a_phone(
    language: str, report: PeriodReport, whole: AdminReport
) -> None:
    shown = Overview(whole=whole, period=report)
    with translations().use_locale(language):
        pages = [
            stats.overview(shown, postponed=True),
            stats.by_type(shown),
            stats.commands(shown),
            stats.details(shown, SOMETIME, postponed=True),
            stats.meaning(1000),
        ]

    for text, in_tables in map(parsed, pages):
        assert len(text) <= MAX_MESSAGE
        assert max(map(len, in_tables), default=0) < MAX_WIDTH


def test_a_change_of_less_than_a_percent_is_no_tag_on_any_page() -> None:
    report = a_report(active_users=1_001, active_users_before=1_000)
    text, _in_tables = parsed(
        stats.details(Overview(whole=a_whole(), period=report), SOMETIME, postponed=False)
    )

    assert "1,001 ▲ <1%" in text


def test_with_every_type_and_many_commands_it_fits_and_says_how_many_more() -> None:
    everything = {str(kind): 10**9 for kind in InteractionType}
    commands = {f"{number:02}".ljust(32, "x"): 10**9 for number in range(99)}
    rest = (99 - stats.MAX_COMMANDS) * 10**9
    report = a_report(
        interactions=sum(everything.values()),
        interaction_types_breakdown=everything,
        commands=commands,
    )
    shown = Overview(whole=a_whole(), period=report)
    text, lines = parsed(stats.commands(shown))
    _types, by_type = parsed(stats.by_type(shown))

    assert sum(line.startswith("/") for line in lines) == stats.MAX_COMMANDS
    assert f"other includes {99 - stats.MAX_COMMANDS} commands" in text
    assert lines[-1].startswith("other")
    assert lines[-1].endswith(f"{rest:,}")
    assert len(by_type) == len(InteractionType)
    assert max(map(len, lines + by_type)) <= 34


def test_what_needs_attention_is_on_the_first_screen_and_all_of_it_among_the_details() -> None:
    late = a_whole(oldest_interaction=SOMETIME - timedelta(days=93), backlog=56, dropped=3)
    shown = Overview(whole=late, period=a_report(deleted_until=SOMETIME))
    first = parsed(stats.overview(shown, postponed=False))[0]
    details = parsed(stats.details(shown, SOMETIME, postponed=False))[0]
    clock = parsed(stats.overview(shown, postponed=True))[0]

    assert first.split("\n")[-2:] == ["⚠️ Cleanup overdue", "⚠️ 3 more, see Details"]
    assert details.split("\n")[-4:] == [
        "⚠️ Cleanup overdue",
        "⚠️ Waiting to be recorded: 56",
        "⚠️ Never recorded: 3",
        "⚠️ Deleted: all before Jun 1, 2026",
    ]
    assert "⚠️ Wrong clock: cleanup postponed" in clock
    assert first_screen(a_report()).endswith("✅ Nothing needs attention.")


def test_an_interaction_of_the_last_day_before_cleanup_is_not_overdue() -> None:
    kept = a_whole(oldest_interaction=SOMETIME - timedelta(days=91, hours=23))

    assert first_screen(a_report(), kept).endswith("✅ Nothing needs attention.")


async def test_all_of_it_is_of_one_moment(tmp_path: Path) -> None:
    """By a clock that goes on each time it is looked at."""
    ticks = itertools.count()
    path = tmp_path / "analytics.sqlite3"
    async with AnalyticsService.open(
        path, clock=lambda: SOMETIME + timedelta(minutes=next(ticks))
    ) as analytics:
        shown = await analytics.reports.overview(Period.WEEK)

    assert shown.whole.as_of == shown.period.as_of


async def test_the_command_line_prints_the_figures_that_the_chat_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, now = tmp_path / "analytics.sqlite3", datetime.now(UTC)
    async with AnalyticsService.open(path) as analytics:
        said = [
            Interaction(6_000_000_100 + number % 5, kind, now - timedelta(days=number))
            for number in range(40)
            for kind in (InteractionType.MESSAGE, InteractionType.COMMAND)
        ]
        await analytics.record(said, events=["/start", None] * 40)
        for period in Period:
            shown = await analytics.reports.overview(period)
            chat = [
                stats.overview(shown, postponed=False),
                stats.by_type(shown),
                stats.commands(shown),
                stats.details(shown, SOMETIME, postponed=False),
            ]
            monkeypatch.setenv("DATABASE_PATH", str(path))
            asking = ["stats", "--period", period]
            printed = await asyncio.to_thread(CliRunner().invoke, app, asking)

            in_chat = figures_of("\n".join(parsed(html)[0] for html in chat))
            assert printed.exit_code == 0
            assert figures_of(printed.stdout) == in_chat
            assert len(in_chat) > 10


def figures_of(text: str) -> Counter[tuple[str, str]]:
    """Every name with its whole number, wherever it stands."""
    found = re.findall(
        r"^ *(?!as of)([A-Za-z/][A-Za-z, /]*?):? +([\d,]+)(?= |$)", text, re.MULTILINE
    )
    return Counter(found)


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [
        (3, 2, "▲ 50%"),
        (1, 2, "▼ 50%"),
        (0, 2, "▼ 100%"),
        (1, 10**6, "▼ 99%"),
        (2, 2, "="),
        (0, 0, "="),
        (2, 0, "▲ new"),
        (2, None, ""),
        (1001, 1000, "▲ <1%"),
        (999, 1000, "▼ <1%"),
        (10**9, 1, "▲ >999%"),
    ],
)
def test_a_change_is_an_arrow_and_a_percentage(now: int, before: int | None, said: str) -> None:
    assert change(now, before) == said


def test_what_was_deleted_what_was_never_and_nobody_are_told_apart() -> None:
    never = first_screen(a_report(interactions_before=None, before_missing=Missing.NOT_YET))
    deleted = first_screen(a_report(interactions_before=None, before_missing=Missing.DELETED))
    nobody = first_screen(a_report(interactions_before=0))
    partly = first_screen(a_report(deleted_until=SOMETIME))

    assert "7 calendar days, no earlier data" in never
    assert "7 calendar days, earlier data deleted" in deleted
    assert "7 calendar days, vs. the period before" in nobody
    assert "⚠️ Deleted: all before Jun 1, 2026" in partly
    assert not any("all before" in text for text in (never, deleted, nobody))


def test_the_busiest_hour_before_midnight_ends_at_midnight() -> None:
    shown = Overview(whole=a_whole(), period=a_report(busiest_hour=23))

    assert "Busiest hour, UTC: 23:00–00:00" in stats.details(shown, SOMETIME, postponed=False)


def test_what_could_tell_of_few_people_is_a_dash_with_its_reason() -> None:
    hidden = dict.fromkeys(
        ("interactions", "active_users", "new_users", "returning_users", "blocked", "unblocked")
    )
    shown = Overview(whole=a_whole(total_interactions=None), period=a_report(min_users=5, **hidden))
    text, lines = parsed(stats.overview(shown, postponed=False))
    details = stats.details(shown, SOMETIME, postponed=False)

    assert [line.split()[-1] for line in lines[3:]] == ["–"] * 3
    assert text.endswith("–: hidden, too few people")
    assert "as it could be about fewer than 5 people" in stats.meaning(5)
    assert "Stored interactions: –" in details
    assert "Nothing was recorded" not in stats.by_type(shown)
