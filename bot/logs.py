"""Log lines that hold no person: a log outlives the cleanup."""

import json
import logging
import re
import traceback
import warnings
from datetime import UTC, datetime

# Their messages are ours and hold no data of people.
OUR_LOGGERS = ("analytics", "bot", "scheduler", "__main__")
logger = logging.getLogger(__name__)

TOKEN = re.compile(r"\d{3,20}:[\w-]{30,64}", re.ASCII)


class PrivateFormatter(logging.Formatter):
    """Keeps what is known to be harmless, instead of removing what is known to be harmful.

    Of other libraries' records: the template without its arguments, or, where there are none and
    the message may have been put together before, the place. Of an exception: its type and where
    it was raised, never its message, which may quote what a person wrote.
    """

    def format(self, record: logging.LogRecord) -> str:
        # The second line of defence: nothing known puts a token here.
        return TOKEN.sub("(token)", self.line(record))

    def line(self, record: logging.LogRecord) -> str:
        line = f"{self.formatTime(record)} {record.levelname} {record.name}: {_message(record)}"
        return line + "".join(f"\n    {part}" for part in _exception(record))


class PrivateJsonFormatter(PrivateFormatter):
    """The same as an object on a line of its own, for programs that read logs."""

    def line(self, record: logging.LogRecord) -> str:
        parts = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": _message(record),
        }
        exception = _exception(record)
        return json.dumps(parts | {"exception": exception} if exception else parts)


FORMATTERS = {"text": PrivateFormatter, "json": PrivateJsonFormatter}


def _message(record: logging.LogRecord) -> str:
    if record.name.split(".")[0] in OUR_LOGGERS and not record.exc_info:
        return record.getMessage()
    return str(record.msg) if record.args else f"{record.pathname}:{record.lineno}"


def _exception(record: logging.LogRecord) -> list[str]:
    return _where(record.exc_info[1]) if record.exc_info and record.exc_info[1] else []


def _where(error: BaseException) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)
    return [
        type(error).__qualname__,
        *(f"at {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames),
    ]


def _log_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: object = None,
    line: str | None = None,
) -> None:
    """In the place of `warnings.showwarning`, which quotes: aiogram warns with a whole update."""
    logger.warning("%s at %s:%d", category.__name__, filename, lineno)


def set_up(level: str, form: str = "text") -> None:
    """Log to stderr, warnings included, which otherwise go past logging.

    `form` is one of FORMATTERS.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(FORMATTERS[form]())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    warnings.showwarning = _log_warning
    # It prints the id of every update: with the remembered ones that would tell who came when.
    logging.getLogger("aiogram.event").setLevel(logging.WARNING)
    # It tells of each click at INFO.
    logging.getLogger("aiogram.middlewares").setLevel(logging.WARNING)
    # They say at INFO what they are about to do, in many words.
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    # At DEBUG it prints the parameters of every statement.
    logging.getLogger("aiosqlite").setLevel(logging.INFO)
