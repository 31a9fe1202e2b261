"""Log lines without personal data: a log outlives the cleanup."""

import errno
import json
import logging
import re
import socket
import ssl
import traceback
import warnings
from datetime import UTC, datetime

from analytics import AnalyticsError
from bot.errors import OperatorError
from bot.logs.interpreter import LEFT_OUT, mistake
from bot.logs.own_code import is_own

logger = logging.getLogger(__name__)

TOKEN = re.compile(r"\d{3,20}:[\w-]{30,64}", re.ASCII)


# Beginnings of aiogram's messages that the bot's own log lines replace, with more details.
SAID_BY_US = ("Run polling for", "Start polling", "Polling stopped", "Sleep for", "Connection est")
CONVERSION = re.compile(r"%[-#0 +]*\d*(?:\.\d+)?[a-zA-Z%]")


class PrivateFormatter(logging.Formatter):
    """Keep what is known to be harmless, instead of removing what is known to be harmful.

    A record of another library is shown as its template, with `...` in the place of arguments other
    than exceptions and the names of their classes. Without arguments the message may have been
    formatted before: then its place in the code is shown. An exception is shown as its kind and
    where it was raised, without its message, which may quote what a person wrote; except for
    SENTENCES, and for what the interpreter itself says of code. With `whole_exceptions`, exceptions
    are shown as Python does: with messages, which may hold what a person wrote, and source lines.
    """

    def __init__(self, *, whole_exceptions: bool = False) -> None:
        super().__init__()
        self._describe = _whole if whole_exceptions else _where

    def format(self, record: logging.LogRecord) -> str:
        # The second line of defence: nothing known puts a token here.
        return TOKEN.sub("(token)", self.line(record))

    def line(self, record: logging.LogRecord) -> str:
        line = f"{self.formatTime(record)} {record.levelname} {record.name}: {_message(record)}"
        return line + "".join(f"\n    {part}" for part in self.exception(record))

    def exception(self, record: logging.LogRecord) -> list[str]:
        """Return the lines of a record's exception, none if it has none."""
        return self._describe(record.exc_info[1]) if record.exc_info and record.exc_info[1] else []


class PrivateJsonFormatter(PrivateFormatter):
    """Format each record of `PrivateFormatter` as a JSON object on a line of its own.

    Its keys are `time` (ISO 8601, UTC), `level`, `logger`, `message` and, if there is an exception,
    `exception`, a list of lines.
    """

    def line(self, record: logging.LogRecord) -> str:
        parts = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": _message(record),
        }
        exception = self.exception(record)
        return json.dumps(parts | {"exception": exception} if exception else parts)


FORMATTERS = {"text": PrivateFormatter, "json": PrivateJsonFormatter}


def said(error: BaseException) -> str:
    """Return the kind of an error, followed by its message if that quotes nobody.

    That is the message of SENTENCES, and what the interpreter itself says of a mistake in code.
    """
    message = str(error) if isinstance(error, SENTENCES) else mistake(error)
    return f"{kind(error)}: {message}" if message else kind(error)


def kind(error: BaseException) -> str:
    """Return the names of an error and its causes: of classes, and of errno, SQLite or TLS codes.

    For example "TelegramNetworkError from ClientConnectorDNSError from gaierror EAI_AGAIN". All
    of them are names in source code, so none is data of a person.
    """
    names, seen = [], []
    while error not in seen:
        seen.append(error)
        names.append(" ".join(filter(None, [type(error).__name__, _code(error)])))
        before = None if error.__suppress_context__ else error.__context__
        error = error.__cause__ or before or error
    return " from ".join(names)


def _code(error: BaseException) -> str | None:
    if name := getattr(error, "sqlite_errorname", None):
        return str(name)
    if isinstance(error, ssl.SSLError):
        return error.reason
    if isinstance(error, socket.gaierror):
        return next((name for name in EAI if getattr(socket, name) == error.errno), None)
    if isinstance(error, OSError) and error.errno is not None:
        return errno.errorcode.get(error.errno)
    return None


# Our errors: they say what is wrong with settings, files or the machine, and quote nobody.
SENTENCES = (AnalyticsError, OperatorError)
EAI = [name for name in dir(socket) if name.startswith("EAI_")]


def _message(record: logging.LogRecord) -> str:
    if is_own(record):
        return str(record.msg) if record.exc_info else record.getMessage()
    if not record.args:
        return f"{record.pathname}:{record.lineno}"
    arguments = record.args if isinstance(record.args, tuple) else ()
    errors = [each for each in arguments if isinstance(each, BaseException)]
    names = {type(error).__name__ for error in errors}
    left = iter(arguments)

    def harmless(conversion: re.Match[str]) -> str:
        if conversion[0] == "%%":
            return "%"
        each = next(left, None)
        if isinstance(each, BaseException):
            return said(each)
        return each if isinstance(each, str) and each in names else LEFT_OUT

    return CONVERSION.sub(harmless, str(record.msg))


def _where(error: BaseException) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)
    return [
        said(error),
        *(f"at {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames),
    ]


def _whole(error: BaseException) -> list[str]:
    return "".join(traceback.format_exception(error)).splitlines()


def _matters(record: logging.LogRecord) -> bool:
    return is_own(record) or record.levelno >= logging.WARNING


def _is_news(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith(SAID_BY_US)


def _log_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: object = None,
    line: str | None = None,
) -> None:
    """Replace `warnings.showwarning`, which quotes: aiogram warns with a whole update."""
    logger.warning("%s at %s:%d", category.__name__, filename, lineno)


def set_up(level: str, form: str = "text", *, development: bool = False) -> None:
    """Log to stderr, including Python's warnings, which otherwise bypass logging.

    `level` is the name of a level, `form` a key of FORMATTERS. Libraries are heard from WARNING on,
    and at DEBUG. With `development` at DEBUG, exceptions are logged whole, and may hold what people
    wrote: the first line says so.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(FORMATTERS[form](whole_exceptions=development and level == "DEBUG"))
    if level != "DEBUG":
        # Without their arguments, these lines say little.
        handler.addFilter(_matters)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    warnings.showwarning = _log_warning
    # It logs the id of every update: with ids remembered elsewhere, that tells who came when.
    logging.getLogger("aiogram.event").setLevel(logging.WARNING)
    # It logs each click at INFO.
    logging.getLogger("aiogram.middlewares").setLevel(logging.WARNING)
    logging.getLogger("aiogram.dispatcher").addFilter(_is_news)
    # It logs every step at INFO.
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    # It logs the parameters of every statement at DEBUG.
    logging.getLogger("aiosqlite").setLevel(logging.INFO)
    if development and level == "DEBUG":
        logger.warning(
            "DEVELOPMENT is on: exceptions are logged whole, so people's data may be in this log"
        )
    elif development:
        logger.warning("DEVELOPMENT has no effect: it needs LOG_LEVEL=DEBUG")
