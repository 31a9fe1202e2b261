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
    Calendar,
    ChatKind,
    Interaction,
    InteractionType,
    LinkCounts,
    Missing,
    OutcomeCounts,
    Overview,
    OwnEventCounts,
    Period,
    PeriodEvents,
    PeriodReport,
)
from analytics.telegram.i18n import translations
from analytics.telegram.texts import event_pages, meaning, stats
from analytics.telegram.texts.stats import change
from bot.cli.app import app
from bot.sandbox.markup import parse
from tests.support.events import events_of
from tests.support.examples import examples
from tests.support.languages import SHIPPED
from tests.support.strategies import COUNTS, LINES, MOMENTS, events, reports

MAX_MESSAGE = 4096
MAX_LINES, MAX_WIDTH = 16, 40
MAX_LINES_OF_PAGES = 25


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
@given(report=reports(), whole=wholes(COUNTS))
def test_every_page_fits_into_a_message_and_its_tables_on_a_phone(
    language: str, report: PeriodReport, whole: AdminReport
) -> None:
    shown = Overview(whole=whole, period=report)
    with translations().use_locale(language):
        pages = [
            stats.overview(shown, postponed=True),
            stats.by_type(shown),
            *pages_of_events(shown),
            stats.details(shown, SOMETIME, postponed=True),
            meaning.of_figures(1000, Calendar([(0, "Asia/Kolkata")])),
            meaning.of_events(with_languages=True),
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


def pages_of_events(shown: Overview) -> list[str]:
    """All of them, as an owner sees them."""
    return [
        event_pages.sources(shown, "📊", is_owner=True, with_languages=True),
        event_pages.commands(shown, "📊", with_own=True),
        event_pages.errors(shown, "📊", is_owner=True),
    ]


def lines_of(events: PeriodEvents, **values: Any) -> list[list[str]]:
    """The lines of the pages."""
    shown = Overview(whole=a_whole(), period=a_report(events=events, **values))
    return [parsed(page)[0].split("\n") for page in pages_of_events(shown)]


def many(number: int = 99) -> dict[str, int]:
    """Rows of long names and large numbers."""
    return {f"{at:02}".ljust(32, "x"): 10**7 - at for at in range(number)}


A_LOT = OutcomeCounts(
    handled=10**7, failed=10**6, unanswered=10**6, half_within_ms=30, most_within_ms=None
)
MANY_EVENTS = PeriodEvents(
    buttons=many(),
    chats={str(kind): 10**7 for kind in ChatKind},
    start_links={
        name: LinkCounts(name=name, starts=count, new_users=count) for name, count in many().items()
    },
    new_users_without_link=10**7,
    languages=dict.fromkeys(["de", "en", "es", "fr", "ru", "uk", "other"], 10**7),
    own_events={
        name: OwnEventCounts(count=count, per_active_user=0.25) for name, count in many().items()
    },
    all_outcomes=A_LOT,
    outcomes=dict.fromkeys(many(), A_LOT),
    errors={f"KeyError at {name}/{name}.py:12": count for name, count in many().items()},
    added_to_groups=10**7,
)


@pytest.mark.parametrize("language", SHIPPED)
def test_the_pages_of_a_bot_with_many_of_everything_fit_on_a_phone(language: str) -> None:
    with translations().use_locale(language):
        pages = lines_of(MANY_EVENTS, commands=many())

    for lines in pages:
        assert len(lines) <= MAX_LINES_OF_PAGES
        assert max(map(len, lines)) <= MAX_WIDTH


@pytest.mark.parametrize("language", SHIPPED)
@settings(max_examples=examples(20))
@given(events=events(), commands=st.dictionaries(LINES, LARGE))
def test_the_pages_of_any_bot_fit_on_a_phone(
    language: str, events: PeriodEvents, commands: dict[str, int]
) -> None:
    with translations().use_locale(language):
        for lines in lines_of(events, commands=commands):
            assert len(lines) <= MAX_LINES_OF_PAGES


def test_what_does_not_fit_is_summed_up_in_the_last_row() -> None:
    _sources, commands, _errors = lines_of(PeriodEvents(buttons=many()), commands=many())
    named = [line for line in commands if line.startswith("/")]
    shown = sum(list(many().values())[: len(named)])

    assert len(named) > 5
    assert f"{99 - len(named)} more" in commands[2 + len(named) + 1]
    assert commands[2 + len(named) + 1].endswith(f"{sum(many().values()) - shown:,}")


def test_a_row_of_other_says_what_else_it_sums_up() -> None:
    few = {"help": 3, "start": 2, "other": 1}
    _sources, commands, _errors = lines_of(PeriodEvents(), commands=few)
    _sources, folded, _errors = lines_of(PeriodEvents(), commands=few | many())

    assert commands[3:6] == ["/help  3", "/start 2", "other  1"]
    assert any(re.match(r"other, \d+ more +[\d,]+$", line) for line in folded)


def test_of_nothing_a_sentence_says_so() -> None:
    nothing = OutcomeCounts(
        handled=0, failed=0, unanswered=0, half_within_ms=None, most_within_ms=None
    )
    shown = Overview(whole=a_whole(), period=a_report(events=PeriodEvents(all_outcomes=nothing)))
    to_owner, to_admin = (
        parsed(event_pages.sources(shown, "", is_owner=is_owner, with_languages=False))[0]
        for is_owner in (True, False)
    )
    commands = parsed(event_pages.commands(shown, "", with_own=False))[0]
    errors = parsed(event_pages.errors(shown, "", is_owner=True))[0]

    assert "No start links yet: /links makes one." in to_owner
    assert "No start links yet." in to_admin
    assert "/links" not in to_admin
    assert "Added to none, removed from none." in to_admin
    assert "Languages" not in to_admin
    assert "No commands were sent." in commands
    assert "No buttons were clicked." in commands
    assert "Own events" not in commands
    assert "No errors." in errors


def test_only_owners_see_errors_and_where_they_are() -> None:
    shown = Overview(whole=a_whole(), period=a_report(events=MANY_EVENTS))
    to_owner, to_admin = (
        parsed(event_pages.errors(shown, "", is_owner=is_owner))[0] for is_owner in (True, False)
    )

    assert "KeyError" in to_owner
    assert "x.py:12" in to_owner
    assert "KeyError" not in to_admin
    assert ".py" not in to_admin


def test_the_first_screen_has_a_line_about_failures_and_a_warning_about_many() -> None:
    def of(failed: int, handled: int, most: int | None = 300) -> list[str]:
        outcome = OutcomeCounts(
            handled=handled, failed=failed, unanswered=0, half_within_ms=10, most_within_ms=most
        )
        return first_screen(a_report(events=PeriodEvents(all_outcomes=outcome))).split("\n")[-2:]

    nothing = first_screen(a_report(events=PeriodEvents(all_outcomes=None)))

    assert of(3, 409) == ["3 of 412 failed, 95% ≤ 0.3 s", "✅ Nothing needs attention."]
    assert of(3, 409, None)[0] == "3 of 412 failed, 95% > 10 s"
    assert of(30, 70) == ["30 of 100 failed, 95% ≤ 0.3 s", "⚠️ 30% failed, see Errors"]
    assert of(2, 0)[0] == "2 of 2 failed"
    assert of(0, 0)[0] == ""
    assert "failed" not in nothing


def test_what_is_hidden_is_no_nothing() -> None:
    hidden = PeriodEvents(new_users_without_link=None, added_to_groups=None, all_outcomes=None)
    sources, commands, errors = lines_of(hidden, min_users=5)

    assert "None, or of too few people." in sources
    assert any(re.match(r"groups +– +0$", line) for line in sources)
    assert "None, or of too few people." in commands
    assert "–: hidden, too few people" in errors


def test_of_hours_nothing_is_counted_by_word() -> None:
    shown = Overview(whole=a_whole(), period=a_report(period=Period.DAY, events=None))

    assert all("choose 7 days or more" in page for page in pages_of_events(shown))


def test_every_type_fits_on_its_page() -> None:
    everything = {str(kind): 10**9 for kind in InteractionType}
    report = a_report(interactions=sum(everything.values()), interaction_types_breakdown=everything)
    _types, by_type = parsed(stats.by_type(Overview(whole=a_whole(), period=report)))

    assert len(by_type) == len(InteractionType)
    assert max(map(len, by_type)) <= 34


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
        await analytics.record(said, events=events_of(["/start", None] * 40))
        for period in Period:
            shown = await analytics.reports.overview(period)
            chat = [
                stats.overview(shown, postponed=False),
                stats.by_type(shown),
                *(pages_of_events(shown) if period is not Period.DAY else ()),
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

    assert "Busiest hour: 23:00–00:00 UTC" in stats.details(shown, SOMETIME, postponed=False)


def test_what_could_tell_of_few_people_is_a_dash_with_its_reason() -> None:
    hidden = dict.fromkeys(
        ("interactions", "active_users", "new_users", "returning_users", "blocked", "unblocked")
    )
    shown = Overview(whole=a_whole(total_interactions=None), period=a_report(min_users=5, **hidden))
    text, lines = parsed(stats.overview(shown, postponed=False))
    details = stats.details(shown, SOMETIME, postponed=False)

    assert [line.split()[-1] for line in lines[3:]] == ["–"] * 3
    assert text.endswith("–: hidden, too few people")
    assert "as it could be about fewer than 5 people" in meaning.of_figures(5, Calendar())
    assert "Stored interactions: –" in details
    assert "Nothing was recorded" not in stats.by_type(shown)
