"""A reference is the same under the same key, and says nothing without it."""

import asyncio
import string
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import AnalyticsService, PlainIds, Pseudonyms
from analytics.key_files import read_key, write_key
from analytics.pseudonyms import new_key, parse_key
from analytics.sqlite import locks
from tests.support.second_connection import NAME, select
from tests.support.service import KEY, SOMEBODY, interaction, open_service, run_once

KEYS = st.binary(min_size=32, max_size=32)
PEOPLE = st.integers(1, 2**52)
AT_ONCE = 8


@given(key=KEYS, person=PEOPLE)
def test_the_same_person_under_the_same_key_is_the_same(key: bytes, person: int) -> None:
    assert Pseudonyms(key).reference(person) == Pseudonyms(bytes(key)).reference(person)


@given(keys=st.tuples(KEYS, KEYS).filter(lambda keys: keys[0] != keys[1]), person=PEOPLE)
def test_under_another_key_everything_differs(keys: tuple[bytes, bytes], person: int) -> None:
    first, second = map(Pseudonyms, keys)

    assert first.reference(person) != second.reference(person)
    assert first.fingerprint != second.fingerprint


@given(key=KEYS, people=st.sets(PEOPLE, min_size=2, max_size=50))
def test_people_are_told_apart(key: bytes, people: set[int]) -> None:
    pseudonyms = Pseudonyms(key)

    assert len({pseudonyms.reference(person) for person in people}) == len(people)


def test_a_reference_takes_all_of_64_bits() -> None:
    references = [Pseudonyms(KEY).reference(SOMEBODY + number) for number in range(1_000)]
    upper, lower = ({number >> shift & 0xFFFFFFFF for number in references} for shift in (32, 0))

    assert len(upper) == len(lower) == 1_000
    assert {number < 0 for number in references} == {True, False}


@given(key=KEYS)
def test_the_fingerprint_holds_nothing_of_the_key_and_is_no_reference(key: bytes) -> None:
    fingerprint = bytes.fromhex(Pseudonyms(key).fingerprint)
    parts = {key[at : at + 4] for at in range(29)}

    assert not [part for part in parts if part in fingerprint]
    assert len(fingerprint) == 16
    assert set(Pseudonyms(key).fingerprint) <= set(string.hexdigits)


def test_plain_ids_are_what_they_are_called() -> None:
    assert PlainIds().reference(SOMEBODY) == SOMEBODY


@pytest.mark.parametrize("key", [b"", bytes(31), bytes(33)])
def test_a_key_of_another_length_is_refused(key: bytes) -> None:
    with pytest.raises(ValueError, match=f"{len(key)} bytes instead of 32"):
        Pseudonyms(key)


@given(key=KEYS)
def test_a_key_is_read_as_it_was_written(key: bytes) -> None:
    assert parse_key(f" {key.hex().upper()}\n") == key


@given(text=st.text(max_size=80))
def test_what_is_no_key_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ValueError, match=r"^a key is 64 hexadecimal digits$"):
        parse_key(text + "x")


def test_the_key_file_is_private_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "key"
    write_key(path, KEY)
    write_key(path, new_key())

    assert read_key(path) == KEY
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_no_file_is_no_key(tmp_path: Path) -> None:
    assert read_key(tmp_path / "key") is None


def test_first_starts_at_once_agree_on_a_key(tmp_path: Path) -> None:
    """One after the other has the file; each knows the person whom the others recorded."""
    together = Barrier(AT_ONCE)

    async def start() -> None:
        async with AnalyticsService.open(tmp_path / "data" / NAME) as analytics:
            assert await analytics.record([interaction()])

    def process(_: int) -> None:
        together.wait()
        asyncio.run(start())

    with (
        patch.object(locks, "OWNER_TIMEOUT", 60.0),
        ThreadPoolExecutor(AT_ONCE) as threads,
    ):
        list(threads.map(process, range(AT_ONCE)))

    assert select(tmp_path / "data", "SELECT count(*) FROM users") == [(1,)]
    assert select(tmp_path / "data", "SELECT count FROM interactions") == [(AT_ONCE,)]


async def test_the_file_holds_the_reference_and_not_the_key(tmp_path: Path) -> None:
    async with open_service(tmp_path, pseudonym_key=None) as analytics:
        await analytics.record([interaction()])
        stored = b"".join(path.read_bytes() for path in tmp_path.glob(f"{NAME}*"))
    key = read_key((tmp_path / NAME).with_suffix(".key"))

    assert key is not None
    assert select(tmp_path, "SELECT reference FROM users") == [
        (Pseudonyms(key).reference(SOMEBODY),)
    ]
    for form in (key, key.hex().encode(), key.hex().upper().encode()):
        assert form not in stored


async def test_a_key_that_is_given_is_not_written_to_a_file(tmp_path: Path) -> None:
    await run_once(tmp_path, pseudonym_key=KEY)

    assert not (tmp_path / NAME).with_suffix(".key").exists()
