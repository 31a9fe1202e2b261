"""Record what was received: a batch is one transaction."""

import json
from collections.abc import Sequence

from analytics import batches
from analytics.sqlite.queries import Queries
from analytics.sqlite.queries.active_people import note_people, read_people
from analytics.sqlite.queries.settings import marked
from analytics.sqlite.transactions import Transaction
from analytics.store_types import Batch

# Returns those that were not remembered yet.
REMEMBER = """
    INSERT INTO remembered_updates (update_id, received) SELECT value, ?2 FROM json_each(?1)
    WHERE TRUE ON CONFLICT DO NOTHING RETURNING update_id
"""
# VALUES, not SELECT: where a table has triggers, SQLite keeps what a SELECT returns in between.
ADD = """
    INSERT INTO interactions (timestamp, user_id, interaction_type, count) VALUES (
        ?1, ?2, (SELECT id FROM interaction_types WHERE name = ?3), ?4)
    ON CONFLICT DO UPDATE SET count = count + excluded.count
"""
COUNT_EVENT = """
    INSERT INTO daily_events (day, kind, event, count, people) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET
        count = count + excluded.count, people = max(people, excluded.people)
"""
OPT_OUT = "INSERT INTO opt_outs (reference) VALUES (?) ON CONFLICT DO NOTHING"
OPT_IN = "DELETE FROM opt_outs WHERE reference = ?"
COUNT_DROPPED = """
    INSERT INTO file_settings (name, value) VALUES ('dropped', ?)
    ON CONFLICT DO UPDATE SET value = value + excluded.value
"""
OPTED_OUT = """
    SELECT reference FROM opt_outs WHERE reference IN (SELECT value FROM json_each(?))
"""
FORGET_UPDATES = "DELETE FROM remembered_updates WHERE received < ?"


class RecordingQueries(Queries):
    """The one way in for interactions."""

    async def record(self, batch: Batch) -> None:
        # Only the process that records replaces the key, and it erases in turn.
        def work(transaction: Transaction) -> None:
            record(transaction, batch)
            if batch.dropped:
                transaction.run(COUNT_DROPPED, (batch.dropped,))
            for statement in marked(batch.committed):
                transaction.run(*statement)

        await self._database.transact(work)

    async def opted_out(self, opt_outs: Sequence[int]) -> set[int]:
        rows = await self._database.read(OPTED_OUT, (json.dumps(opt_outs),))
        return {reference for (reference,) in rows}

    async def forget_updates(self, before: int) -> None:
        await self._database.write(FORGET_UPDATES, (before,))


def record(transaction: Transaction, batch: Batch) -> None:
    """Record updates in turn; triggers keep the counters of interactions in step."""
    updates = batch.updates
    ids = [each.update_id for each in updates if each.update_id is not None]
    new = {each for (each,) in transaction.run(REMEMBER, (json.dumps(ids), batch.received))}
    asked = json.dumps(list({each.opt_out for each in updates}))
    opted_out = {each for (each,) in transaction.run(OPTED_OUT, (asked,))}
    accepted, said = batches.accepted(updates, new, opted_out)
    for statement, out in ((OPT_OUT, True), (OPT_IN, False)):
        transaction.run_many(statement, [(who,) for who, is_out in said.items() if is_out is out])
    rows = batches.interactions(accepted)
    active = read_people(transaction, batches.moments(rows), batch.day_of)
    events = batches.events(accepted, active.known, batch.people, batch.day_of)
    transaction.run_many(COUNT_EVENT, [(*key, *sums) for key, sums in events.items()])
    numbers = note_people(transaction, active)
    transaction.run_many(
        ADD, [(when, numbers[who], what, count) for (when, who, what), count in rows.items()]
    )
