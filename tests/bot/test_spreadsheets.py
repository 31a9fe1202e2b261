"""The CSV that the bot sends opens as columns in spreadsheets of each of its languages."""

import csv
import io
import re
from pathlib import Path

import pytest
from babel import numbers

from analytics.statistics.export import COLUMNS
from bot.sandbox import Sandbox
from tests.support.conversation import ask
from tests.support.languages import SHIPPED
from tests.support.running import running_bot

ADMIN = 6_000_000_001
# What Windows, and so Excel, and LibreOffice's own suggestion have between the cells of a list in
# these languages: elsewhere than in English the comma is the decimal sign.
LIST_SEPARATORS = {"en": ",", "de": ";", "es": ";", "ru": ";", "uk": ";"}
# A whole number, digits alone: with a sign between them it may be a fraction, or thousands.
NUMBER = re.compile(r"\d+")


def opened(content: bytes, language: str) -> list[list[str]]:
    """The cells, as a spreadsheet of the language has them after a double click."""
    text = content.decode("utf-8-sig") if content.startswith(b"\xef\xbb\xbf") else "no mark"
    return list(csv.reader(io.StringIO(text), delimiter=LIST_SEPARATORS[language]))


def test_the_separators_are_known_of_every_language() -> None:
    assert set(LIST_SEPARATORS) >= set(SHIPPED)
    for language, separator in LIST_SEPARATORS.items():
        assert separator != numbers.get_decimal_symbol(language)


@pytest.mark.parametrize("language", SHIPPED)
async def test_the_file_opens_as_columns_with_numbers_that_are_numbers(
    language: str, sandbox: Sandbox, database: Path
) -> None:
    admin = sandbox.person(ADMIN, language_code=language)
    async with running_bot(sandbox, database, admin_ids={ADMIN}):
        await ask(admin, "/help")
        await ask(admin, "/note =1+1")
        await admin.says("/stats")
        sent = await admin.answer()
        [button] = [label for row in sent.buttons for label in row if label.startswith("⬇️")]
        await admin.clicks(button)
        table = await admin.answer()
        await admin.answer()
    header, *rows = opened(sandbox.content(table.message), language)

    assert tuple(header) == COLUMNS
    assert {len(row) for row in rows} == {len(COLUMNS)}
    values = {(section, name): value for section, _, name, value in rows}
    assert NUMBER.fullmatch(values["report", "interactions"])
    # An apostrophe keeps it from being a formula.
    assert values["note", "text"] == "'=1+1"
    # Of an hour of the week that was never whole, and of weeks and 30 days, nothing is known.
    odd = [row for row in rows if row[0] not in ("report", "note")]
    odd = [row for row in odd if not NUMBER.fullmatch(row[-1])]
    assert {section for section, *_ in odd} <= {"hour of week", "cohort"}
    assert {value for *_, value in odd} <= {""}
