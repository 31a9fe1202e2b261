"""Replicas of a bot behind a load balancer: people and admins do not see which one answers."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from analytics import Period
from analytics.telegram.texts import cleanup, rights
from bot.sandbox import Person, Sandbox
from tests.support.balanced import Balancer, balanced
from tests.support.clock import Clock
from tests.support.conversation import ask, click, tap
from tests.support.postgres import needs_postgres
from tests.support.service import days_ago

pytestmark = needs_postgres()
ADMIN, OTHER = 6_000_000_011, 6_000_000_012
OPTIONS: dict[str, Any] = {"admin_ids": {ADMIN, OTHER}, "digest": "off", "silence_alert_hours": 0}


@pytest.fixture
async def bots(sandbox: Sandbox, tmp_path: Path, clock: Clock) -> AsyncIterator[Balancer]:
    async with balanced(sandbox, tmp_path, clock, **OPTIONS) as balancer:
        yield balancer


async def total(bots: Balancer) -> int:
    report = await bots.replicas[0].attached.analytics.get_admin_analytics_report()
    return report.total_interactions or 0


async def test_an_opt_out_at_one_replica_holds_for_the_next_message_at_the_other(
    bots: Balancer, sandbox: Sandbox
) -> None:
    person = sandbox.person()
    await ask(person, "hello")
    counted = await total(bots)
    await ask(person, "/optout")
    bots.at = 1
    await ask(person, "hello")
    shown = await ask(person, "/mydata")
    await person.answer()  # the file
    still = await total(bots)
    await ask(person, "/optin")
    bots.at = 0
    await ask(person, "hello")

    assert (counted, still) == (1, 1)
    assert "opted out" in shown
    assert await total(bots) == 2


async def test_an_erasure_is_asked_for_at_one_replica_and_confirmed_at_the_other(
    bots: Balancer, sandbox: Sandbox
) -> None:
    person = sandbox.person()
    for at in (0, 1):
        bots.at = at
        await ask(person, "hello")
    await ask(person, "/forgetme")
    bots.at = 0
    said = await tap(person, rights.CONFIRM)
    erased = await total(bots)
    bots.at = 1
    await ask(person, "hello")

    assert said.startswith("Erased from the database: 2 interactions")
    assert erased == 0
    assert await total(bots) == 1


def clicked(person: Person) -> dict[str, Any]:
    """The click on the button that confirms."""
    message = person.transcript[-1].message
    data = message["reply_markup"]["inline_keyboard"][0][0]["callback_data"]
    return click(person, message, str(data))


async def test_a_confirmation_pressed_at_both_replicas_deletes_once_and_the_other_is_told(
    bots: Balancer, sandbox: Sandbox
) -> None:
    owner = sandbox.person(ADMIN)
    analytics = bots.replicas[1].attached.analytics
    await analytics.record(days_ago(100, 5))
    await ask(owner, "/cleanup 90")
    update = clicked(owner)
    bots.turns = [1, 0]
    for _ in range(2):
        await sandbox.inject(update)
    refused = (await owner.answer()).text
    while "Deleted:" not in (deleted := (await owner.sees_edit()).text):
        pass
    entries = await analytics.audit_log.entries([ADMIN])

    assert "Deleted: 5 interactions" in deleted
    assert refused == cleanup.TOO_OLD
    assert [each.telegram_id for each in entries] == [ADMIN]


async def test_an_alert_is_sent_once_and_not_by_any_replica_to_whom_muted_it(
    sandbox: Sandbox, tmp_path: Path, clock: Clock
) -> None:
    admin, other = sandbox.person(ADMIN), sandbox.person(OTHER)
    options = OPTIONS | {"silence_alert_hours": 2}
    async with balanced(sandbox, tmp_path, clock, 3, **options) as bots:
        await ask(other, "hello")
        await ask(admin, "/alerts")
        bots.at = 1
        await admin.clicks("🔕 Mute: No updates")
        await admin.sees_edit()
        for _ in range(6):
            clock.move(minutes=61)
            await asyncio.gather(*(each.tick() for each in bots.replicas))

    def alerts(person: Person) -> int:
        return len([line for line in person.transcript if "No updates since" in line.text])

    assert (alerts(admin), alerts(other)) == (0, 1)


async def test_silence_is_that_of_all_replicas_also_where_nothing_is_recorded(
    sandbox: Sandbox, tmp_path: Path, clock: Clock
) -> None:
    admin, person = sandbox.person(ADMIN), sandbox.person()
    options = OPTIONS | {"silence_alert_hours": 3}
    async with balanced(sandbox, tmp_path, clock, 2, **options) as bots:

        async def passing(hours: int, *, heard: bool) -> int:
            for _ in range(hours):
                if heard:
                    await ask(person, "hello")
                clock.move(minutes=61)
                for each in bots.replicas:
                    await each.tick()
            return len([line for line in admin.transcript if "No updates since" in line.text])

        await ask(person, "/optout")
        bots.at = 1
        heard = await passing(8, heard=True)
        silent = await passing(8, heard=False)

    assert (heard, silent) == (0, 1)


async def test_a_digest_is_sent_once(sandbox: Sandbox, tmp_path: Path, clock: Clock) -> None:
    admin = sandbox.person(ADMIN)
    async with balanced(sandbox, tmp_path, clock, 3, **OPTIONS | {"digest": "daily"}) as bots:
        await ask(admin, "hello")
        before = len(admin.transcript)
        for _ in range(3 * 24):
            clock.move(hours=1)
            await asyncio.gather(*(each.tick() for each in bots.replicas))

    said = [line.text for line in admin.transcript[before:] if "<b>" not in line.text]

    assert len([text for text in said if "Active" in text]) == 3


async def test_starts_by_a_link_are_counted_at_a_replica_that_did_not_make_it(
    bots: Balancer, sandbox: Sandbox
) -> None:
    one, other = (each.attached.analytics for each in bots.replicas)
    link = await one.links.make("poster")
    bots.at = 1
    for argument in (link.code, "abcdef", "ref-17"):
        await ask(sandbox.person(), f"/start {argument}")
    events = (await other.reports.period(Period.WEEK)).events

    assert events
    starts = {code: each.starts for code, each in events.start_links.items()}
    assert starts == {link.code: 1, "other": 2}
