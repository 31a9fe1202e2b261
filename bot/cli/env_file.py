"""`.env` as a text: some settings are changed, and every other line and comment stays."""

import os
import re
import tempfile
from collections.abc import Mapping
from io import StringIO
from pathlib import Path

from dotenv.parser import parse_stream

from bot.environment import ENCODING
from bot.errors import Remark, WrongSettings

EXPORT = re.compile(r"\s*export\s")
QUOTED = re.compile(r"=\s*['\"]")
# A comment behind a value gets a line of its own: for some programs it belongs to the value.
COMMENT, BEHIND_QUOTES = re.compile(r"\s(#.*)$"), re.compile(r"\s(#[^'\"]*)$")


def create(path: Path, values: Mapping[str, str]) -> None:
    """Write a new file that only its owner may read.

    Raises WrongSettings if there is one, or if it cannot be written.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(_changed("", values))
    except OSError as error:
        raise _not_written(path, error) from None


def update(path: Path, values: Mapping[str, str]) -> None:
    """Change settings in a file, as a whole or not at all; its owner and its mode stay.

    Raises WrongSettings if it cannot be written.
    """
    try:
        path = path.resolve()
        text = path.read_bytes().decode(ENCODING)
        before = path.stat()
        descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=path.name)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
                file.write(_changed(text, values))
                file.flush()
                os.fsync(file.fileno())
            if hasattr(os, "chown"):
                os.chown(draft, before.st_uid, before.st_gid)
            Path(draft).chmod(before.st_mode)
            Path(draft).replace(path)
        except BaseException:
            Path(draft).unlink()
            raise
    except OSError as error:
        raise _not_written(path, error) from None


def _changed(text: str, values: Mapping[str, str]) -> str:
    """Return the text of `.env` with new values; those it does not have yet come last."""
    newline = "\r\n" if "\r\n" in text else "\n"
    left, parts = dict(values), []
    for each in parse_stream(StringIO(text, newline="")):
        line, name = each.original.string, (each.key or "").upper()
        if name not in values:
            parts.append(line)
            continue
        left.pop(name, None)
        parts.append(line[: len(line) - len(line.lstrip())])
        if comment := (BEHIND_QUOTES if QUOTED.search(line) else COMMENT).search(line.rstrip()):
            parts.append(f"{comment[1]}{newline}")
        export = "export " if EXPORT.match(line) else ""
        parts.append(f"{export}{name}={values[name]}{newline}")
    if left and parts and not parts[-1].endswith("\n"):
        parts.append(newline)
    parts += [f"{name}={value}{newline}" for name, value in left.items()]
    return "".join(parts)


def _not_written(path: Path, error: OSError) -> WrongSettings:
    problem = f"{path} cannot be written ({error.strerror})"
    return WrongSettings(Remark(problem, "run this where you may write"))
