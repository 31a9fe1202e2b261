"""One process at a time holds the lease to poll, and another takes it over."""

import asyncio
import itertools
import logging
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from analytics import Access, DatabaseUnavailable
from analytics import lease as any_lease
from analytics.lease import Term, Unshared, steady
from analytics.store import Store
from tests.support.cuts import Cut
from tests.support.examples import examples
from tests.support.postgres import (
    database_of,
    execute,
    needs_postgres,
    own_server,
    shared_server,
    start_server,
    stop_server,
    url_of,
)
from tests.support.webhooks import free_port

if TYPE_CHECKING:
    from analytics.postgres.lease import PostgresLease
else:
    try:
        from analytics.postgres.lease import PostgresLease
    except ImportError:  # not everyone has the extra
        PostgresLease = object

pytestmark = needs_postgres()
ROW = "SELECT holder, token FROM bot_analytics.lease"
# The database of all histories.
SHARED = Path(__file__)
FREE = "DELETE FROM bot_analytics.lease"
NUMBERS = itertools.count(1)
# A test waits no longer, in seconds; nor need it wait long.
WITHIN = 60.0


class Seconds:
    """A clock that goes when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def lease_of(url: str, holder: int, clock: Any = steady) -> "PostgresLease":
    from analytics.postgres.connections import Server

    return PostgresLease(Server(url), holder, clock)


@pytest.fixture
async def url(tmp_path: Path) -> str:
    return await prepared(database_of(tmp_path))


async def prepared(url: str) -> str:
    """Make the schema at a URL."""
    from analytics.postgres.store import open_store

    async with open_store(url, Access.OWN):
        return url


@asynccontextmanager
async def leases(url: str, count: int) -> AsyncIterator[Sequence["PostgresLease"]]:
    """The leases of several processes, which look often."""
    from analytics.postgres import lease

    async with AsyncExitStack() as stack:
        stack.enter_context(patch.object(lease, "LOOK_EVERY", 0.01))
        stack.enter_context(patch.object(any_lease, "LOOK_EVERY", 0.01))
        found = [await lease_of(url, next(NUMBERS)) for _ in range(count)]
        for each in found:
            stack.push_async_callback(each.close)
        yield found


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN):
        while not condition():  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0)


async def taken(taking: "asyncio.Task[Term]") -> Term:
    async with asyncio.timeout(WITHIN):
        return await taking


async def test_one_process_holds_it_and_when_that_gives_it_up_another_takes_it(url: str) -> None:
    async with leases(url, 3) as processes:
        taking = [asyncio.create_task(each.take()) for each in processes]
        held = []
        while taking:
            done, _ = await asyncio.wait(taking, return_when=asyncio.FIRST_COMPLETED)
            [first] = done
            place = taking.index(first)
            term = await taken(first)
            held.append(processes[place])
            assert not term.is_over
            assert await processes[place].take() is term
            waiting = [each for each in processes if each not in held]
            for each in waiting:
                await until(lambda each=each: each.is_waiting)  # type: ignore[misc]
            assert not processes[place].is_waiting
            assert not any(each.done() for each in taking if each is not first)
            await processes[place].give_up()
            assert term.is_over
            taking.pop(place)
            processes = [each for each in processes if each is not held[-1]]

    assert len(held) == 3
    assert execute(url, ROW) == []


async def test_a_holder_that_renews_keeps_it(url: str) -> None:
    from analytics.postgres import lease

    with patch.object(lease, "RENEW_EVERY", 0.01):
        async with leases(url, 2) as (holder, other):
            term = await holder.take()
            waiting = asyncio.create_task(other.take())
            for _ in range(5):
                [row] = execute(url, ROW)
                await until(lambda row=row: execute(url, ROW) != [row])  # type: ignore[misc]

            assert not term.is_over
            assert not waiting.done()
            waiting.cancel()


async def test_a_holder_that_is_gone_is_replaced_once_its_lease_has_run_out(url: str) -> None:
    """By the clock of who waits, in which nothing else happens."""
    clock = Seconds()
    async with AsyncExitStack() as stack:
        gone, *others = [await lease_of(url, number, clock) for number in (1, 2, 3)]
        for each in (gone, *others):
            stack.push_async_callback(each.close)
        term = await gone.try_to_take()
        assert term is not None
        clock.now += 3
        assert [await each.try_to_take() for each in others] == [None, None]
        clock.now += 5.9
        assert not term.is_over
        clock.now += 0.2
        assert term.is_over  # a second before another may take it
        clock.now += 3.8
        assert [await each.try_to_take() for each in others] == [None, None]
        clock.now += 0.2
        new, refused = [await each.try_to_take() for each in others]
        assert new is not None
        assert not new.is_over
        assert refused is None
        late = Term(clock=clock)
        await gone.extend(late)
        assert late.is_over
        clock.now += 3
        await others[0].extend(new)
        assert await others[1].try_to_take() is None
        clock.now += 9.9
        assert await others[1].try_to_take() is None
        clock.now += 0.2
        assert new.is_over
        assert await others[1].try_to_take()


async def test_a_term_that_was_over_is_not_extended() -> None:
    clock = Seconds()
    term = Term(1009.0, clock)
    clock.now = 1009.0
    term.extend(1100.0)  # nobody has looked yet
    clock.now = 1000.0

    assert term.is_over
    await term.over()


def test_the_clock_goes_on_while_the_process_is_stopped() -> None:
    """And on Linux and macOS while the computer sleeps, which no test can try."""
    between = time.monotonic()
    began, between = steady(), time.monotonic() - between
    assert 0 <= between < WITHIN
    assert steady() >= began
    assert not hasattr(time, "CLOCK_BOOTTIME") or any_lease.CLOCK == time.CLOCK_BOOTTIME


async def test_the_lease_of_a_file_is_held_for_ever() -> None:
    lease = Unshared()
    term = await lease.take()
    await lease.give_up()

    assert not term.is_over
    assert not lease.is_waiting


async def test_a_holder_that_is_cut_off_stops_and_holds_up_nobody(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What is sent is swallowed, so that nothing fails but time."""
    from analytics.postgres import lease

    caplog.set_level(logging.INFO, "analytics.postgres.lease")
    database = url.split("@/")[1].split("?")[0]
    async with Cut(shared_server().port) as cut:
        through = f"postgresql://bot@127.0.0.1:{cut.port}/{database}"
        with (
            patch.object(lease, "LENGTH", 3.0),
            patch.object(lease, "MARGIN", 0.3),
            patch.object(lease, "TIMEOUT", 0.2),
            patch.object(lease, "RENEW_EVERY", 0.1),
        ):
            async with leases(through, 1) as [holder], leases(url, 1) as [other]:
                term = await holder.take()
                waiting = asyncio.create_task(other.take())
                await until(lambda: other.is_waiting)
                cut.off()
                async with asyncio.timeout(WITHIN):
                    await term.over()
                assert not waiting.done()
                await taken(waiting)
                again = asyncio.create_task(holder.take())
                await asyncio.sleep(0)
                cut.on()
                await until(lambda: holder.is_waiting)
                assert not again.done()
                again.cancel()

    said = [record.getMessage() for record in caplog.records]
    assert said.count("this process polls from now on") >= 2
    assert said.count("another process polls: this one waits to take over") >= 2
    assert "this process stops polling: its lease has run out, or another has it" in said
    assert any("cannot be renewed" in each for each in said)


async def test_a_holder_goes_on_after_a_restart_of_the_server() -> None:
    port = free_port()
    options = "-c listen_addresses="
    with own_server(port, options) as folder:
        url = await prepared(url_of(folder, "postgres", port))
        async with leases(url, 2) as (holder, other):
            from analytics.postgres import lease

            with patch.object(lease, "RENEW_EVERY", 0.01):
                term = await holder.take()
                waiting = asyncio.create_task(other.take())
                stop_server(folder, "immediate")
                start_server(folder, port, options)
                [(number, token)] = execute(url, ROW)
                await until(lambda: (number, token) not in execute(url, ROW))

                assert [each for each, _ in execute(url, ROW)] == [number]
                assert not term.is_over
                assert not waiting.done()
                waiting.cancel()


async def test_a_process_that_ends_while_it_takes_the_lease_leaves_it_to_the_others(
    url: str,
) -> None:
    """Whatever is under way is cancelled: the server may have heard of it."""
    for steps in range(0, 60, 3):
        async with leases(url, 1) as [ending]:
            taking = asyncio.create_task(ending.take())
            for _ in range(steps):
                await asyncio.sleep(0)
            taking.cancel()
            await asyncio.wait({taking})

        assert execute(url, ROW) == []


async def test_both_stores_have_a_lease(store: Store) -> None:
    term = await store.lease.take()

    assert not term.is_over
    assert not store.lease.is_waiting
    await store.lease.give_up()


class Delayed(PostgresLease):
    """A lease whose requests and answers take as long as a test says, and may be lost."""

    on_the_way: "asyncio.Future[bool] | None" = None
    work: "asyncio.Task[Term | None] | None" = None
    term: Term | None = None

    async def ask(self, sql: str, **parameters: Any) -> Sequence[tuple[Any, ...]]:
        await self.way()
        rows = await super().ask(sql, **parameters)
        await self.way()
        return rows

    async def way(self) -> None:
        self.on_the_way = asyncio.get_running_loop().create_future()
        if not await self.on_the_way:
            raise DatabaseUnavailable("lost on the way", "try again")

    async def goes_on(self, arrives: bool) -> None:
        """Until the next thing is on its way, or all is done; the first step asks."""
        if self.work is None:
            self.work = asyncio.create_task(self.works())
        elif self.on_the_way:
            self.on_the_way.set_result(arrives)
        self.on_the_way = None
        work = self.work
        await until(lambda: work.done() or self.on_the_way is not None)
        if work.done():
            self.term, self.work = work.result(), None

    async def works(self) -> Term | None:
        try:
            if self.term is None or self.term.is_over:
                return await self.try_to_take()
            await self.extend(self.term)
        except DatabaseUnavailable:
            pass
        return self.term

    async def dies(self) -> None:
        """As a killed process: it says nothing more."""
        if self.work is not None:
            self.work.cancel()
            await asyncio.wait({self.work})
        await self._session.close()


async def test_a_term_begins_before_its_request_and_the_wait_for_another_after_its_answer(
    url: str,
) -> None:
    from analytics.postgres.connections import Server

    clock = Seconds()
    slow, other = [Delayed(Server(url), number, clock) for number in (1, 2)]
    for steps in (5, 3):  # of taking it, and of a renewal
        sent = clock.now
        for _ in range(steps):
            await slow.goes_on(arrives=True)
            clock.now += 1.5
        assert slow.term is not None
        clock.now = sent + 8.9
        assert not slow.term.is_over
        clock.now = sent + 5
    clock.now = sent + 9
    assert slow.term is not None
    assert slow.term.is_over

    await other.goes_on(arrives=True)
    await other.goes_on(arrives=True)
    clock.now += 5
    await other.goes_on(arrives=True)
    clock.now += 9.9
    for _ in range(3):
        await other.goes_on(arrives=True)
    assert other.work is None
    assert other.term is None
    clock.now += 0.2
    for _ in range(5):
        await other.goes_on(arrives=True)
    assert other.term is not None
    for each in (slow, other):
        await each.dies()


class History:
    """Some processes at one database, whose requests are slow and lost as chance has it."""

    def __init__(self, url: str, chance: random.Random) -> None:
        self.url = url
        self.chance = chance
        self.clock = Seconds()
        self.processes = [self.new() for _ in range(3)]
        self.due = [self.clock.now] * 3

    def new(self) -> Delayed:
        from analytics.postgres.connections import Server

        return Delayed(Server(self.url), next(NUMBERS), self.clock)

    async def happens(self) -> None:
        """Whatever is the next to happen."""
        which = min(range(3), key=self.due.__getitem__)
        process = self.processes[which]
        self.clock.now = self.due[which]
        await process.goes_on(arrives=self.chance.random() < 0.95)
        if self.chance.random() < 0.01:
            await process.dies()
            self.processes[which] = self.new()
        if process.work is None:
            self.due[which] += 3 if process.term and not process.term.is_over else 1
        else:  # it is stopped, or packets are lost
            self.due[which] += self.chance.choice([0, 0, 0, 0, 0, 0, 0, 0, 4, 8])

    def holders(self) -> int:
        return sum(not each.term.is_over for each in self.processes if each.term)


@given(seed=st.integers(0, 10**9))
@settings(max_examples=examples(10), phases=[Phase.generate])
def test_never_do_two_hold_it_however_slow_or_lost_their_requests_are(seed: int) -> None:
    async def happens() -> None:
        history = History(place, random.Random(seed))
        seen = set()
        for _ in range(600):
            await history.happens()
            seen.add(history.holders())
            assert history.holders() <= 1
        for each in history.processes:
            await each.dies()
        assert seen == {0, 1}

    place = database_of(SHARED)
    asyncio.run(prepared(place))
    execute(place, FREE)
    asyncio.run(happens())
