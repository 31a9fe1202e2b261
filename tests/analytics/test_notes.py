"""Notes: one visible line each, shown where they belong at once, and gone when they are removed."""

import asyncio
import tempfile
import unicodedata
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import AnalyticsService, Note, Period, backup, restore
from analytics.statistics.notes import MAX_LENGTH, MAX_NOTES, NoteRefused, Refusal, one_line
from tests.support.bytes_on_disk import found_in
from tests.support.clock import NOW, Clock
from tests.support.examples import examples
from tests.support.second_connection import NAME
from tests.support.service import KEY, interaction, open_service

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
THIS_HOUR = NOW.replace(minute=0, second=0)
TODAY = NOW.date()
HIDDEN = ("Cc", "Cf", "Zl", "Zp", "Zs")


async def texts(analytics: AnalyticsService) -> list[str]:
    return [note.text for note in await analytics.notes.all()]


async def test_a_note_is_of_the_hour_it_was_made_in_and_stays_over_a_restart(
    tmp_path: Path,
) -> None:
    async with open_service(tmp_path) as analytics:
        made = await analytics.notes.add("deployed 2.1")
    async with open_service(tmp_path) as analytics:
        kept = await analytics.notes.all()

    assert kept == [made] == [Note(made.id, THIS_HOUR, "deployed 2.1")]


@pytest.mark.parametrize("ago", [0, 1, 365])
async def test_a_note_given_a_day_is_of_its_beginning(tmp_path: Path, ago: int) -> None:
    day = TODAY - ago * DAY
    async with open_service(tmp_path) as analytics:
        made = await analytics.notes.add("deployed 2.1", day)
        await analytics.cleanup_old_interactions()

        assert await texts(analytics) == ["deployed 2.1"]
    assert made.moment == datetime(day.year, day.month, day.day, tzinfo=UTC)


async def test_days_are_those_of_the_time_zone(tmp_path: Path) -> None:
    """In Auckland it is tomorrow; its winter time began in between, its summer time before."""
    async with open_service(tmp_path, timezone="Pacific/Auckland") as analytics:
        days = analytics.notes.days()
        made = [
            await analytics.notes.add("deployed", day) for day in (date(2026, 4, 4), TODAY + DAY)
        ]
        history = await analytics.reports.history(7 * DAY)

    assert days == (TODAY - 364 * DAY, TODAY + DAY)
    assert [each.moment.isoformat() for each in made] == [
        "2026-04-04T00:00:00+13:00",
        "2026-06-02T00:00:00+12:00",
    ]
    assert history.notes == (made[1],)


@pytest.mark.parametrize(
    "day", [TODAY + DAY, TODAY - 366 * DAY, date.min, date.max, TODAY + 3650 * DAY]
)
async def test_a_day_that_no_chart_can_show_is_refused(tmp_path: Path, day: date) -> None:
    async with open_service(tmp_path) as analytics:
        with pytest.raises(NoteRefused) as refused:
            await analytics.notes.add("deployed 2.1", day)

        assert refused.value.reason is Refusal.OTHER_YEAR
        assert analytics.notes.days() == (TODAY - 365 * DAY, TODAY)
        assert await texts(analytics) == []


@given(st.text() | st.text("ab \n\t\x00\u2028\u200b", max_size=70))
def test_a_text_is_one_visible_line_of_at_most_60_characters_or_refused(text: str) -> None:
    visible = [each for each in text if unicodedata.category(each) not in HIDDEN]
    try:
        line = one_line(text)
    except NoteRefused as refused:
        reason: Refusal | None = refused.reason
    else:
        reason = None
    if reason is not None:
        assert reason is (Refusal.TOO_LONG if visible else Refusal.NO_TEXT)
        assert not visible or len(text) > MAX_LENGTH
        return

    assert 1 <= len(line) <= MAX_LENGTH
    assert line.splitlines() == [line]
    assert not [each for each in line if unicodedata.category(each) in ("Cc", "Cs")]
    assert one_line(line) == line
    # Nothing that can be seen is lost.
    assert "".join(line.split()) == "".join(
        each for each in text if not each.isspace() and unicodedata.category(each) != "Cc"
    )


def test_line_breaks_become_spaces() -> None:
    assert one_line(" deployed\r\n2.1\u2028 and\t3\x00\x7f! ") == "deployed 2.1 and 3 !"


async def test_no_more_than_a_hundred_notes_are_kept(tmp_path: Path) -> None:
    async with open_service(tmp_path) as analytics:
        for each in range(MAX_NOTES - 1):
            await analytics.notes.add(str(each))
        tried = await asyncio.gather(
            *(analytics.notes.add(f"{each}") for each in "ab"), return_exceptions=True
        )
        full = await texts(analytics)
        first, *_ = await analytics.notes.all()
        await analytics.notes.remove(first.id)
        await analytics.notes.add("room again")

        assert len(full) == MAX_NOTES
        assert len(await texts(analytics)) == MAX_NOTES
    [refused] = [each for each in tried if isinstance(each, NoteRefused)]
    assert refused.reason is Refusal.TOO_MANY


async def test_a_history_has_the_notes_of_its_time(tmp_path: Path) -> None:
    clock = Clock()
    async with open_service(tmp_path, clock=clock) as analytics:
        for ago in (0, 3, 9, 200):
            await analytics.notes.add(f"{ago}", TODAY - ago * DAY)
        await analytics.notes.add("now")
        found = {
            days: [each.text for each in (await analytics.reports.history(days * DAY)).notes]
            for days in (1, 7, 30, 366)
        }
        clock.now = THIS_HOUR.replace(hour=0)
        at_midnight = (await analytics.reports.history(DAY)).notes

    assert found == {
        1: ["0", "now"],
        7: ["3", "0", "now"],
        30: ["9", "3", "0", "now"],
        366: ["200", "9", "3", "0", "now"],
    }
    assert [each.text for each in at_midnight] == ["0"]


async def test_with_intervals_notes_are_shown_and_gone_at_once(tmp_path: Path) -> None:
    """They are no figures of people: nothing of a person can be told by them."""
    clock = Clock()
    async with open_service(tmp_path, clock=clock, report_interval=24 * HOUR) as analytics:
        await analytics.record([interaction()])
        clock.move(days=1)
        before = await analytics.reports.history(7 * DAY)
        note = await analytics.notes.add("deployed", TODAY)
        shown = await analytics.reports.history(7 * DAY)
        exported = await analytics.reports.aggregates(Period.WEEK)
        await analytics.notes.remove(note.id)
        after = await analytics.reports.history(7 * DAY)

    assert before.notes == ()
    assert shown.notes == exported.history.notes == (note,)
    assert shown.buckets == before.buckets
    assert after == before


async def test_a_removed_note_is_in_no_byte_of_the_files(tmp_path: Path) -> None:
    text = "deployed-of-nobody"
    async with open_service(tmp_path) as analytics:
        others = [await analytics.notes.add(f"{text}-{each}") for each in range(50)]
        for each in others[:-1]:
            await analytics.notes.remove(each.id)
        kept = await texts(analytics)
        await analytics.notes.remove(others[-1].id)
        # The spool, which is being made and removed, holds no notes.
        left = found_in(tmp_path, {text.encode()}, but=f"{NAME}.spool")

    assert kept == [f"{text}-49"]
    assert left == {}


async def test_cleanup_deletes_notes_once_no_chart_can_show_them(tmp_path: Path) -> None:
    clock = Clock()
    found = []
    async with open_service(tmp_path, clock=clock) as analytics:
        await analytics.notes.add("deployed")
        await analytics.cleanup_old_interactions(1)
        for moved in (366 * DAY - HOUR, HOUR):
            clock.now += moved
            await analytics.cleanup_old_interactions(dry_run=True)
            found.append(await texts(analytics))
            await analytics.cleanup_old_interactions()
            found.append(await texts(analytics))

    assert found == [["deployed"], ["deployed"], ["deployed"], []]


async def test_a_backup_has_the_notes_and_a_restore_brings_them_back(tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite3"
    async with open_service(tmp_path) as analytics:
        note = await analytics.notes.add("deployed")
        await analytics.maintenance.note_backup()
        await backup(tmp_path / NAME, copy, None)
        await analytics.notes.remove(note.id)
    await restore(copy, tmp_path / NAME, KEY, True, None, force=True)
    async with open_service(tmp_path) as analytics:
        assert await texts(analytics) == ["deployed"]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.sampled_from(["a", "b", "", " "]), st.none()),
        st.tuples(st.just("add"), st.sampled_from("cd"), st.integers(-2, 400)),
        st.tuples(st.just("remove"), st.integers(0, 5)),
        st.tuples(st.just("move"), st.integers(1, 200 * 24)),
        st.tuples(st.just("clean up")),
        st.tuples(st.just("reopen")),
    ),
    max_size=20,
)


@settings(max_examples=examples(30))
@given(STEPS)
async def test_whatever_is_done_the_notes_are_those_of_a_plain_list(
    steps: list[tuple[Any, ...]],
) -> None:
    clock = Clock()
    kept: list[Note] = []
    remaining = [*steps, ("reopen",)]
    with tempfile.TemporaryDirectory() as name:
        while remaining:
            async with open_service(Path(name), clock=clock) as analytics:
                assert await analytics.notes.all() == kept
                while remaining and (step := remaining.pop(0)) != ("reopen",):
                    await do(step, analytics, clock, kept)
                assert await analytics.notes.all() == kept


def by_time(note: Note) -> tuple[datetime, int]:
    return note.moment, note.id


async def do(
    step: tuple[Any, ...], analytics: AnalyticsService, clock: Clock, kept: list[Note]
) -> None:
    match step:
        case "add", text, ago:
            day = None if ago is None else clock.now.date() - ago * DAY
            is_refused = not text.strip() or (ago is not None and not 0 <= ago <= 365)
            try:
                kept.append(await analytics.notes.add(text, day))
            except NoteRefused:
                assert is_refused
            else:
                assert not is_refused
            kept.sort(key=by_time)
        case "remove", place:
            for note in kept[place : place + 1]:
                await analytics.notes.remove(note.id)
                kept.remove(note)
        case "move", hours:
            clock.now += hours * HOUR
        case ("clean up",):
            await analytics.cleanup_old_interactions()
            kept[:] = [note for note in kept if note.moment >= clock.now - 366 * DAY]
