"""Inside Telegram, the page believes what Telegram has signed for this bot, and nothing else."""

from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.sandbox import Sandbox
from bot.web.init_data import signed_by
from tests.support.admin_pages import ADMIN, OWNER, Served, served
from tests.support.clock import NOW, Clock
from tests.support.conversation import message_for
from tests.support.mini_apps import init_data
from tests.support.running import running_bot
from tests.support.settings import TOKEN

URL = "https://bot.example.org"
STRANGER = 6_000_000_099
OTHER_BOT = "987654321:" + "B" * 35


@pytest.fixture
async def page(tmp_path: Path, clock: Clock) -> AsyncIterator[Served]:
    async with served(tmp_path, clock, url=URL, recognise=partial(signed_by, TOKEN)) as page:
        yield page


@pytest.mark.parametrize("telegram_id", [ADMIN, OWNER])
async def test_an_admin_is_let_in(page: Served, telegram_id: int) -> None:
    answer = await page.log_in(init_data=init_data(TOKEN, telegram_id, NOW))

    assert answer.status == 200
    session = answer.text.split('"')[3]
    assert (await page.ask("/view/", session=session)).status == 200


@pytest.mark.parametrize(
    ("age", "status"),
    [
        (timedelta(hours=23), 200),
        (timedelta(hours=24), 200),
        (timedelta(hours=24, seconds=1), 401),
        (timedelta(days=365 * 16), 401),
        (timedelta(minutes=-1), 200),
        (timedelta(minutes=-1, seconds=-1), 401),
    ],
    ids=str,
)
async def test_init_data_counts_for_a_day(page: Served, age: timedelta, status: int) -> None:
    # Telegram has whole seconds.
    opened = NOW.replace(microsecond=0) - age

    assert (await page.log_in(init_data=init_data(TOKEN, ADMIN, opened))).status == status


async def test_init_data_counts_more_than_once_as_telegram_desktop_gives_it_again(
    page: Served,
) -> None:
    signed = init_data(TOKEN, ADMIN, NOW)

    assert [(await page.log_in(init_data=signed)).status for _ in range(3)] == [200] * 3


@pytest.mark.parametrize(
    "signed",
    [
        pytest.param(init_data(OTHER_BOT, ADMIN, NOW), id="of another bot"),
        pytest.param(init_data(TOKEN, STRANGER, NOW), id="of a stranger"),
        pytest.param(init_data(TOKEN, ADMIN, NOW, user=None), id="of nobody"),
        pytest.param(
            init_data(TOKEN, STRANGER, NOW).replace(str(STRANGER), str(ADMIN)), id="forged"
        ),
        pytest.param(init_data(TOKEN, ADMIN, NOW)[:-1] + "g", id="with another hash"),
        pytest.param(init_data(TOKEN, ADMIN, NOW).partition("&hash")[0], id="without a hash"),
        pytest.param(init_data(TOKEN, ADMIN, NOW) + "&user=%7B%7D", id="with another user"),
        pytest.param("hash=%C3%A9", id="with a hash of other letters"),
    ],
)
async def test_whatever_telegram_has_not_signed_for_an_admin_is_refused(
    page: Served, signed: str
) -> None:
    answer = await page.log_in(init_data=signed)

    assert (answer.status, answer.text) == (401, "")


async def test_a_removed_admin_is_refused(page: Served) -> None:
    page.admin_ids.remove(ADMIN)

    assert (await page.log_in(init_data=init_data(TOKEN, ADMIN, NOW))).status == 401


@given(st.text() | st.lists(st.tuples(st.sampled_from(["hash", "user", "auth_date"]), st.text())))
@example("hash=é")
def test_no_text_fails_or_is_believed(text: str | list[tuple[str, str]]) -> None:
    joined = text if isinstance(text, str) else "&".join(map("=".join, text))

    assert signed_by(TOKEN, joined, NOW) is None


async def test_with_web_url_web_sends_a_button_for_here_and_one_for_a_browser(
    sandbox: Sandbox, database: Path, port: int
) -> None:
    admin = sandbox.person(ADMIN)
    async with running_bot(sandbox, database, admin_ids={ADMIN}, web_port=port, web_url=f"{URL}/"):
        message = await message_for(admin, "/web")
    [[here], [browser]] = message["reply_markup"]["inline_keyboard"]

    assert here["web_app"] == {"url": URL}
    assert browser["url"].startswith(f"{URL}/#link=")
    assert "#link=" not in message["text"]
