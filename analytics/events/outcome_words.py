"""The words by which outcomes of updates are counted."""

from functools import lru_cache

from analytics.events import Event, EventKind

# Upper bounds, in seconds, of the time until a handler ended.
OUTCOME_TIME_BOUNDS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
# The bucket of handlers that took longer than the last bound.
MORE = "more"
BUCKETS = (*(f"{bound:g}" for bound in OUTCOME_TIME_BOUNDS), MORE)
# Between the class of an error and its place.
AT = " at "
# The beginnings of the subjects of a button and a command, which no kind of update has.
OF_BUTTON = "button:"
OF_COMMAND = "/"
# Characters of a subject: a callback data of Telegram's has 64 bytes, a command 32 letters.
MAX_SUBJECT = 80


def event_of(outcome: EventKind, subject: str, seconds: float) -> Event:
    """Return the event of an update that was handled, failed or was unanswered.

    `subject` is a command, a button or a kind of update, `seconds` the time until a handler ended:
    the word is `/help`, or `/help 0.3` if it was handled.
    """
    word = subject[:MAX_SUBJECT]
    if outcome is EventKind.HANDLED:
        bounds = zip(BUCKETS, OUTCOME_TIME_BOUNDS, strict=False)
        word += f" {next((name for name, bound in bounds if seconds <= bound), MORE)}"
    return _event(outcome, word)


@lru_cache(maxsize=1_000)  # so that those that wait in memory share it
def _event(kind: EventKind, word: str) -> Event:
    return Event(kind, word)


def command_subject(name: str) -> str:
    """Return the subject of a command that the bot registers; `name` is without the slash."""
    return f"{OF_COMMAND}{name}"


def button_subject(name: str) -> str:
    """Return the subject of a button that the bot registers."""
    return f"{OF_BUTTON}{name}"


def button_name(subject: str) -> str | None:
    """Return the name of the button that a subject is; None for a command or a kind of update."""
    return subject.removeprefix(OF_BUTTON) if subject.startswith(OF_BUTTON) else None


def error_at(class_name: str, place: str | None) -> str:
    """Return the word of an error: its class, and its file and line if they are known."""
    return f"{class_name}{AT}{place}" if place else class_name


def subject_and_bucket(word: str) -> tuple[str, str]:
    """Return the subject and the bucket of a word of the kind HANDLED."""
    subject, _, bucket = word.rpartition(" ")
    return subject, bucket
