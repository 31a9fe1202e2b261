"""Several processes at one PostgreSQL database: nothing is lost, counted twice or held up."""

import asyncio
import traceback
from contextlib import nullcontext
from pathlib import Path
from unittest.mock import patch

import pytest

from analytics import Access, DatabaseUnavailable
from analytics.acts import RemoveSetting
from analytics.store import Store
from analytics.store_types import Received, Token
from tests.store.model import Model
from tests.store.updates import (
    ADA,
    BO,
    CY,
    DAY,
    HOUR,
    NOON,
    TODAY,
    count,
    delete_before,
    erase,
    record,
    update,
)
from tests.support.events import event_of
from tests.support.postgres import database_of, execute, needs_postgres
from tests.support.postgres_recount import DIFFERENCES

pytestmark = needs_postgres()
PEOPLE = [ADA, BO, CY, *range(100, 110)]
COUNTERS = ("hourly_counts", "daily_events", "daily_users", "cohorts", "last_seen_hours")
UNFOLDED = "SELECT count(*) FROM bot_analytics.{} WHERE writer <> 0"


def batches() -> list[list[Received]]:
    """Every person in every batch, in turns; every update id in two of them."""
    return [
        [
            update(person, TODAY + turn * HOUR + place, update_id=(turn // 2) * 100 + place)
            for place, person in enumerate(PEOPLE[turn % 5 :] + PEOPLE[: turn % 5])
        ]
        for turn in range(12)
    ]


async def assert_is_recount(store: Store, model: Model) -> None:
    totals = await store.totals(TODAY, TODAY + 5 * HOUR, NOON)
    assert totals.types == model.types(0)
    since = TODAY, TODAY + 5 * HOUR, NOON
    assert [totals.daily, totals.weekly, totals.monthly] == [
        len(model.people(each)) for each in since
    ]
    cohorts = await store.cohort_counts(0, 0, TODAY)
    assert {(first, week): users for first, week, users in cohorts.weeks} == model.cohorts()
    assert dict(cohorts.days) == model.users_of_days(0)
    [(active, new)] = await store.seen_since([TODAY + HOUR])
    assert (active, new) == (len(model.people(TODAY + HOUR)), model.new(TODAY + HOUR))


async def test_replicas_that_record_the_same_people_at_once_count_each_update_once(
    replicas: list[Store],
) -> None:
    everything = batches()
    await asyncio.gather(
        *(record(replicas[turn % 4], batch) for turn, batch in enumerate(everything))
    )

    assert await count(replicas[0]) == 6 * len(PEOPLE)
    model = Model()
    for row in await replicas[0].interactions(1_000, None, None):
        model.rows.append((int(row.timestamp.timestamp()), row.user_id, "message"))
    for at, who, _ in sorted(model.rows):
        model.first_seen.setdefault(who, at)
    assert len(model.first_seen) == len(PEOPLE)
    await assert_is_recount(replicas[0], model)


async def test_counts_stay_the_same_when_those_of_all_processes_are_folded(
    replicas: list[Store], tmp_path: Path
) -> None:
    model = Model()
    for turn, batch in enumerate(batches()):
        await record(replicas[turn % 4], batch)
        model.record(batch, 0)
    events = [update(ADA, NOON, None, events=[event_of("/help")])]
    for each in replicas:
        await record(each, events)
    assert await erase(replicas[0], ADA) == model.delete(lambda _at, who: who == ADA)
    assert await replicas[1].compact_if_due(NOON, nullcontext, large_too=True)
    left = [execute(database_of(tmp_path), UNFOLDED.format(each)) for each in COUNTERS]
    await record(replicas[2], events)

    await assert_is_recount(replicas[3], model)
    assert [each.count for each in await replicas[3].event_days(0)] == [5]
    assert left == [[(0,)]] * len(COUNTERS)


async def test_counts_are_right_when_some_record_while_others_delete(
    replicas: list[Store], tmp_path: Path
) -> None:
    for turn in range(6):
        ago = [*range(0, 4 * DAY, DAY // 2), 7 * DAY]
        await asyncio.gather(
            *(
                record(each, [update(who, NOON - at) for at in ago for who in PEOPLE])
                for each in replicas
            ),
            delete_before(replicas[turn % 4], NOON - 3 * DAY, 5),
            *(erase(replicas[(turn + place) % 4], who) for place, who in enumerate(PEOPLE[:6])),
        )

        assert execute(database_of(tmp_path), DIFFERENCES) == []


async def test_a_batch_cancelled_at_any_step_is_whole_or_not_there_and_the_next_one_works(
    replicas: list[Store], tmp_path: Path
) -> None:
    store = replicas[0]
    cancelled = 0
    for steps in range(0, 60, 2):
        ids = range(steps * 10, steps * 10 + 3)
        batch = [update(100 + each, NOON + each, update_id=each) for each in ids]
        recording = asyncio.ensure_future(record(store, batch))
        for _ in range(steps):
            await asyncio.sleep(0)
        cancelled += recording.cancel()
        await asyncio.wait([recording])
        left = sum([len(await replicas[1].interactions_of(100 + each)) for each in ids])
        await record(store, batch)

        assert left in (0, 3)
        assert [len(await replicas[1].interactions_of(100 + each)) for each in ids] == [1, 1, 1]

    assert cancelled > 5
    assert await count(store) == 90
    assert execute(database_of(tmp_path), DIFFERENCES) == []


async def test_no_reference_is_in_an_error_or_the_log(
    replicas: list[Store], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    import psycopg

    from analytics.postgres import database

    person = 2**62 + 12_345
    url = database_of(tmp_path)
    waiting = (
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    await record(replicas[0], [update(at=NOON)])
    with psycopg.connect(url) as other, patch.object(database, "ATTEMPTS", 1):
        come = "INSERT INTO bot_analytics.users VALUES (1, %s, 0, 1, 0, 0, 1)"
        other.execute(come, (person,))
        recording = asyncio.ensure_future(record(replicas[1], [update(person)]))
        while execute(url, waiting) == [(0,)]:  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0)
        other.commit()
        with pytest.raises(DatabaseUnavailable) as failed:
            await recording

    told = "".join(traceback.format_exception(failed.value)) + caplog.text
    assert "duplicate key" in told
    assert str(person) not in told


async def test_each_process_knows_how_far_its_own_spool_is_committed(
    replicas: list[Store],
) -> None:
    await asyncio.gather(
        *(each.note_committed(f"token {place}:{place}") for place, each in enumerate(replicas))
    )
    await replicas[0].compact_if_due(NOON, nullcontext, large_too=True)

    assert [await replicas[1].committed(f"token {place}") for place in range(4)] == [0, 1, 2, 3]


async def test_no_more_notes_are_added_than_there_may_be_by_all_processes(
    replicas: list[Store],
) -> None:
    added = await asyncio.gather(
        *(each.add_note(NOON, "deployed", 3) for each in replicas for _ in range(3))
    )

    assert len(added) - added.count(None) == len(await replicas[0].notes()) == 3


async def test_one_process_gets_the_turn_uses_up_a_token_or_replaces_a_setting(
    replicas: list[Store],
) -> None:
    token = Token("confirmation", None, NOON + HOUR)
    for moment in (NOON, NOON + HOUR, NOON + 2 * HOUR):
        turns = [each.take_turn("cleanup", moment, moment) for each in replicas]
        added = [each.add_token(str(moment), token, issued=NOON, now=NOON) for each in replicas]
        taken = [each.replace_setting("name", None, place) for place, each in enumerate(replicas)]

        assert sum(await asyncio.gather(*turns)) == 1
        assert sum(await asyncio.gather(*added)) == 1
        assert sum(await asyncio.gather(*taken)) == 1

        links = [each.take_token(str(moment), "confirmation") for each in replicas]
        assert [each for each in await asyncio.gather(*links) if each] == [token]
        await replicas[0].perform(RemoveSetting("name"))


async def test_the_newest_update_is_that_of_any_process_and_not_of_a_wrong_clock(
    replicas: list[Store],
) -> None:
    before = await replicas[0].last_received()
    noted = []
    for place, moment in enumerate((NOON, NOON - HOUR, NOON + HOUR, NOON + 400 * DAY, NOON)):
        await replicas[place % 4].note_received(moment)
        noted.append(await replicas[0].last_received())

    assert before is None
    assert noted == [NOON, NOON, NOON + HOUR, NOON + 400 * DAY, NOON]


async def test_a_process_that_is_stopped_in_a_transaction_holds_up_no_other(
    tmp_path: Path,
) -> None:
    from psycopg import OperationalError

    from analytics.postgres import database
    from analytics.postgres.connections import Server
    from analytics.postgres.store import open_store

    url = database_of(tmp_path)
    async with open_store(url, Access.OWN) as store:
        await record(store, [update(ADA, update_id=1)])
        stopped = await Server(url).connect()
        try:
            async with stopped.pipeline():
                # Sent, and answered, but not as the last of a pipeline: so the server waits.
                await stopped.execute(b"BEGIN")
                locked = await stopped.execute(b"SELECT 1 FROM bot_analytics.users FOR UPDATE")
                await locked.fetchall()
                with (
                    patch.multiple(database, LOCK_MS_OWN=100, IDLE_MS=50),
                    pytest.raises(DatabaseUnavailable, match="lock timeout"),
                ):
                    await record(store, [update(ADA, update_id=2)])
                await record(store, [update(ADA, update_id=2)])
        except OperationalError:
            pass  # it is told when it goes on
        finally:
            await stopped.close()

        assert await count(store) == 2
