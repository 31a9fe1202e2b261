"""A process reads what a newer version noted at the same database, in words it does not know."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from analytics import InteractionType, OwnRow, Period, UserInteraction
from analytics.telegram.texts import audit, rights, stats
from tests.store.kinds import Kind
from tests.store.life import ADMIN, PEOPLE, live, seen, service_of
from tests.support.clock import Clock
from tests.support.postgres import execute
from tests.support.second_connection import NAME, second_connection

# A vocabulary may grow without a new schema.
NEWER_WORDS = (
    "UPDATE interaction_types SET name = 'hologram' WHERE name = 'button_click'",
    "UPDATE daily_events SET kind = 'hologram' WHERE kind = 'membership'",
    "UPDATE audit_trail SET action = 'hologram-removal'",
    "UPDATE turned_off SET notice = 'hologram'",
)


def note_newer_words(kind: Kind, folder: Path) -> None:
    if url := kind.url(folder):
        for statement in NEWER_WORDS:
            execute(f"{url}&options=-csearch_path%3Dbot_analytics", statement)
        version = "UPDATE bot_analytics.settings SET value = '99' WHERE name = 'schema_version'"
        execute(url, version)
    else:
        with closing(second_connection(folder / NAME)) as database, database:
            for statement in NEWER_WORDS:
                database.execute(statement)


def counted(rows: Sequence[UserInteraction | OwnRow], of_type: InteractionType) -> int:
    return sum(row.count for row in rows if row.interaction_type is of_type)


@pytest.mark.parametrize("few", [1, 4])
async def test_they_are_shown_as_they_are_or_as_other(kind: Kind, tmp_path: Path, few: int) -> None:
    clock = Clock()
    async with service_of(kind, tmp_path, clock, few) as analytics:
        await live(analytics, clock)
        before = await analytics.reports.overview(Period.QUARTER)
        clicks = counted(await analytics.records(1_000), InteractionType.BUTTON_CLICK)
        note_newer_words(kind, tmp_path)
        # Nothing of it fails.
        await seen(analytics)
        overview = await analytics.reports.overview(Period.QUARTER)
        rows = await analytics.records(1_000)
        entries = await analytics.audit_log.entries([ADMIN])
        everything = [await analytics.people.personal_data(each) for each in PEOPLE]
        texts = [rights.my_data(each) for each in everything]

    assert clicks > 100
    assert counted(rows, InteractionType.OTHER) == clicks
    of_people = [row for each in everything for row in each.interactions]
    assert counted(of_people, InteractionType.OTHER) == clicks
    was, now = (each.period.interaction_types_breakdown for each in (before, overview))
    assert now.get("hologram") == was.get("button_click")
    assert ("hologram" in stats.by_type(overview)) is ("button_click" in was)
    assert any("other types" in text for text in texts)
    assert [entry.action for entry in entries] == ["hologram-removal"]
    assert "hologram-removal" in audit.audit(entries, "UTC")
    assert everything[PEOPLE.index(ADMIN)].muted == ["hologram"]
