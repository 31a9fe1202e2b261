"""The text of /stats fits into a message and on a phone, whatever the numbers are."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import AdminReport, InteractionType, Missing, Period, PeriodReport
from analytics.telegram.i18n import languages, translations
from analytics.telegram.texts.stats import MAX_COMMANDS, change, statistics
from bot.sandbox.markup import parse
from tests.support.strategies import COUNTS, MOMENTS, reports

MAX_MESSAGE = 4096
WHOLE = st.builds(
    AdminReport,
    as_of=MOMENTS,
    total_interactions=COUNTS,
    daily_active_users=COUNTS,
    weekly_active_users=COUNTS,
    monthly_active_users=COUNTS,
    interaction_types_breakdown=st.just({}),
    oldest_interaction=st.none() | MOMENTS,
    retention_days=st.integers(1, 3650),
    last_cleanup=st.none() | MOMENTS,
    last_cleanup_deleted=COUNTS,
    compaction_pending=st.booleans(),
    backlog=COUNTS,
    dropped=COUNTS,
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


def shown(report: PeriodReport, whole: AdminReport | None = None) -> tuple[str, list[str]]:
    """As Telegram shows it, with the lines that are set in a fixed width."""
    html = statistics(
        report, whole or a_whole(), SOMETIME, of_intervals=True, postponed=whole is not None
    )
    text, entities = parse(html, "HTML")
    units = text.encode("utf-16-le")
    tables = [
        units[2 * each["offset"] : 2 * (each["offset"] + each["length"])].decode("utf-16-le")
        for each in entities
        if each["type"] == "pre"
    ]
    return text, [line for table in tables for line in table.split("\n")]


@pytest.mark.parametrize("language", languages())
@settings(deadline=None)
@given(report=reports(), whole=WHOLE)
def test_it_fits_into_a_message_and_on_a_phone(
    language: str, report: PeriodReport, whole: AdminReport
) -> None:
    with translations().use_locale(language):
        text, lines = shown(report, whole)

    assert len(text) <= MAX_MESSAGE
    assert max(map(len, lines)) < 40


def test_with_every_type_and_many_commands_it_fits_and_says_how_many_more() -> None:
    everything = {str(kind): 10**9 for kind in InteractionType}
    commands = {f"{number:02}".ljust(32, "x"): 10**9 for number in range(99)}
    rest = (99 - MAX_COMMANDS) * 10**9
    text, lines = shown(
        a_report(
            interactions=sum(everything.values()),
            interaction_types_breakdown=everything,
            commands=commands,
        ),
        a_whole(backlog=1, compaction_pending=True),
    )

    assert len(text) <= MAX_MESSAGE
    assert sum(line.startswith("/") for line in lines) == MAX_COMMANDS
    assert f"other includes {99 - MAX_COMMANDS} commands" in text
    *_by_type, others = [line for line in lines if line.startswith("other")]
    assert others.endswith(f"{rest:,}")
    assert max(map(len, lines)) <= 34


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
    never, _ = shown(a_report(interactions_before=None, before_missing=Missing.NOT_YET))
    deleted, _ = shown(a_report(interactions_before=None, before_missing=Missing.DELETED))
    nobody, _ = shown(a_report(interactions_before=0))
    partly, _ = shown(a_report(deleted_until=SOMETIME))

    assert "The 7 days before: no earlier data." in never
    assert "The 7 days before: deleted by retention." in deleted
    assert "Compared with the same part of the 7 days before." in nobody
    assert "What is older than Jun 1, 2026, 12:00 UTC has been deleted." in partly
    assert not any("has been deleted" in text for text in (never, deleted, nobody))


def test_the_busiest_hour_before_midnight_ends_at_midnight() -> None:
    assert "Busiest hour: 23:00–00:00 UTC" in shown(a_report(busiest_hour=23))[0]


def test_what_could_tell_of_few_people_is_a_dash_with_its_reason() -> None:
    hidden = dict.fromkeys(
        ("interactions", "active_users", "new_users", "returning_users", "blocked", "unblocked")
    )
    text, lines = shown(a_report(min_users=5, **hidden), a_whole(total_interactions=None))

    assert [line.split()[-1] for line in lines[:4]] == ["–"] * 4
    assert "not shown, since it could tell of fewer than 5 people" in text
    assert "Interactions kept: –" in text
    assert "Nothing was recorded" not in text
