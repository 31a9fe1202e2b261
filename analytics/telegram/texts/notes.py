"""Sentences of `/note`, and the notes below a chart."""

from collections.abc import Sequence
from datetime import date, timedelta
from html import escape, unescape

from analytics import History, Note
from analytics.statistics.notes import MAX_LENGTH, MAX_NOTES, Refusal
from analytics.telegram.charts.series import series
from analytics.telegram.i18n import N_, _, format_date, format_datetime, format_number

REMOVE = N_("Remove")
CONFIRM = N_("Yes, remove it")
ALL_NOTES = N_("All notes")
NEWER, OLDER = N_("Newer"), N_("Older")
GONE = N_("This note is gone already.")
TOO_OLD = N_(
    "This button has expired, was already used, or is not yours, or the note is gone. "
    "Nothing was removed. Send /note to try again."
)
# UTF-16 units: an emoji counts as two or more.
MAX_CAPTION = 1024


def page(shown: Sequence[Note], first: int, today: date) -> str:
    """Return a page of the list of notes, numbered from `first` on."""
    lines = [f"<b>{number}</b> · {_line(note)}" for number, note in enumerate(shown, first)]
    return "\n".join(
        [
            _("📌 <b>Notes</b> on charts and in exports"),
            *(lines or [_("There are none yet.")]),
            "",
            _("To add one: <code>/note deployed 2.1</code>"),
            _("For a day: <code>/note {day} deployed 2.1</code>").format(day=today.isoformat()),
        ]
    )


def added(note: Note) -> str:
    return _("📌 <b>Added</b>, and marked on charts and in exports:") + "\n" + _line(note)


def question(note: Note) -> str:
    """Return the question whether to remove a note."""
    title = _("<b>Remove this note?</b>")
    warning = _("This cannot be undone. The button works for five minutes.")
    return f"{title}\n{_line(note)}\n\n{warning}"


def removed(note: Note) -> str:
    return _("✅ <b>Removed:</b>") + "\n" + _line(note)


def refused(reason: Refusal, days: tuple[date, date]) -> str:
    """Return why a note is not added; `days` are the first and the last that a note may have."""
    first, last = (day.isoformat() for day in days)
    match reason:
        case Refusal.NO_TEXT:
            said = _("A note needs a text, as in <code>/note deployed 2.1</code>.")
        case Refusal.TOO_LONG:
            said = _("A note has at most {count} characters.").format(
                count=format_number(MAX_LENGTH)
            )
        case Refusal.NO_SUCH_DAY:
            said = _("There is no such day. Write it as in <code>{day}</code>.").format(day=last)
        case Refusal.OTHER_YEAR:
            said = _("The day of a note is from {first} to {last}.").format(first=first, last=last)
        case Refusal.TOO_MANY:
            said = _("There are {count} notes, as many as there can be. Remove one first.").format(
                count=format_number(MAX_NOTES)
            )
    return said + " " + _("Nothing was added.")


def below_chart(caption: str, history: History) -> str:
    """Return the caption of a chart, which is a text without tags, with the notes that are marked.

    Each begins with the number of its mark. The oldest are left out if there are too many.
    """
    by_hour = history.step < timedelta(days=1)
    lines = [
        f"{number} · {_line(note, by_hour=by_hour)}"
        for number, mark in enumerate(series(history).marks, 1)
        for note in mark.notes
    ]
    for left_out in range(len(lines) + 1):
        more = [_more(left_out)] if left_out else []
        text = "\n".join([caption, *more, *lines[left_out:]])
        if _units(text) <= MAX_CAPTION:
            break
    return text


def _line(note: Note, *, by_hour: bool = False) -> str:
    when = format_datetime(note.moment) if by_hour else format_date(note.moment)
    return f"{when}: {escape(note.text, quote=False)}"


def _more(count: int) -> str:
    return _("{count} older: /note").format(count=format_number(count))


def _units(text: str) -> int:
    """Return the length of a text without tags as Telegram counts it, in UTF-16 units."""
    return len(unescape(text).encode("utf-16-le")) // 2
