"""What was acknowledged is not lost with the process, though the database was locked."""

import signal
from pathlib import Path

import pytest

from analytics.sqlite.files import spool
from bot.sandbox import Sandbox
from tests.faults.database import Story
from tests.faults.ends import FAULTS
from tests.faults.kills import MAX_SHUTDOWN
from tests.faults.table import Fault
from tests.support.conversation import ask
from tests.support.processes import bot_process
from tests.support.second_connection import locked, select
from tests.support.stored import remembered

ADMIN = 6_000_000_001


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_nothing_is_lost_or_counted_twice(fault: Fault) -> None:
    row = await fault.inject(fault.short)

    assert row.acknowledged > 0
    assert (row.lost, row.counted_twice) == (0, 0)


async def test_what_was_asked_while_it_was_locked_is_done_at_the_next_start(
    sandbox: Sandbox, database: Path
) -> None:
    more = {"ERASE_WHEN_BLOCKED": "true", "ADMIN_IDS": str(ADMIN)}
    tale = Story(sandbox, database)
    admin, leaves, opts_out = sandbox.person(ADMIN), sandbox.person(), sandbox.person()
    async with bot_process(sandbox, database, **more) as bot:
        for person in (leaves, opts_out):
            await ask(person, "good morning")
        with locked(database):
            await leaves.blocks_bot()
            for person, text in ((opts_out, "/optout"), (admin, "/stats")):
                await ask(person, text)
            await tale.talk()
            await sandbox.settled()
            bot.send(signal.SIGKILL)
            await bot.ended(MAX_SHUTDOWN)
            kept = spool(database).stat().st_mode & 0o777
    async with bot_process(sandbox, database, **more) as bot:
        await tale.talk(1)
        await sandbox.settled()
        bot.send(signal.SIGTERM)
        await bot.ended(MAX_SHUTDOWN)
    blocked = select(
        database, "SELECT count(*) FROM user_interactions WHERE interaction_type = 'my_chat_member'"
    )
    people = select(database, "SELECT count(*) FROM users")
    opted_out = select(database, "SELECT count(*) FROM opt_outs")
    looks = select(database, "SELECT action FROM audit_trail")

    assert (blocked, opted_out, looks) == ([(0,)], [(1,)], [("stats",)])
    # Five of the story, the admin, and who opted out.
    assert people == [(7,)]
    assert set(tale.said) <= remembered(database)
    assert kept == 0o600
    assert not spool(database).exists()
