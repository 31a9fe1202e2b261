"""A log line holds no person, whichever library writes it."""

import asyncio
import errno
import io
import json
import logging
import re
import socket
import sqlite3
import sys
import warnings
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from types import ModuleType

import aiohttp
import pytest
from aiogram.exceptions import TelegramNetworkError
from aiogram.methods import GetMe

from analytics import DatabaseInUse
from bot import logs
from bot.errors import Remark, Unavailable, WrongSettings

CANARY = "canary Ada 5000000001"
TOKEN = "123456789:" + "B" * 35


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What a bot at DEBUG writes to stderr."""
    text = io.StringIO()
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    monkeypatch.setattr(sys, "stderr", text)
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    logs.set_up("DEBUG")
    yield text
    root.handlers[:] = before
    root.setLevel(level)


@pytest.fixture(autouse=True)
def _other(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A library called "other"."""
    library = ModuleType("other")
    library.__file__ = str(tmp_path / "other.py")
    monkeypatch.setitem(sys.modules, "other", library)


@pytest.mark.parametrize("name", ["aiogram.dispatcher", "aiohttp.server", "asyncio", "other"])
def test_other_libraries_arguments_are_left_out(log: io.StringIO, name: str) -> None:
    logging.getLogger(name).error("failed to handle %s", CANARY)

    assert "failed to handle ...\n" in log.getvalue()
    assert CANARY not in log.getvalue()


def test_a_message_that_was_put_together_before_is_left_out(log: io.StringIO) -> None:
    logging.getLogger("other").error(f"failed to handle {CANARY}")  # noqa: G004

    assert "test_logs.py" in log.getvalue()
    assert CANARY not in log.getvalue()


async def test_what_asyncio_says_of_a_failed_callback_is_left_out(log: io.StringIO) -> None:
    loop = asyncio.get_running_loop()
    called = asyncio.Event()

    def fail(text: str) -> None:
        called.set()
        raise ValueError(text)

    loop.call_soon(fail, CANARY)
    await called.wait()

    assert "asyncio" in log.getvalue()
    assert CANARY not in log.getvalue()


def test_an_exception_is_its_type_and_place(log: io.StringIO) -> None:
    try:
        try:
            raise KeyError(CANARY)
        except KeyError as error:
            raise ValueError(CANARY) from error
    except ValueError:
        logging.getLogger("bot").exception("a handler failed: %s", CANARY)

    assert "ValueError" in log.getvalue()
    assert "test_an_exception_is_its_type_and_place" in log.getvalue()
    assert CANARY not in log.getvalue()


def test_warnings_go_through_the_log(log: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", log)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logs.set_up("DEBUG")  # entering restored the function that shows warnings
        warnings.warn(CANARY, RuntimeWarning, stacklevel=1)

    assert "RuntimeWarning at " in log.getvalue()
    assert CANARY not in log.getvalue()


def test_a_token_is_never_written(log: io.StringIO) -> None:
    logging.getLogger("bot").error("asked https://localhost/bot%s/getMe", TOKEN)
    logging.getLogger("other").error(f"asked https://localhost/bot{TOKEN}/getMe")  # noqa: G004

    assert TOKEN not in log.getvalue()


def test_our_own_lines_keep_their_numbers(log: io.StringIO) -> None:
    logging.getLogger("analytics.privacy.retention").info("cleaned up %d interactions", 12)

    assert "cleaned up 12 interactions" in log.getvalue()


def test_at_info_other_libraries_are_heard_from_warning_on(
    log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", log)
    logs.set_up("INFO")
    for name in ("other", "bot"):
        logging.getLogger(name).info("%d of many", 1)
        logging.getLogger(name).warning("%d of few", 1)

    lines = [line.split(",", 1)[1][4:] for line in log.getvalue().splitlines()]
    assert lines == ["WARNING other: ... of few", "INFO bot: 1 of many", "WARNING bot: 1 of few"]


@pytest.fixture
def objects(log: io.StringIO) -> Callable[[], list[dict[str, object]]]:
    """What a bot with LOG_FORMAT=json writes."""
    logs.set_up("DEBUG", "json")
    return lambda: [json.loads(line) for line in log.getvalue().splitlines()]


def test_as_json_each_record_is_an_object(
    objects: Callable[[], list[dict[str, object]]],
) -> None:
    logging.getLogger("analytics.privacy.retention").info('cleaned up %d "interactions"\n', 12)
    [line] = objects()

    assert datetime.fromisoformat(str(line.pop("time"))).tzinfo is not None
    assert line == {
        "level": "INFO",
        "logger": "analytics.privacy.retention",
        "message": 'cleaned up 12 "interactions"\n',
    }


def test_as_json_the_same_is_left_out(
    objects: Callable[[], list[dict[str, object]]],
) -> None:
    logging.getLogger("aiogram").error("failed to handle %s", CANARY, extra={"text": CANARY})
    logging.getLogger("bot").error("asked https://localhost/bot%s/getMe", TOKEN)
    try:
        raise ValueError(CANARY)
    except ValueError:
        logging.getLogger("bot").exception("a handler failed: %s", CANARY)
    other, ours, failed = objects()

    assert other["message"] == "failed to handle ..."
    assert ours["message"] == "asked https://localhost/bot(token)/getMe"
    assert failed["exception"][0] == "ValueError"  # type: ignore[index]
    assert CANARY not in str([other, ours, failed])


def an_error() -> OSError:
    """As aiohttp and aiogram wrap one, with a person in each message."""
    try:
        try:
            raise OSError(errno.ECONNREFUSED, CANARY)
        except OSError as error:
            raise aiohttp.ClientPayloadError(CANARY) from error
    except aiohttp.ClientError as error:
        failed = TelegramNetworkError(GetMe(), f"ClientPayloadError: {CANARY}")
        failed.__cause__ = error
        return failed  # type: ignore[return-value]


def test_the_kind_of_an_error_is_named_with_what_caused_it(log: io.StringIO) -> None:
    error = an_error()
    logging.getLogger("aiogram.dispatcher").error(
        "Failed to fetch updates - %s: %s", type(error).__name__, error
    )
    logging.getLogger("other").error("%s of %d %% - %s", CANARY, 5_000_000_001, error)
    kinds = "TelegramNetworkError from ClientPayloadError from ConnectionRefusedError ECONNREFUSED"

    assert f"Failed to fetch updates - TelegramNetworkError: {kinds}\n" in log.getvalue()
    assert f"... of ... % - {kinds}\n" in log.getvalue()
    assert not re.search("canary|Ada|5000000001", log.getvalue())


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (socket.gaierror(socket.EAI_AGAIN, CANARY), "gaierror EAI_AGAIN"),
        (OSError(errno.ENOSPC, CANARY), "OSError ENOSPC"),
        (OSError(CANARY), "OSError"),
        (ValueError(CANARY), "ValueError"),
    ],
)
def test_a_kind_is_made_of_names_that_stand_in_code(error: Exception, name: str) -> None:
    assert logs.kind(error) == name


def test_the_kind_of_sqlites_errors_is_sqlites_own() -> None:
    with pytest.raises(sqlite3.OperationalError) as failed:
        sqlite3.connect("/nowhere/at/all")

    assert logs.kind(failed.value) == "OperationalError SQLITE_CANTOPEN"


def test_an_error_that_causes_itself_ends() -> None:
    first, second = ValueError(), KeyError()
    first.__cause__, second.__cause__ = second, first

    assert logs.kind(first) == "ValueError from KeyError"


def test_our_own_lines_say_what_failed_and_our_own_sentences_why(log: io.StringIO) -> None:
    try:
        raise WrongSettings(Remark("BOT_TOKEN is missing", "give it"))
    except WrongSettings:
        logging.getLogger("bot").exception("the start failed")

    assert "the start failed\n    WrongSettings: BOT_TOKEN is missing" in log.getvalue()


@pytest.mark.parametrize(
    "error",
    [
        DatabaseInUse("another process is using data/a.sqlite3", "stop it"),
        Unavailable(Remark("METRICS_PORT is 80, where the bot cannot listen", "give a free port")),
    ],
)
def test_an_exception_with_a_message_of_our_own_is_logged_with_it(
    log: io.StringIO, error: Exception
) -> None:
    said = f"{type(error).__name__} from OperationalError: {error}"
    try:
        raise error from sqlite3.OperationalError(CANARY)
    except type(error):
        logging.getLogger("other").exception("Job %s raised an exception", CANARY)
    logging.getLogger("aiogram.event").error("Cause exception (%s)", error)

    assert f"Job ... raised an exception\n    {said}\n" in log.getvalue()
    assert f"Cause exception ({said})\n" in log.getvalue()
    assert not re.search("canary", log.getvalue(), re.IGNORECASE)


def test_what_our_own_lines_say_is_not_said_again_by_aiogram(log: io.StringIO) -> None:
    dispatcher = logging.getLogger("aiogram.dispatcher")
    dispatcher.info("Run polling for bot @%s id=%d - %r", "a", 1, "b")
    dispatcher.warning("Received %s signal", "SIGTERM")

    assert "Run polling" not in log.getvalue()
    assert "Received ... signal" in log.getvalue()


FALLEN = "the dice fell off the table"


def fail() -> None:
    try:
        try:
            raise KeyError("dice")
        except KeyError as error:
            raise ValueError(FALLEN) from error
    except ValueError:
        logging.getLogger("bot").exception("a handler failed")


def test_in_development_exceptions_are_logged_whole_and_the_start_says_so(
    log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", log)
    logs.set_up("DEBUG", development=True)
    fail()
    first, *rest = log.getvalue().splitlines()

    assert "WARNING" in first
    assert "people's data may be in this log" in first
    assert "    Traceback (most recent call last):" in rest
    assert "    KeyError: 'dice'" in rest
    assert f"    ValueError: {FALLEN}" in rest


def test_in_development_json_has_exceptions_whole(
    log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", log)
    logs.set_up("DEBUG", "json", development=True)
    fail()
    _start, failed = (json.loads(line) for line in log.getvalue().splitlines())

    assert failed["exception"][-1] == f"ValueError: {FALLEN}"


def test_in_development_a_token_is_not_written_either(
    log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", log)
    logs.set_up("DEBUG", development=True)
    try:
        raise ValueError(TOKEN)
    except ValueError:
        logging.getLogger("bot").exception("a handler failed")

    assert "ValueError: (token)" in log.getvalue()


def test_development_alone_does_nothing_and_says_what_it_needs(
    log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", log)
    logs.set_up("INFO", development=True)
    fail()

    assert "DEVELOPMENT has no effect: it needs LOG_LEVEL=DEBUG" in log.getvalue()
    assert FALLEN not in log.getvalue()
