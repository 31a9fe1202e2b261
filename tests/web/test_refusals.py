"""The admin page answers who may look, and nobody else: each refusal over real HTTP."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from analytics import Action, AnalyticsService
from bot.web import views
from bot.web.limit import BURST, LoginLimit
from bot.web.page import MAX_BODY_BYTES
from bot.web.rendering import Templates
from bot.web.sessions import MAX_SESSIONS
from bot.web.views import Asked, Entry
from tests.support.admin_pages import ADMIN, OWNER, Served, served
from tests.support.clock import Clock
from tests.support.second_connection import select
from tests.support.service import interaction

PATHS = ["/", "/view/", "/export", "/page.js", "/page.css", "/icon.svg", "/session", "/nothing"]


@pytest.fixture
async def page(tmp_path: Path, clock: Clock) -> AsyncIterator[Served]:
    async with served(tmp_path, clock, [interaction(timedelta(hours=2))]) as page:
        yield page


async def test_a_link_shows_the_statistics(page: Served) -> None:
    answer = await page.log_in(link=await page.token())
    session = re.fullmatch(r'\{"session": "([\w-]{43})"\}', answer.text)

    assert session is not None
    shown = await page.ask("/view/?period=7d", session=session[1])
    assert shown.status == 200
    assert "Interactions" in shown.text
    assert "<b>1</b>" in shown.text


async def test_a_link_works_once(page: Served) -> None:
    token = await page.token()

    assert (await page.log_in(link=token)).status == 200
    assert (await page.log_in(link=token)).status == 401


async def test_a_link_works_for_five_minutes(page: Served, clock: Clock) -> None:
    early, late = await page.token(OWNER), await page.token(ADMIN)

    clock.move(minutes=4, seconds=59)
    assert (await page.log_in(link=early)).status == 200
    clock.move(seconds=1)
    assert (await page.log_in(link=late)).status == 401


async def test_a_new_link_ends_the_older_ones_and_the_sessions_of_this_admin(page: Served) -> None:
    session, of_owner, token = await page.session(), await page.session(OWNER), await page.token()
    another = await page.session()
    await page.links.new(ADMIN)

    assert (await page.log_in(link=token)).status == 401
    for ended in (session, another):
        assert (await page.ask("/view/", session=ended)).status == 401
    assert (await page.ask("/view/", session=of_owner)).status == 200


async def test_a_session_ends_an_hour_after_its_last_use(page: Served, clock: Clock) -> None:
    session = await page.session()
    for _ in range(3):
        clock.move(minutes=59)
        assert (await page.ask("/view/", session=session)).status == 200
    clock.move(minutes=60)

    assert (await page.ask("/view/", session=session)).status == 401


async def test_a_session_can_be_ended(page: Served) -> None:
    session = await page.session()

    assert (await page.ask("/session", method="DELETE", session=session)).status == 204
    assert (await page.ask("/view/", session=session)).status == 401


async def test_an_admin_has_a_bounded_number_of_sessions(page: Served) -> None:
    begun = [await page.session() for _ in range(MAX_SESSIONS + 1)]
    statuses = [(await page.ask("/view/", session=each)).status for each in begun]

    assert statuses == [401] + [200] * MAX_SESSIONS


async def test_a_removed_admin_is_out_at_once(page: Served) -> None:
    token, of_owner = await page.token(ADMIN), await page.session(OWNER)
    session = await page.session(ADMIN)
    assert (await page.ask("/view/", session=session)).status == 200
    page.admin_ids.remove(ADMIN)

    assert (await page.ask("/view/", session=session)).status == 401
    assert (await page.log_in(link=token)).status == 401
    assert (await page.ask("/view/", session=of_owner)).status == 200


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Bearer x", "Basic {session}", "{session}", "Bearer {session}x"],
)
async def test_without_the_right_header_there_is_nothing(page: Served, authorization: str) -> None:
    header = authorization.format(session=await page.session())
    answer = await page.ask("/view/", Authorization=header)

    assert (answer.status, answer.text) == (401, "")
    assert "Set-Cookie" not in answer.headers


async def test_a_session_in_the_address_or_a_cookie_is_none(page: Served) -> None:
    session = await page.session()

    assert (await page.ask(f"/view/?session={session}")).status == 401
    assert (await page.ask("/view/", Cookie=f"session={session}")).status == 401


@pytest.mark.parametrize(
    "given",
    [
        {},
        [],
        None,
        {"link": ""},
        {"link": "x"},
        {"link": None},
        {"link": ["x"]},
        {"init_data": "x"},
        {"init_data": 1},
        [[[]]],
    ],
    ids=str,
)
async def test_whatever_else_is_given_begins_no_session(page: Served, given: object) -> None:
    await page.token()

    assert (await page.ask("/session", method="POST", given=given)).status in (401, 415)


async def test_another_page_cannot_send_a_login_without_asking_first(page: Served) -> None:
    """The types that a browser lets any page send are refused, and so is its question."""
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        request = page.http.post(
            f"{page.address}/session",
            data=f'{{"link": "{await page.token()}"}}',
            headers={"Content-Type": kind, "Origin": "https://elsewhere.example"},
        )
        async with request as answer:
            assert answer.status == 415
    asked = await page.ask(
        "/session", method="OPTIONS", **{"Access-Control-Request-Method": "POST"}
    )
    assert asked.status == 405
    assert not [name for name in asked.headers if name.lower().startswith("access-control")]


async def test_a_client_that_fails_too_often_has_to_wait(page: Served) -> None:
    statuses = [(await page.log_in(link="x")).status for _ in range(BURST + 1)]

    assert statuses == [401] * BURST + [429]
    assert (await page.log_in(link=await page.token())).status == 429
    # Whoever is in stays in.
    assert (await page.ask("/view/", session=await page.session())).status == 200


def test_the_limit_of_logins_is_by_client_and_passes() -> None:
    now = 1_000.0
    limit = LoginLimit(lambda: now)
    for _ in range(BURST):
        assert limit.allows("a")
        limit.count_failure("a")

    assert not limit.allows("a")
    assert limit.allows("b")
    now += 31
    assert limit.allows("a")


@pytest.mark.parametrize(
    "host",
    [
        *("elsewhere.example", "elsewhere.example:80", "127.0.0.1.elsewhere.example"),
        *("localhost.elsewhere.example", "localhost@elsewhere.example", "", "192.168.1.1", "[::]"),
        *("localhost:port", "localhost:", "[::1", "2130706433", "127.1", "a b"),
    ],
)
@pytest.mark.parametrize("path", PATHS)
async def test_a_name_of_others_leads_nowhere(page: Served, host: str, path: str) -> None:
    answer = await page.ask(path, session=await page.session(), Host=host)

    assert answer.status == 421
    assert "Interactions" not in answer.text


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:9", "127.0.0.1:1", "[::1]:80", "[::1]"])
async def test_the_names_of_this_machine_lead_here_with_any_port(page: Served, host: str) -> None:
    assert (await page.ask("/view/", session=await page.session(), Host=host)).status == 200


async def test_the_host_of_web_url_leads_here(tmp_path: Path, clock: Clock) -> None:
    async with served(tmp_path, clock, url="https://bot.example.org:8443") as page:
        for host, status in {
            "bot.example.org": 200,
            "bot.example.org:8443": 200,
            "org": 421,
        }.items():
            assert (await page.ask("/", Host=host)).status == status


async def test_a_request_without_or_with_two_hosts_is_refused(page: Served) -> None:
    for head in (
        b"GET / HTTP/1.0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: a\r\n\r\n",
    ):
        status = await raw(page, head)
        assert status in (b"421", b"400"), head


async def raw(page: Served, sent: bytes) -> bytes:
    """The status of the answer to these bytes."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", int(page.address.rpartition(":")[2])
    )
    writer.write(sent)
    line = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return line.split(b" ")[1]


@pytest.mark.parametrize(
    "path",
    [
        *("/../page.py", "/../../.env", "/%2e%2e/page.py", "/..%2f..%2f.env", "//etc/passwd"),
        *("/static/page.js", "/page.js/", "/page.js/../page.py", "/page.js%00", "/templates/"),
        *("/view", "/view/view/", "/view/../view/", "/view//", "/view/%2e%2e/", "/VIEW/", "/.git/"),
        *("/page%2ejs/..", "/;/view/", "/view/;x", "/\\..\\page.py", "/session/", "*"),
    ],
)
async def test_a_path_trick_leads_nowhere(page: Served, path: str) -> None:
    session = (await page.session()).encode()
    head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n".encode()

    assert await raw(page, head + b"Authorization: Bearer " + session + b"\r\n\r\n") in (
        *(b"404", b"400", b"405"),
    )


async def test_a_body_that_is_too_large_is_refused(page: Served) -> None:
    large = "x" * MAX_BODY_BYTES

    assert (await page.log_in(link=large)).status == 413
    assert (await page.ask("/view/", method="GET", given=large)).status == 413

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(2 * MAX_BODY_BYTES // 1000):
            yield b"x" * 1000

    kind = {"Content-Type": "application/json"}
    async with page.http.post(f"{page.address}/session", data=parts(), headers=kind) as answer:
        assert answer.status == 413


async def test_a_view_of_owners_does_not_exist_for_admins(
    page: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def secret(asked: Asked, analytics: AnalyticsService, templates: Templates) -> str:
        return "of owners"

    monkeypatch.setitem(views.VIEWS, "/", Entry(secret, owners_only=True))
    unknown = await page.ask("/view/?period=none", session=await page.session(ADMIN))

    refused = await page.ask("/view/", session=await page.session(ADMIN))
    assert (refused.status, refused.text) == (404, unknown.text)
    assert (await page.ask("/view/", session=await page.session(OWNER))).text == "of owners"


@pytest.mark.parametrize("path", [*PATHS, "/view/?period=none"])
async def test_every_answer_has_the_headers_that_protect_it(page: Served, path: str) -> None:
    for session in (None, await page.session()):
        headers = (await page.ask(path, session=session)).headers
        policy = headers["Content-Security-Policy"]

        assert "default-src 'none'; script-src 'self'; style-src 'self';" in policy
        assert "frame-ancestors 'none'" in policy
        assert "require-trusted-types-for 'script'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"
        assert "Server" not in headers
        assert not [name for name in headers if name.startswith("Access-Control")]


async def test_only_with_web_url_may_telegrams_web_client_frame_the_page(
    tmp_path: Path, clock: Clock
) -> None:
    async with served(tmp_path, clock, url="https://bot.example.org") as page:
        policy = (await page.ask("/")).headers["Content-Security-Policy"]

    assert re.findall(r"frame-ancestors ([^;]*)", policy) == ["https://web.telegram.org"]


async def test_the_shell_holds_no_data(page: Served) -> None:
    empty = await page.ask("/?period=30d", session=await page.session())

    assert empty.text == (await page.ask("/")).text


async def test_a_session_is_one_line_of_the_audit_log(page: Served, tmp_path: Path) -> None:
    answer = await page.log_in(link=await page.token())
    await page.log_in(link="x")
    session = answer.text.split('"')[3]
    for period in ("24h", "7d", "30d"):
        assert (await page.ask(f"/view/?period={period}", session=session)).status == 200

    assert audited(tmp_path) == [Action.WEB]


async def test_each_export_is_a_line_of_the_audit_log(page: Served, tmp_path: Path) -> None:
    session = await page.session()
    for path in ("/export", "/export?format=json&period=24h", "/export?format=none"):
        await page.ask(path, session=session)
    await page.ask("/export")

    assert audited(tmp_path) == [Action.STATS_EXPORT] * 2


def audited(folder: Path) -> list[Action]:
    """What the audit log holds, the oldest first."""
    rows = select(folder, "SELECT action FROM audit_trail ORDER BY rowid")
    return [Action(action) for (action,) in rows]


async def test_a_failure_is_answered_without_its_reason(
    page: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def failing(asked: Asked, analytics: AnalyticsService, templates: Templates) -> str:
        raise RuntimeError("of the database")

    monkeypatch.setitem(views.VIEWS, "/", Entry(failing))
    answer = await page.ask("/view/", session=await page.session())

    assert (answer.status, answer.text) == (500, "")
    assert "Content-Security-Policy" in answer.headers
    assert "the admin page failed" in caplog.text
