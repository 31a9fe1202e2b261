"""The contract of what processes share: turns, tokens, settings that change, and erasures."""

import pytest

from analytics.one_process import OneProcess
from analytics.store import Store
from analytics.store_types import CLOCK_TOLERANCE, Token
from tests.store.updates import ADA, BO, HOUR, NOON, delete_before, erase, record, update

ADMIN, OTHER = -1, -2
SESSION = Token("session", ADMIN, NOON + HOUR)


async def add(store: Store, token: str, added: Token = SESSION, now: int = NOON) -> bool:
    return await store.add_token(token, added, issued=SESSION.until, now=now)


@pytest.mark.parametrize(
    ("moment", "since", "is_given"),
    [
        (NOON + HOUR, NOON, False),
        (NOON + HOUR, NOON + 1, True),
        # The clock of another process may be ahead, but not by hours.
        (NOON - CLOCK_TOLERANCE, NOON - HOUR, False),
        (NOON - HOUR, NOON - 2 * HOUR, True),
    ],
)
async def test_a_turn_is_given_unless_one_was_taken_since(
    store: Store, moment: int, since: int, is_given: bool
) -> None:
    first = await store.take_turn("cleanup", NOON, 0)
    other = await store.take_turn("digest", NOON, 0)
    second = await store.take_turn("cleanup", moment, since)

    assert first
    assert other
    assert second is is_given


async def test_a_turn_that_is_not_given_leaves_the_last_one(store: Store) -> None:
    await store.take_turn("cleanup", NOON, 0)
    await store.take_turn("cleanup", NOON + HOUR, NOON)

    assert await store.take_turn("cleanup", NOON + HOUR, NOON + 1)


@pytest.mark.parametrize(("first", "other"), [("1", "2"), (1, 2), ('{"a": "é"}', "")])
async def test_a_setting_is_replaced_only_if_it_is_as_it_was(
    store: Store, first: str | int, other: str | int
) -> None:
    early = await store.replace_setting("name", other, first)
    made = await store.replace_setting("name", None, first)
    made_again = await store.replace_setting("name", None, other)
    wrong = await store.replace_setting("name", other, first)
    right = await store.replace_setting("name", first, other)

    assert (early, made, made_again, wrong, right) == (False, True, False, False, True)
    assert await store.get_setting("name") == other


async def test_a_token_is_added_once_until_it_expires(store: Store) -> None:
    added = [await add(store, "a"), await add(store, "a"), await add(store, "b")]
    expired = await add(store, "a", now=SESSION.until)

    assert added == [True, False, True]
    assert expired
    assert await store.take_token("b", "session") is None


async def test_a_token_of_before_what_is_remembered_is_not_added(store: Store) -> None:
    """Where that is in memory; whoever wants to add it may have used it up already."""
    is_remembered = not isinstance(store, OneProcess)

    assert await store.add_token("a", SESSION, issued=0, now=NOON) is is_remembered


async def test_a_token_is_taken_once_and_for_its_kind(store: Store) -> None:
    await add(store, "a")
    of_nobody = Token("confirmation", None, NOON + 1)
    await add(store, "b", of_nobody)

    assert await store.take_token("a", "link") is None
    assert await store.take_token("a", "session") == SESSION
    assert await store.take_token("a", "session") is None
    assert await store.take_token("b", "confirmation") == of_nobody


async def test_a_token_is_renewed_if_it_expires_within_bounds(store: Store) -> None:
    await add(store, "a")
    other_kind = await store.renew_token("a", "link", NOON, (0, SESSION.until))
    renewed = await store.renew_token("a", "session", NOON + 9, (SESSION.until, SESSION.until))
    late = await store.renew_token("a", "session", NOON, (NOON + 10, NOON + 20))

    assert other_kind is None
    assert renewed == Token("session", ADMIN, NOON + 9)
    assert late is None
    assert await store.take_token("a", "session") is None


async def test_of_an_admins_tokens_the_newest_stay(store: Store) -> None:
    for name in ("a", "b", "c"):
        await add(store, name)
    await add(store, "link", Token("link", ADMIN, NOON + HOUR))
    await add(store, "others", Token("session", OTHER, NOON + HOUR))
    # The order is that in which they began.
    await store.renew_token("a", "session", NOON + 2 * HOUR, (0, SESSION.until))
    await store.forget_tokens(["session"], ADMIN, 2)
    kept = [await store.renew_token(name, "session", NOON, (0, 2**40)) for name in ("a", "b", "c")]
    await store.forget_tokens(["session", "link"], ADMIN)

    assert [each is not None for each in kept] == [False, True, True]
    assert await store.take_token("b", "session") is None
    assert await store.take_token("link", "link") is None
    assert await store.take_token("others", "session") is not None


async def test_the_number_of_erasures_changes_with_each_and_with_nothing_recorded(
    store: Store,
) -> None:
    await record(store, [update(ADA), update(BO)])
    before = await store.erasures()
    await record(store, [update(ADA, NOON + 1)])
    recorded = await store.erasures()
    await erase(store, ADA)
    erased = await store.erasures()
    await delete_before(store, 0)
    async with store.deletion(NOON):
        await store.make_anonymous("another key")

    assert before == recorded
    assert len({before, erased, await store.erasures()}) == 3
