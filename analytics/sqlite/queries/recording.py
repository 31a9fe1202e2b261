"""Record what was received: one statement for a whole batch, the rest is done by triggers."""

import json
from collections.abc import Sequence

from analytics.sqlite.queries import Queries, Statement
from analytics.sqlite.queries.settings import marked
from analytics.store_types import Received

RECORD = """
    INSERT INTO received (
        update_id, reference, opt_out, interaction_type, timestamp, event, opting_out, people,
        received)
    SELECT
        json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
        json_extract(value, '$[3]'), json_extract(value, '$[4]'), json_extract(value, '$[5]'),
        json_extract(value, '$[6]'), json_extract(value, '$[#-1]'), ?2
    FROM json_each(?1)
"""
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

    async def record(
        self,
        updates: Sequence[Received],
        people: Sequence[int],
        received: int,
        dropped: int = 0,
        committed: str | None = None,
    ) -> None:
        counted = [[*update, number] for update, number in zip(updates, people, strict=True)]
        statements: list[Statement] = [(RECORD, (json.dumps(counted), received))]
        if dropped:
            statements.append((COUNT_DROPPED, (dropped,)))
        await self._write(*statements, *marked(committed))

    async def opted_out(self, opt_outs: Sequence[int]) -> set[int]:
        rows = await self._database.read(OPTED_OUT, (json.dumps(opt_outs),))
        return {reference for (reference,) in rows}

    async def forget_updates(self, before: int) -> None:
        await self._database.write(FORGET_UPDATES, (before,))
