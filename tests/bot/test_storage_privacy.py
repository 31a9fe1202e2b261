"""Property 9: of any update, only who, what kind and when is stored."""

import io
import json
import logging
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from aiogram import Bot
from aiogram.methods import GetUpdates
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import AnalyticsService, EventKind, InteractionType
from analytics.clock import GuardedClock
from analytics.telegram.recording import RecordOnReceipt
from bot.logs import PrivateFormatter
from bot.session import Session
from tests.support import raw_updates
from tests.support.examples import examples
from tests.support.raw_updates import Raw, Sent
from tests.support.second_connection import select
from tests.support.settings import TOKEN
from tests.support.words import VOCABULARY, WORDS

NOW = raw_updates.RECEIVED
# Telegram's real case: a hidden user without the name that should be there.
BROKEN_ORIGIN = {"type": "hidden_user", "date": 1_750_000_000}


async def receive(folder: Path, batch: list[Raw]) -> bytes:
    """Let the bot receive the batch; every byte of every file it keeps, while it still runs."""
    content = json.dumps({"ok": True, "result": batch})

    async def telegram(bot: Bot, method: Any) -> Any:
        return bot.session.check_response(bot, method, 200, content).result

    async with (
        Bot(TOKEN, session=Session()) as bot,
        AnalyticsService.open(folder / "analytics.sqlite3", clock=lambda: NOW) as analytics,
    ):
        record_on_receipt: Any = RecordOnReceipt(analytics, GuardedClock(lambda: NOW))
        record_on_receipt.vocabulary = VOCABULARY
        await record_on_receipt(telegram, bot, GetUpdates())
        files = [path for path in folder.rglob("*") if path.suffix != ".key"]
        return b"".join(path.read_bytes() for path in files)


@contextmanager
def everything_logged() -> Iterator[io.StringIO]:
    """What the log holds at DEBUG."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(PrivateFormatter())
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.DEBUG)
    root.addHandler(handler)
    try:
        yield text
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


@settings(max_examples=examples(60))
@given(batch=st.lists(raw_updates.sent(), min_size=1, max_size=5), broken=st.booleans())
async def test_nothing_else_of_any_update_is_in_any_file_or_in_the_log(
    batch: list[Sent], broken: bool
) -> None:
    raw = [{"update_id": 1000 + number} | sent.raw for number, sent in enumerate(batch)]
    if broken and "message" in batch[0].raw:
        raw[0]["message"] = batch[0].raw["message"] | {"forward_origin": BROKEN_ORIGIN}
    with tempfile.TemporaryDirectory() as folder, everything_logged() as log:
        stored = await receive(Path(folder), raw)
        rows = select(Path(folder) / "analytics.sqlite3", "SELECT * FROM user_interactions")
        events = select(Path(folder) / "analytics.sqlite3", "SELECT kind, event FROM daily_events")
        logged = log.getvalue().encode()

    people = {sent.person for sent in batch if sent.person}
    assert sum(count for *_, count in rows) == sum(1 for sent in batch if sent.person)
    assert len({user_id for user_id, *_ in rows}) == len(people)
    for user_id, interaction_type, timestamp, _ in rows:
        assert 1 <= user_id < 2**31
        assert interaction_type in set(InteractionType)
        assert timestamp.endswith(":00:00Z")
    # Nobody followed a link: there is none.
    assert all(word in WORDS[EventKind(kind)] - {"abc234"} for kind, word in events)
    for sent in batch:
        forms = {form for secret in sent.secrets for form in raw_updates.words_traces(secret)}
        if sent.person:
            forms |= raw_updates.traces(sent.person)
        assert not [form for form in forms if form in stored or form in logged]


async def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    """The property above could not fail if its search were blind."""
    person = 2**41 + 12345
    with closing(sqlite3.connect(tmp_path / "leak")) as database:
        database.execute("CREATE TABLE leaks (id INTEGER PRIMARY KEY, number INTEGER, text TEXT)")
        database.execute("INSERT INTO leaks (number) VALUES (?)", (person,))
        database.commit()
        as_number = (tmp_path / "leak").read_bytes()
        database.execute("DELETE FROM leaks")
        database.execute("INSERT INTO leaks (id) VALUES (?)", (person,))
        database.commit()
        as_row_number = (tmp_path / "leak").read_bytes()

    assert any(form in as_number for form in raw_updates.traces(person))
    assert raw_updates.varint(person) in as_row_number
