"""What is done at night to a PostgreSQL database that several processes use."""

from contextlib import nullcontext
from pathlib import Path
from unittest.mock import patch

from analytics.store import Store
from tests.store.updates import BO, DAY, NOON, count, delete_before, erase, record, update
from tests.support.postgres import being_read, database_of, execute, needs_postgres

pytestmark = needs_postgres()


async def test_days_that_were_cleaned_up_are_dropped_and_come_back_if_needed(
    replicas: list[Store], tmp_path: Path
) -> None:
    from analytics.postgres import database

    for each in replicas:
        await record(each, [update(at=NOON - 3 * DAY), update(at=NOON)])
    await delete_before(replicas[0], NOON - DAY)
    await replicas[0].put_setting("deleted_until", NOON - DAY)
    with being_read(database_of(tmp_path)), patch.object(database, "LOCK_MS_OWN", 10):
        assert await replicas[0].compact_if_due(NOON, nullcontext, large_too=True)
    await replicas[0].compact_if_due(NOON, nullcontext, large_too=True)
    tables = (
        "SELECT relname FROM pg_class WHERE relname ~ '^interactions_[0-9]+$' AND relkind = 'r'"
    )
    left = execute(database_of(tmp_path), tables)
    await record(replicas[1], [update(at=NOON - 3 * DAY)])

    assert left == [(f"interactions_{NOON // DAY}",)]
    assert await count(replicas[2]) == 5


async def test_a_deletion_after_the_compaction_began_is_compacted_later(
    replicas: list[Store],
) -> None:
    store, other = replicas[:2]
    await record(store, [update(at=NOON - 1), update(BO, at=NOON)])
    await delete_before(store, NOON)

    class Deleting(nullcontext[None]):
        async def __aexit__(self, *_error: object) -> None:
            await erase(other, BO)

    first = await store.compact_if_due(NOON, Deleting, large_too=True)
    due = (await store.totals(0, 0, 0)).is_compaction_due

    assert (first, due) == (False, True)
    assert await store.compact_if_due(NOON, nullcontext, large_too=True)
