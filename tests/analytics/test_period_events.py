"""What a period tells of the events counted by day, beside a recount of what was recorded."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from analytics import (
    AnalyticsService,
    Event,
    EventKind,
    InteractionType,
    LinkCounts,
    OutcomeCounts,
    OwnEventCounts,
    Period,
    PeriodEvents,
)
from analytics.events import ChatKind, Membership
from tests.support.clock import NOW
from tests.support.outcomes import failed, handled, unanswered
from tests.support.service import SOMEBODY, interaction, open_service

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CLICK, COMMAND = InteractionType.BUTTON_CLICK, InteractionType.COMMAND
PERIODS = (Period.WEEK, Period.MONTH, Period.QUARTER)


async def record(
    analytics: AnalyticsService,
    events: Sequence[Sequence[Event]],
    kind: InteractionType = InteractionType.MESSAGE,
    ago: timedelta = HOUR,
) -> None:
    """Record an update of another person for each of the events."""
    people = range(SOMEBODY, SOMEBODY + len(events))
    await analytics.record([interaction(ago, person, kind) for person in people], None, events)


async def events_of(analytics: AnalyticsService, period: Period = Period.WEEK) -> PeriodEvents:
    events = (await analytics.reports.period(period)).events
    assert events is not None
    return events


def following(code: str) -> tuple[Event, ...]:
    """Return what counts as a start by a link."""
    return (
        Event(EventKind.COMMAND, "start"),
        Event(EventKind.START_LINK, code),
        Event(EventKind.NEW_BY_LINK, code, of_new=True),
    )


@pytest.mark.parametrize("enough", [1, 3])
async def test_each_word_is_counted_in_the_periods_that_its_day_is_in(
    tmp_path: Path, enough: int
) -> None:
    async with open_service(tmp_path, breakdown_min_users=enough) as analytics:
        for days in (40, 20, 2):
            words = [
                (
                    Event(EventKind.BUTTON, "page"),
                    Event(EventKind.CHAT, ChatKind.PRIVATE),
                    Event(EventKind.OWN, "order_placed"),
                )
            ] * 4
            await record(analytics, words, CLICK, days * DAY)
        week, month, quarter = [await events_of(analytics, period) for period in PERIODS]
        day = await analytics.reports.period(Period.DAY)

    for events, times in ((week, 1), (month, 2), (quarter, 3)):
        assert events.buttons == {"page": 4 * times}
        assert events.chats == {"private": 4 * times}
        assert events.own_events == {
            "order_placed": OwnEventCounts(count=4 * times, per_active_user=times)
        }
    # Of hours nothing is counted by word.
    assert day.events is None


async def test_buttons_and_chats_add_up_to_their_totals(tmp_path: Path) -> None:
    async with open_service(tmp_path) as analytics:
        await record(analytics, [(Event(EventKind.BUTTON, "page"),), (), ()], CLICK)
        await record(analytics, [(Event(EventKind.CHAT, ChatKind.GROUP),)])
        events = await events_of(analytics)

    assert events.buttons == {"other": 2, "page": 1}
    assert events.chats == {"group": 1, "other": 3}


async def test_a_link_has_its_starts_and_new_users_and_its_name(tmp_path: Path) -> None:
    async with open_service(tmp_path) as analytics:
        channel, unused = [await analytics.links.make(name) for name in ("channel-ad", "unused")]
        gone = await analytics.links.make("gone")
        await analytics.links.retire(gone.code)
        # Of these three, two come again.
        await record(analytics, [following(channel.code)] * 3, COMMAND)
        await record(analytics, [following(channel.code)] * 2, COMMAND)
        await analytics.record(
            [interaction(HOUR, SOMEBODY + 10, COMMAND), interaction(HOUR, SOMEBODY + 11)],
            None,
            [following("other"), ()],
        )
        events = await events_of(analytics)

    assert list(events.start_links) == [channel.code, unused.code, "other"]
    assert events.start_links == {
        channel.code: LinkCounts(name="channel-ad", starts=5, new_users=3),
        unused.code: LinkCounts(name="unused", starts=0, new_users=0),
        "other": LinkCounts(name=None, starts=1, new_users=1),
    }
    assert events.new_users_without_link == 1


async def test_new_users_by_link_are_no_more_than_new_users_after_an_erasure(
    tmp_path: Path,
) -> None:
    async with open_service(tmp_path) as analytics:
        link = await analytics.links.make("channel-ad")
        await record(analytics, [following(link.code)] * 3, COMMAND)
        await analytics.people.erase(SOMEBODY)
        events = await events_of(analytics)

    assert events.start_links[link.code].starts == 3
    assert events.start_links[link.code].new_users == 2
    assert events.new_users_without_link == 0


async def test_languages_are_those_of_new_users(tmp_path: Path) -> None:
    async with open_service(tmp_path) as analytics:
        await record(analytics, [()])
        nobodys = await events_of(analytics)
        german = Event(EventKind.NEW_BY_LANGUAGE, "de", of_new=True)
        await record(analytics, [(german,)] * 3)
        await record(analytics, [(german,)] * 3)
        events = await events_of(analytics)

    # Off, it is not known of anybody; of one it is not known now.
    assert nobodys.languages == {}
    assert events.languages == {"de": 2, "other": 1}


async def test_groups_that_the_bot_was_added_to_are_counted(tmp_path: Path) -> None:
    words = Counter(
        {
            Membership.ADDED_TO_GROUP: 4,
            Membership.REMOVED_FROM_GROUP: 3,
            Membership.ADDED_TO_CHANNEL: 2,
            Membership.REMOVED_FROM_CHANNEL: 1,
        }
    )
    async with open_service(tmp_path) as analytics:
        each = [(Event(EventKind.MEMBERSHIP, word),) for word in words.elements()]
        await record(analytics, each, InteractionType.MY_CHAT_MEMBER)
        events = await events_of(analytics)

    assert (events.added_to_groups, events.removed_from_groups) == (4, 3)
    assert (events.added_to_channels, events.removed_from_channels) == (2, 1)


async def test_the_subject_that_fails_most_often_is_the_first(tmp_path: Path) -> None:
    outcomes = [
        *[handled("help", 0.02)] * 18,
        *[handled("help", 0.2)] * 2,
        *[handled("order", 20)] * 2,
        failed("order"),
        failed("help"),
        *[unanswered("message")] * 5,
    ]
    async with open_service(tmp_path) as analytics:
        await record(analytics, [(each,) for each in outcomes])
        await record(analytics, [(Event(EventKind.ERROR, "KeyError at shop.py:12"),)] * 2)
        events = await events_of(analytics)

    assert list(events.outcomes) == ["order", "help", "message"]
    assert events.outcomes["help"] == OutcomeCounts(
        handled=20, failed=1, unanswered=0, half_within_ms=30, most_within_ms=300
    )
    # Longer than the largest bound.
    assert events.outcomes["order"].half_within_ms is None
    assert events.all_outcomes == OutcomeCounts(
        handled=22, failed=2, unanswered=5, half_within_ms=30, most_within_ms=None
    )
    assert events.errors == {"KeyError at shop.py:12": 2}


async def test_a_failure_of_one_person_is_hidden_with_all_that_would_tell_of_it(
    tmp_path: Path,
) -> None:
    error = Event(EventKind.ERROR, "KeyError at shop.py:12")
    async with open_service(tmp_path, breakdown_min_users=3) as analytics:
        await record(analytics, [(handled("help", 0.02),)] * 5)
        await record(analytics, [(handled("order", 0.02),)] * 5)
        await record(analytics, [(failed("order"), error)])
        events = await events_of(analytics)

    assert list(events.outcomes) == ["help"]
    assert (events.all_outcomes, events.errors) == (None, {})


async def test_a_code_of_few_people_is_under_other(tmp_path: Path) -> None:
    async with open_service(tmp_path, breakdown_min_users=3) as analytics:
        popular, rare = [await analytics.links.make(name) for name in ("popular", "rare")]
        starts = [following(popular.code)] * 4 + [following(rare.code)] * 2
        starts += [following("other")] * 3
        await record(analytics, starts, COMMAND)
        events = await events_of(analytics)

    assert events.start_links == {
        popular.code: LinkCounts(name="popular", starts=4, new_users=4),
        "other": LinkCounts(name=None, starts=5, new_users=5),
    }


async def test_a_bot_without_a_start_command_shows_no_link_beside_commands_of_no_name(
    tmp_path: Path,
) -> None:
    """Its starts are among these; of how many people the others are is not known."""
    found = []
    for others in (2, 0):
        (tmp_path / str(others)).mkdir()
        async with open_service(tmp_path / str(others), breakdown_min_users=3) as analytics:
            link = await analytics.links.make("channel-ad")
            start = (Event(EventKind.START_LINK, link.code),)
            await record(analytics, [start] * 4 + [()] * others, COMMAND)
            shown = (await events_of(analytics)).start_links
        found.append({code: counts.starts for code, counts in shown.items()})

    assert found == [{}, {link.code: 4}]


async def test_no_link_is_shown_beside_starts_of_few_people_without_one(tmp_path: Path) -> None:
    async with open_service(tmp_path, breakdown_min_users=3) as analytics:
        link = await analytics.links.make("channel-ad")
        without = (Event(EventKind.COMMAND, "start"),)
        await record(analytics, [*[following(link.code)] * 4, without, without], COMMAND)
        report = await analytics.reports.period(Period.WEEK)

    assert report.commands == {"start": 6}
    assert report.events is not None
    assert report.events.start_links == {}


async def test_no_link_is_shown_where_the_commands_are_hidden(tmp_path: Path) -> None:
    async with open_service(tmp_path, breakdown_min_users=3) as analytics:
        link = await analytics.links.make("channel-ad")
        await record(analytics, [following(link.code)] * 4, COMMAND)
        await record(analytics, [()] * 9)
        before = await analytics.reports.period(Period.WEEK)
        # Events are of everybody: an erasure leaves the four starts, but commands of two people.
        for person in range(2):
            await analytics.people.erase(SOMEBODY + person)
        after = await analytics.reports.period(Period.WEEK)

    assert before.events is not None
    assert before.events.start_links[link.code].starts == 4
    assert InteractionType.COMMAND not in after.interaction_types_breakdown
    assert after.events is not None
    assert after.events.start_links == {}


async def test_events_are_as_of_the_end_of_the_interval(tmp_path: Path) -> None:
    clock = [NOW.replace(minute=1)]
    interval = timedelta(hours=1)
    async with open_service(
        tmp_path, report_interval=interval, clock=lambda: clock[0]
    ) as analytics:
        await record(analytics, [(Event(EventKind.OWN, "order_placed"),)])
        before = await events_of(analytics)
        clock[0] += interval
        after = await events_of(analytics)

    assert list(before.own_events) == []
    assert list(after.own_events) == ["order_placed"]
