"""Whatever Telegram or the network does, nothing is lost or counted twice, and nothing is told."""

import logging
from collections.abc import Iterator

import pytest

from bot.sandbox import faults
from bot.sandbox.people import FIRST_USER_ID
from bot.sandbox.server import TOKEN
from tests.faults.network import FAULTS, network_story, says
from tests.faults.table import Fault
from tests.support.running import running_bot


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """The bot takes the log over, at the level of its settings."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_nothing_is_lost_counted_twice_or_told(
    fault: Fault, capsys: pytest.CaptureFixture[str]
) -> None:
    row = await fault.inject(fault.short)
    log = capsys.readouterr().err

    assert row.acknowledged > 0
    assert (row.lost, row.counted_twice) == (0, 0)
    assert row.recorded == row.acknowledged
    assert TOKEN not in log
    assert str(FIRST_USER_ID)[:-2] not in log


async def test_pauses_between_polls_grow_up_to_some_seconds() -> None:
    async with network_story() as (tale, pauses), running_bot(tale.sandbox, tale.database):
        tale.sandbox.plan("getUpdates", faults.resets(), times=20)
        await tale.talk(2)  # the first is brought by the poll that waits already

    assert len(pauses.of_polling) == 20
    assert pauses.of_polling[0] == 1
    assert 1.1 < pauses.of_polling[2] < max(pauses.of_polling) < 10


async def test_a_person_who_blocks_the_bot_is_one_line_in_the_log(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with network_story() as (tale, _), running_bot(tale.sandbox, tale.database):
        person = tale.sandbox.person()
        tale.sandbox.plan("sendMessage", faults.refuses(403, "bot was blocked by the user"))
        await says(tale, person)
        await tale.talk()
    log = capsys.readouterr().err

    assert log.count("Telegram did not accept an answer (TelegramForbiddenError)") == 1
    assert "Traceback" not in log
    assert "people.py" not in log


async def test_a_person_is_told_nothing_while_telegram_wants_a_long_pause() -> None:
    async with network_story() as (tale, pauses), running_bot(tale.sandbox, tale.database):
        person = tale.sandbox.person()
        tale.sandbox.plan("sendMessage", faults.floods(3600))
        await says(tale, person)
        await tale.talk()

    assert len(await tale.sandbox.called("sendMessage")) == 1 + 10
    assert pauses.of_answers == []
