"""Events of the bot's own: which words can be declared, and what happens to any other."""

import re

import pytest
from hypothesis import given
from hypothesis.strategies import from_regex, lists, text

from analytics.events.own_events import check, declared

WORDS = from_regex("[a-z][a-z0-9_]{0,33}", fullmatch=True)
SHOP = ("cart_filled", "order_placed", "refund")


@given(lists(WORDS | text(max_size=40), max_size=4))
def test_a_word_is_declared_if_it_is_one_of_a_program_and_no_other(words: list[str]) -> None:
    are_fine = all(re.fullmatch("[a-z][a-z0-9_]{0,31}", word, re.ASCII) for word in words)

    if are_fine and len(set(words)) == len(words):
        assert declared(words) == tuple(sorted(words))
    else:
        with pytest.raises(ValueError, match=r"cannot be an event|is declared twice"):
            declared(words)


@pytest.mark.parametrize("word", ["", "Order", "2nd", "a b", "a-b", "a\n", "ä", "a" * 33, "order²"])
def test_a_wrong_word_is_refused_with_what_to_write_instead(word: str) -> None:
    with pytest.raises(ValueError, match="begin with a letter, and use up to 32 small letters"):
        declared([word])


def test_one_string_is_not_taken_for_its_letters() -> None:
    with pytest.raises(TypeError, match=re.escape("such as ('order_placed',)")):
        declared("order_placed")


def test_what_is_not_declared_is_refused_with_the_nearest_first_and_not_repeated() -> None:
    with pytest.raises(ValueError, match="are order_placed, ") as refused:
        check("order_palced", 1, SHOP)

    assert "palced" not in str(refused.value)  # it may be what a person wrote
    assert all(word in str(refused.value) for word in SHOP)


def test_without_declared_words_the_sentence_says_so() -> None:
    with pytest.raises(ValueError, match="none is declared"):
        check("order_placed", 1, ())


@pytest.mark.parametrize(
    ("times", "error"),
    [(-1, ValueError), (1_000_001, ValueError), (1.5, TypeError), ("1", TypeError)],
)
def test_a_wrong_number_of_times_is_refused(times: int, error: type[Exception]) -> None:
    with pytest.raises(error, match="times has to be"):
        check("refund", times, SHOP)


@pytest.mark.parametrize("times", [0, 1, 1_000_000])
def test_a_declared_word_can_be_counted_several_times(times: int) -> None:
    check("refund", times, SHOP)
