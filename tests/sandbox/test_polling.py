"""getUpdates, as Telegram's own server does it."""

import asyncio

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox import Sandbox, updates
from bot.sandbox.calls import Call
from bot.sandbox.server import utc_now
from bot.sandbox.updates import Updates
from tests.support.client import Client
from tests.support.clock import Clock

REACTION = {"message_reaction": {"chat": {"id": 1, "type": "private"}}}
UNKNOWN = {"thought": {"from": {"id": 1}}}


async def test_what_is_not_acknowledged_is_delivered_again(
    sandbox: Sandbox, client: Client
) -> None:
    await sandbox.person().says("hello")

    assert await client.poll() == [1000]
    assert await client.poll() == [1000]
    assert sandbox.updates.deliveries == {1000: 2}
    assert sandbox.updates.acknowledged == set()


async def test_an_offset_acknowledges_everything_below_it_and_nothing_else(
    sandbox: Sandbox, client: Client
) -> None:
    for _ in range(4):
        await sandbox.person().says("hello")
    await client.poll()

    assert await client.poll(offset=1002) == [1002, 1003]
    assert sandbox.updates.acknowledged == {1000, 1001}
    assert await client.poll() == [1002, 1003]


async def test_a_call_brings_at_most_its_limit_and_never_more_than_100(
    sandbox: Sandbox, client: Client
) -> None:
    ada = sandbox.person()
    for _ in range(120):
        await ada.says("hello")

    assert len(await client.poll(limit=7)) == 7
    assert len(await client.poll(limit=1000)) == 100
    assert len(await client.poll()) == 100


async def test_a_negative_offset_forgets_all_but_the_last(sandbox: Sandbox, client: Client) -> None:
    for _ in range(5):
        await sandbox.person().says("hello")

    assert await client.poll(offset=-2) == [1003, 1004]
    assert await client.poll() == [1003, 1004]
    assert sandbox.updates.dropped == {1000, 1001, 1002}


async def test_a_poll_waits_for_the_next_update(sandbox: Sandbox, client: Client) -> None:
    poll = asyncio.create_task(client.poll(timeout=30))
    await sandbox.called("getUpdates")
    await sandbox.person().says("hello")

    assert await poll == [1000]


async def test_a_poll_ends_empty_when_its_time_is_over(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(updates, "MAX_POLL", 0.001)

    async with asyncio.timeout(5):
        assert await client.poll(timeout=30) == []


async def test_a_second_poller_ends_the_poll_of_the_first(sandbox: Sandbox, client: Client) -> None:
    first = asyncio.create_task(client.call("getUpdates", timeout=30))
    await sandbox.called("getUpdates")
    second = asyncio.create_task(client.poll(timeout=30))

    assert await first == {
        "ok": False,
        "error_code": 409,
        "description": "Conflict: terminated by other getUpdates request; "
        "make sure that only one bot instance is running",
    }
    await sandbox.person().says("hello")
    assert await second == [1000]


async def test_a_bot_that_dies_takes_no_update_with_it(sandbox: Sandbox, client: Client) -> None:
    async with aiohttp.ClientSession() as http:
        dying = asyncio.create_task(Client(sandbox, http).poll(timeout=30))
        await sandbox.called("getUpdates")
    with pytest.raises(aiohttp.ClientError):
        await dying
    await client.result("getMe")
    await sandbox.person().says("hello")

    assert await client.poll() == [1000]
    assert sandbox.updates.deliveries == {1000: 1}


async def test_kinds_not_asked_for_are_never_stored(sandbox: Sandbox, client: Client) -> None:
    await client.poll(allowed_updates=["message"])

    assert await sandbox.inject({"inline_query": {}}) is None
    assert await sandbox.person().says("hello") == 1000
    assert await client.poll(allowed_updates=["message", "inline_query"]) == [1000]


async def test_the_list_of_kinds_stays_until_another_is_given(
    sandbox: Sandbox, client: Client
) -> None:
    await client.poll(allowed_updates=["message_reaction"])
    await client.poll()

    assert await sandbox.inject(REACTION) == 1000
    assert await sandbox.person().says("hello") is None


@pytest.mark.parametrize("given_list", [None, []])
async def test_by_default_members_and_reactions_are_not_asked_for(
    sandbox: Sandbox, client: Client, given_list: list[str] | None
) -> None:
    if given_list is not None:
        await client.poll(allowed_updates=["poll"])
        await client.poll(allowed_updates=given_list)

    for kind in ("chat_member", "message_reaction", "message_reaction_count"):
        assert await sandbox.inject({kind: {}}) is None
    assert await sandbox.inject({"my_chat_member": {}}) == 1000


async def test_an_update_of_a_kind_that_is_not_allowed_can_be_forced_on_the_bot(
    sandbox: Sandbox, client: Client
) -> None:
    await client.poll(allowed_updates=["message"])
    await sandbox.inject(UNKNOWN, forced=True)

    assert await client.result("getUpdates") == [{"update_id": 1000, **UNKNOWN}]


async def test_ids_that_restarted_lower_reach_a_bot_with_a_high_offset(
    sandbox: Sandbox, client: Client
) -> None:
    await sandbox.person().says("before")
    await client.poll()
    await client.poll(offset=1001)
    sandbox.updates.restart_ids(5)
    await sandbox.person().says("after")

    assert await client.poll(offset=1001) == [5]
    assert await client.poll(offset=1001) == [5]
    assert await client.poll(offset=6) == []
    assert sandbox.updates.acknowledged == {1000, 5}


async def test_a_repeated_id_is_delivered_again_and_can_be_acknowledged(
    sandbox: Sandbox, client: Client
) -> None:
    await sandbox.person().says("one")
    await sandbox.person().says("two")
    await client.poll()
    await client.poll(offset=1002)
    await sandbox.inject({"update_id": 1000, **UNKNOWN})
    await sandbox.person().says("three")
    await sandbox.inject({"update_id": 1001, **UNKNOWN})

    assert await client.poll(offset=1002) == [1000, 1002, 1001]
    assert await client.poll(offset=1002) == [1002]
    assert await client.poll(offset=1003) == []


async def test_what_nobody_fetches_grows_too_old(
    sandbox: Sandbox, client: Client, clock: Clock
) -> None:
    await sandbox.inject({"callback_query": {}})
    await sandbox.inject({"message": {}})
    clock.move(seconds=150)

    assert await client.poll() == [1001]
    clock.move(hours=24)
    assert await client.poll() == []
    assert sandbox.updates.dropped == {1000, 1001}


async def test_settled_waits_until_everything_is_acknowledged(
    sandbox: Sandbox, client: Client
) -> None:
    await sandbox.person().says("hello")
    with pytest.raises(TimeoutError, match="acknowledgement of 1 updates: not within 0 s"):
        await sandbox.settled(within=0)
    settled = asyncio.create_task(sandbox.settled())
    await client.poll()
    await client.poll(offset=1001)

    await settled


@given(st.lists(st.sampled_from(["create", "repeat", "poll", "crash"]), max_size=60))
def test_an_honest_bot_that_crashes_gets_every_update_acknowledged_only_once_received(
    steps: list[str],
) -> None:
    queue = Updates(1000, utc_now)
    created: list[int] = []
    received: list[int] = []
    offset = 0

    def poll(offset: int) -> list[int]:
        call = Call("getUpdates", {"offset": offset, "limit": 3}, {}, 0.0)
        return [update["update_id"] for update in asyncio.run(queue.poll(call))]

    for step in [*steps, *["poll"] * (len(steps) + 2)]:
        match step:
            case "create":
                created.append(queue.create({"message": {}}) or 0)
            case "repeat" if created:
                queue.create({"update_id": created[0], "message": {}})
            case "crash":
                offset = 0
            case "poll":
                batch = poll(offset)
                received += batch
                offset = batch[-1] + 1 if batch else offset
                assert queue.acknowledged <= set(received)

    assert set(received) == queue.acknowledged == set(created)
    assert not queue.dropped
    assert not len(queue)
