"""Updates that went wrong in people's bots, and others of their kinds, as a server sends them.

A file of tests/cases/ holds the updates of one batch, and what is to be recorded of them: who, what
kind and when, and what is counted by day.
"""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.sandbox import Sandbox
from tests.support.running import running_bot
from tests.support.second_connection import select
from tests.support.webhooks import webhook_settings

CASES = sorted((Path(__file__).parent.parent / "cases").glob("*.json"))
NOW = datetime.fromtimestamp(1_795_698_000, UTC)

EVENTS = "SELECT event, count FROM daily_events WHERE kind IN ('command', 'membership')"
INTERACTIONS = """
    SELECT reference, name, timestamp FROM interactions
    JOIN users ON users.id = user_id JOIN interaction_types AS types ON types.id = interaction_type
"""


@pytest.mark.parametrize("webhook", [False, True], ids=["polling", "webhook"])
async def test_who_acted_what_and_when_is_recorded_whatever_else_is_odd(
    webhook: bool, tmp_path: Path
) -> None:
    found, expected = {}, {}
    for path in CASES:
        case = json.loads(path.read_bytes())
        database = tmp_path / path.stem / "analytics.sqlite3"
        settings = webhook_settings(webhook=webhook) | {"pseudonymise_user_ids": False}
        async with Sandbox(clock=lambda: NOW) as sandbox:
            for update in case["updates"]:
                await sandbox.inject(update, forced=True)
            async with running_bot(sandbox, database, lambda: NOW, **settings):
                await sandbox.settled()
        rows = sorted(map(list, select(database, INTERACTIONS)))
        events = select(database, EVENTS)
        found[path.stem] = rows, dict(events)
        hours = [[who, what, when // 3600 * 3600] for who, what, when in case["interactions"]]
        expected[path.stem] = sorted(hours), case["events"]

    assert len(found) == len(CASES) > 50
    assert found == expected
