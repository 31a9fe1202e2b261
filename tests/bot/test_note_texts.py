"""The parts of `/note`, read from whatever follows it, and the notes below a chart."""

import html
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from analytics import History
from analytics.statistics.notes import NoteRefused
from analytics.telegram.admin.notes import parse
from analytics.telegram.charts.series import series
from analytics.telegram.texts import notes
from bot.sandbox.messages import MAX_CAPTION_LENGTH
from tests.support.histories import busy, noted

TEXTS = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=60)


@given(st.text())
def test_whatever_follows_the_command_is_a_text_a_day_and_a_text_or_refused(said: str) -> None:
    try:
        text, day = parse(said)
    except NoteRefused:
        assert said[:4].isascii()
        assert said[4:5] == said[7:8] == "-"
        return

    assert text == said if day is None else said.startswith(day.isoformat())
    assert said.endswith(text)


@given(st.dates(), TEXTS, st.sampled_from([" ", "\n", " \t "]))
def test_a_day_before_a_text_is_its_day(day: date, text: str, between: str) -> None:
    found, of = parse(f"{day.isoformat()}{between}{text}")

    assert of == day
    assert found == text.lstrip()


@pytest.mark.parametrize(
    "said", ["2026-05-20deployed", "2026-5-20 deployed", "٢٠٢٦-٠٥-٢٠ deployed", "20260520 deployed"]
)
def test_what_is_not_written_like_a_day_is_text(said: str) -> None:
    assert parse(said) == (said, None)


def caption(history: History) -> str:
    """As Telegram counts it, without references."""
    return html.unescape(notes.below_chart("Interactions and active users, 1 year", history))


@given(st.integers(0, 100), st.sampled_from(["x", "🚀", "&", "<b>"]), st.integers(0, 56))
# As long as a caption may be, and longer by one.
@example(21, "x", 25)
@example(23, "x", 21)
def test_a_caption_is_never_too_long_and_leaves_out_the_oldest(
    count: int, char: str, times: int
) -> None:
    shown = noted(busy(365), *range(count))
    long = tuple(replace(each, text=f"{char * times}{each.id:03}") for each in shown.notes)
    shown = replace(shown, notes=long)
    text = caption(shown)

    assert len(text.encode("utf-16-le")) // 2 <= MAX_CAPTION_LENGTH
    title, *lines = text.splitlines()
    assert title == "Interactions and active users, 1 year"
    more = [line for line in lines if line.endswith(" older: /note")]
    said = [line.partition(": ")[2] for line in lines if line not in more]
    expected = [note.text for mark in series(shown).marks for note in mark.notes]
    assert said == expected[len(expected) - len(said) :]
    left_out = len(expected) - len(said)
    assert more == ([f"{left_out} older: /note"] if left_out else [])


def test_ten_notes_of_any_length_are_all_in_a_caption() -> None:
    shown = noted(busy(365), *range(0, 300, 30))
    long = tuple(replace(each, text="&" * 60) for each in shown.notes)
    text = caption(replace(shown, notes=long))

    assert [line.partition(" · ")[0] for line in text.splitlines()[1:]] == [
        str(number) for number in range(1, 11)
    ]
