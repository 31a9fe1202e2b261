"""Updates of made-up people, as they are handed to a store."""

from collections.abc import Sequence

from analytics.events import Event
from analytics.store import Store
from analytics.store_types import Batch, Received

HOUR = 3_600
DAY = 86_400
TODAY = 20_605 * DAY
NOON = TODAY + DAY // 2
ADA, BO, CY = 11, 12, 13


def day_of(timestamp: int) -> int:
    return timestamp // DAY


def week_of(timestamp: int) -> int:
    # 1970 began on a Thursday.
    return (day_of(timestamp) + 3) // 7


def opt_out_of(person: int) -> int:
    return -person


def update(
    person: int = ADA,
    at: int = NOON,
    interaction_type: str | None = "message",
    *,
    update_id: int | None = None,
    events: Sequence[Event] = (),
    opting_out: bool | None = None,
) -> Received:
    return Received(update_id, person, opt_out_of(person), interaction_type, at, events, opting_out)


async def record(store: Store, updates: Sequence[Received], people: int = 0) -> None:
    await store.record(Batch(updates, lambda *_event: people, day_of, TODAY))


async def count(store: Store) -> int:
    return sum((await store.totals(0, 0, 0)).types.values())


async def delete_before(store: Store, before: float, at_most: int = 1_000) -> int:
    """Delete in steps until nothing is left, and return how many interactions."""
    deleted = 0
    async with store.deletion(NOON):
        while step := await store.delete_before(before, at_most):
            deleted += step
    return deleted


async def erase(store: Store, person: int) -> int | None:
    moments = await store.moments_of(person)
    async with store.deletion(NOON):
        return await store.erase(person, moments, day_of)
