"""Names and cells of tables of events in words, as in the chat and on the admin page."""

from babel import Locale

from analytics.events import EventKind
from analytics.statistics import event_figures, figures
from analytics.statistics.event_figures import OTHER, Cell, Part, Row, Table, Within
from analytics.telegram.i18n import _, current_locale, format_number, format_percent

# Below that, a share is not 0%, and a number not 0.
LEAST = 0.01


def row_name(table: Table, row: Row) -> str:
    """Return the name of a row in words; that of the last one says how many it sums up."""
    if row.name == OTHER and row is table.rows[-1]:
        return _rest(table)
    match table.kind:
        case EventKind.CHAT:
            return _(event_figures.CHAT_NAMES[row.name])
        case EventKind.MEMBERSHIP:
            return _(row.name)
        case EventKind.NEW_BY_LANGUAGE:
            name: str | None = Locale(current_locale()).languages.get(row.name)
            return name or row.name
    return row.name


def _rest(table: Table) -> str:
    more = _("{count} more").format(count=format_number(table.more))
    if not table.more:
        return _("other")
    return _("other, {more}").format(more=more) if table.has_other else more


def format_cell(cell: Cell) -> str:
    """Return a cell in words, a dash for what is hidden."""
    match cell:
        case None:
            return figures.HIDDEN
        case Part():
            share = f" {format_share(cell.share)}" if cell.times else ""
            return f"{format_number(cell.times)}{share}"
        case int():
            return format_number(cell)
        case float():
            return format_number(round(cell, 2)) if cell >= LEAST else f"<{format_number(LEAST)}"
        case Within():
            return f"{'>' if cell.is_over else ''}{format_seconds(cell)}"
        case _:
            return cell


def format_share(part: float) -> str:
    """Return a share, 0 to 1, in percent; the smallest ones are not 0."""
    return f"<{format_percent(LEAST)}" if 0 < part < LEAST else format_percent(part)


def format_seconds(within: Within) -> str:
    """Return a time in seconds."""
    return _("{count} s").format(count=format_number(within.time.total_seconds()))
