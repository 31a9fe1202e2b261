"""Bot, `init` and `doctor` reach Telegram the same way: one trust store, one choice of proxy."""

import asyncio
import ssl
import subprocess
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import quote

import pytest

from bot import outgoing
from bot.errors import WrongSettings
from bot.sandbox import Sandbox
from bot.settings import Settings, load
from tests.support import processes
from tests.support.proxies import PASSWORD, USER, proxy
from tests.support.settings import TOKEN, some_settings

ELSEWHERE = "telegram.invalid"
ADMIN = "6000000001"


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a private CA, `ca.pem`, and what it signed for this machine."""
    folder = tmp_path_factory.mktemp("authority")
    (folder / "names").write_text(
        f"subjectAltName=DNS:localhost,DNS:{ELSEWHERE},IP:127.0.0.1\n"
        "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
    )
    for command in (
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=Test-CA "
        "-addext keyUsage=critical,keyCertSign -keyout ca.key -out ca.pem",
        "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost "
        "-keyout key.pem -out request.pem",
        "x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 "
        "-extfile names -out cert.pem",
    ):
        subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)
    return folder


def server_context(authority: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(authority / "cert.pem", authority / "key.pem")
    return context


async def tls_front(stack: AsyncExitStack, sandbox: Sandbox, authority: Path) -> int:
    """The port of a server that speaks TLS with a certificate of the CA, for the sandbox."""
    far = int(sandbox.url.rpartition(":")[2])

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", far)

        async def copy(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
            try:
                while part := await source.read(65536):
                    to.write(part)
            except OSError:
                pass
            to.close()

        await asyncio.gather(copy(reader, far_writer), copy(far_reader, writer))

    context = server_context(authority)
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    stack.callback(server.close)
    port: int = server.sockets[0].getsockname()[1]
    return port


async def all_three(sandbox: Sandbox, folder: Path, secrets: tuple[str, ...], **more: str) -> None:
    """`init`, `doctor` and the bot reach the sandbox, and say no secret."""
    environment = processes.settings(sandbox, folder / "data" / "a.sqlite3") | more
    (folder / "init").mkdir()
    reach = {name: value for name, value in environment.items() if name != "BOT_TOKEN"}
    arguments = ("init", "--token", sandbox.token, "--admin-id", ADMIN)
    init = await processes.run(folder / "init", *arguments, **reach)
    doctor = await processes.run(folder, "doctor", **environment)
    person = sandbox.person()
    async with processes.bot_process(sandbox, folder / "data" / "a.sqlite3", **more) as bot:
        await person.says("/start")
        await person.answer(within=processes.PATIENCE)
        bot.send(15)
        ended = await bot.ended()

    assert init == (0, "Saved to .env. To start @sandbox_bot: python main.py\n", "")
    assert "ok   token        @sandbox_bot" in doctor[1]
    assert ended[0] == 0
    for secret in secrets:
        assert secret not in "".join(map(str, (*init, *doctor, *ended)))


@pytest.mark.parametrize("scheme", ["http", "socks5", "socks5h"])
async def test_all_three_use_the_proxy_of_the_settings(
    sandbox: Sandbox, tmp_path: Path, scheme: str
) -> None:
    async with proxy(scheme, int(sandbox.url.rpartition(":")[2])) as between:
        password = quote(PASSWORD, safe="")
        url = f"{scheme}://{USER}:{password}@127.0.0.1:{between.port}"
        at = f"http://{ELSEWHERE}:8081"
        secrets = (USER, PASSWORD, password)
        await all_three(sandbox, tmp_path, secrets, PROXY=url, BOT_API_URL=at)

    assert set(between.asked_for) == {f"{ELSEWHERE}:8081"}
    assert len(between.asked_for) >= 3


async def test_all_three_use_an_https_proxy_of_the_environment_and_a_private_ca(
    sandbox: Sandbox, tmp_path: Path, authority: Path
) -> None:
    async with AsyncExitStack() as stack:
        to = await tls_front(stack, sandbox, authority)
        between = await stack.enter_async_context(proxy("https", to, server_context(authority)))
        url = f"https://{USER}:{quote(PASSWORD, safe='')}@localhost:{between.port}"
        more = {"https_proxy": url, "SSL_CERT_FILE": str(authority / "ca.pem")}
        await all_three(
            sandbox, tmp_path, (USER, PASSWORD), BOT_API_URL=f"https://{ELSEWHERE}", **more
        )

    assert set(between.asked_for) == {f"{ELSEWHERE}:443"}


async def test_all_three_trust_the_ca_that_is_named_and_none_without(
    sandbox: Sandbox, tmp_path: Path, authority: Path
) -> None:
    async with AsyncExitStack() as stack:
        at = f"https://localhost:{await tls_front(stack, sandbox, authority)}"
        arguments = ("init", "--token", sandbox.token, "--admin-id", ADMIN)
        refused = await processes.run(tmp_path, *arguments, BOT_API_URL=at)
        trust = {"SSL_CERT_FILE": str(authority / "ca.pem")}
        await all_three(sandbox, tmp_path, (), BOT_API_URL=at, **trust)

    assert "ClientConnectorCertificateError" in refused[2]


async def test_a_proxy_that_refuses_the_password_is_told_without_it(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    for scheme in ("http", "socks5"):
        async with proxy(scheme, 1) as between:
            url = f"{scheme}://{USER}:wrong-secret@127.0.0.1:{between.port}"
            status, output, errors = await processes.run(
                *(tmp_path, "init", "--token", sandbox.token, "--admin-id", ADMIN), PROXY=url
            )

        assert (status, output) != (0, "")
        assert errors.startswith("Telegram does not answer (ProxyError)")
        assert "wrong-secret" not in errors
        assert between.refused == 1


@pytest.mark.parametrize(
    ("environment", "server", "expected"),
    [
        ({"HTTPS_PROXY": "http://a:1"}, "https://api.telegram.org", "a"),
        ({"https_proxy": "b:2", "HTTPS_PROXY": "http://a:1"}, "https://api.telegram.org", "b"),
        ({"ALL_PROXY": "socks5://c"}, "https://api.telegram.org", "c"),
        ({"HTTP_PROXY": "http://a:1"}, "https://api.telegram.org", None),
        ({"http_proxy": "http://a:1"}, "http://api.local:8081", "a"),
        ({"ALL_PROXY": "http://a", "NO_PROXY": "telegram.org"}, "https://api.telegram.org", None),
        ({"ALL_PROXY": "http://a", "no_proxy": "*"}, "https://api.telegram.org", None),
        ({"ALL_PROXY": "http://a"}, "http://127.0.0.1:8081", None),
        ({"ALL_PROXY": "http://a"}, "http://[::1]:8081", None),
        ({"ALL_PROXY": "http://a"}, "http://localhost:8081", None),
        ({"ALL_PROXY": "http://a", "PROXY": "http://d:1"}, "http://localhost:8081", "d"),
        ({"ALL_PROXY": "http://a", "NO_PROXY": "*", "PROXY": "http://d"}, "https://x.org", "d"),
        ({}, "https://api.telegram.org", None),
    ],
)
def test_the_setting_wins_and_the_environment_spares_this_machine(
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    server: str,
    expected: str | None,
) -> None:
    for name in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{name}_proxy", raising=False)
        monkeypatch.delenv(f"{name}_proxy".upper(), raising=False)
    for name, value in {"BOT_TOKEN": TOKEN, "BOT_API_URL": server, **environment}.items():
        monkeypatch.setenv(name, value)
    found = outgoing.proxy_of(load(Settings))

    assert (found and found.hostname) == expected


@pytest.mark.parametrize("url", ["ftp://a:1", "socks5://", "nonsense", "http://u:secret@a:99999"])
def test_what_is_no_proxy_is_one_sentence_without_the_password(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("BOT_TOKEN", TOKEN)
    monkeypatch.setenv("PROXY", url)
    with pytest.raises(WrongSettings, match=r"^PROXY is invalid: give http://") as found:
        load(Settings)

    assert "secret" not in str(found.value)


def test_what_is_no_proxy_in_the_environment_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "ftp://u:secret@a:1")
    with pytest.raises(WrongSettings, match="HTTPS_PROXY or ALL_PROXY") as found:
        outgoing.connector_of(some_settings())

    assert "secret" not in str(found.value)


def test_the_proxy_does_not_show_in_a_repr() -> None:
    assert "hidden" not in repr(some_settings(proxy="http://u:hidden@a:1"))
