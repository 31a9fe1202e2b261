"""The contract of start links."""

from datetime import timedelta

from analytics import Event, EventKind, StartLink
from analytics.clock import from_unix
from analytics.store import Store
from tests.store.updates import DAY, HOUR, NOON, record, update

CREATED = from_unix(NOON)
LINKS = [
    StartLink("abc234", "channel", CREATED),
    StartLink("def567", "poster", CREATED + timedelta(hours=1)),
    StartLink("ghj892", "booth", CREATED + timedelta(hours=1)),
]


async def with_links(store: Store) -> Store:
    for each in LINKS:
        await store.add_start_link(each)
    return store


async def test_links_are_listed_the_newest_first_and_retired_ones_last(store: Store) -> None:
    await with_links(store)
    await store.retire_start_link("def567", from_unix(NOON + 2 * HOUR))

    channel, poster, booth = LINKS
    retired = StartLink(poster.code, poster.name, poster.created, from_unix(NOON + 2 * HOUR))
    assert await store.start_links() == [booth, channel, retired]


async def test_a_link_is_retired_once_and_none_that_is_not_there(store: Store) -> None:
    await with_links(store)
    for hours in (2, 3):
        await store.retire_start_link("abc234", from_unix(NOON + hours * HOUR))
    await store.retire_start_link("xyz999", CREATED)

    assert [each.retired for each in await store.start_links()] == [
        None,
        None,
        from_unix(NOON + 2 * HOUR),
    ]


async def test_a_retired_link_is_forgotten_after_its_starts(store: Store) -> None:
    await with_links(store)
    await record(store, [update(at=NOON, events=(Event(EventKind.START_LINK, "abc234"),))])
    await store.retire_start_link("abc234", CREATED)
    await store.retire_start_link("def567", CREATED)
    await store.forget_start_links(NOON)
    before = [each.code for each in await store.start_links()]
    await store.forget_start_links(NOON + 1)
    with_starts = [each.code for each in await store.start_links()]
    await store.forget_events(NOON // DAY + 1)
    await store.forget_start_links(NOON + 1)

    assert before == ["ghj892", "def567", "abc234"]
    assert with_starts == ["ghj892", "abc234"]
    assert [each.code for each in await store.start_links()] == ["ghj892"]
