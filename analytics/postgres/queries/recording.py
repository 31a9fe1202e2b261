"""Record what was received: a batch is one transaction, of two round trips."""

from collections import Counter
from collections.abc import Sequence

from analytics import batches
from analytics.errors import WrongPseudonymKey
from analytics.postgres.database import Transaction
from analytics.postgres.partitions import have_days
from analytics.postgres.queries import Queries
from analytics.postgres.queries.active_people import KNOWN, note_people, people_of
from analytics.postgres.queries.counters import HOURLY_COUNTS, add
from analytics.postgres.queries.settings import GET, marked
from analytics.store_types import Batch, Setting

# Returns those that were not remembered yet.
REMEMBER = """
    INSERT INTO bot_analytics.remembered_updates (update_id, received)
    SELECT id, %s FROM unnest(%s::bigint[]) AS id ORDER BY id
    ON CONFLICT DO NOTHING RETURNING update_id
"""
COUNT_EVENT = """
    INSERT INTO bot_analytics.daily_events AS was (day, kind, event, writer, count, people)
    SELECT day, kind, event, %s, more, people
    FROM unnest(%s::int[], %s::text[], %s::text[], %s::bigint[], %s::int[])
        AS row (day, kind, event, more, people)
    ON CONFLICT (day, kind, event, writer) DO UPDATE SET
        count = was.count + excluded.count, people = greatest(was.people, excluded.people)
"""
OPT_OUT = """
    INSERT INTO bot_analytics.opt_outs (reference)
    SELECT reference FROM unnest(%s::bigint[]) AS reference ORDER BY 1 ON CONFLICT DO NOTHING
"""
OPT_IN = "DELETE FROM bot_analytics.opt_outs WHERE reference = ANY(%s::bigint[])"
COUNT_DROPPED = """
    INSERT INTO bot_analytics.settings AS was (name, value) VALUES ('dropped', to_jsonb(%s::bigint))
    ON CONFLICT (name) DO UPDATE
    SET value = to_jsonb(was.value::bigint + excluded.value::bigint)
"""
# Those who are listed while this goes on wait for it, and then find what it has recorded.
ERASED = "SELECT reference, day FROM bot_analytics.erasures WHERE reference = ANY(%s::bigint[])"
OPTED_OUT = "SELECT reference FROM bot_analytics.opt_outs WHERE reference = ANY(%s::bigint[])"
FORGET_UPDATES = "DELETE FROM bot_analytics.remembered_updates WHERE received < %s"


class RecordingQueries(Queries):
    """The one way in for interactions."""

    async def record(self, batch: Batch) -> None:
        timestamps = {each.timestamp for each in batch.updates if each.interaction_type is not None}

        async def have_partitions() -> None:
            await have_days(self._database, timestamps)

        async def work(transaction: Transaction) -> None:
            key = await transaction.run(GET, (Setting.REFERENCES.value,))
            if batch.updates:
                await self._record(transaction, batch)
            written_with = batch.written_with
            if written_with is not None and await key.fetchone() != (written_with,):
                raise WrongPseudonymKey(
                    f"the pseudonym key of {self._database.name} was replaced",
                    "start all bots at this database again, with the new USER_ID_KEY",
                )
            if batch.dropped:
                await transaction.run(COUNT_DROPPED, (batch.dropped,))
            for statement in marked(batch.committed):
                await transaction.run(*statement)

        await self._database.transact(work, "recording", have_partitions)

    async def _record(self, transaction: Transaction, batch: Batch) -> None:
        writer, updates = self._database.writer, batch.updates
        ids = [each.update_id for each in updates if each.update_id is not None]
        references = {each.reference for each in updates if each.interaction_type is not None}
        remembered = await transaction.run(REMEMBER, (batch.received, ids))
        asked = await transaction.run(OPTED_OUT, (list({each.opt_out for each in updates}),))
        erased = await transaction.run(ERASED, (list(batch.waited),))
        known = await transaction.run(KNOWN, (list(references),))
        new = {update_id for (update_id,) in await remembered.fetchall()}
        opted_out = {reference for (reference,) in await asked.fetchall()}
        accepted, said = batches.accepted(updates, new, opted_out)
        days = {batch.waited[erasure]: day for erasure, day in await erased.fetchall()}
        accepted = batches.without_erased(accepted, days)
        rows = batches.interactions(accepted)
        active = people_of(await known.fetchall(), batches.moments(rows), batch.day_of)

        for statement, out in ((OPT_OUT, True), (OPT_IN, False)):
            if who := [each for each, is_out in said.items() if is_out is out]:
                await transaction.run(statement, (who,))
        events = sorted(batches.events(accepted, active.known, batch.people, batch.day_of).items())
        if events:
            columns = zip(*((*key, *sums) for key, sums in events), strict=True)
            await transaction.run(COUNT_EVENT, [writer, *map(list, columns)])
        if rows:
            types = self._database.types
            kinds = {(when, who, types[what]): count for (when, who, what), count in rows.items()}
            await note_people(transaction, active, kinds, writer)
            hours = Counter[tuple[int, int]]()
            for (when, _, kind), count in kinds.items():
                hours[when // 3_600 * 3_600, kind] += count
            await add(transaction, HOURLY_COUNTS, writer, hours)

    async def opted_out(self, opt_outs: Sequence[int]) -> set[int]:
        rows = await self._database.read(OPTED_OUT, (list(opt_outs),))
        return {reference for (reference,) in rows}

    async def forget_updates(self, before: int) -> None:
        await self._database.write((FORGET_UPDATES, (before,)))
