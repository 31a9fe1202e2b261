"""Tables of what a period is made of: types, and what is counted by day."""

from collections.abc import Callable, Iterator, Mapping

from analytics import EventKind, Overview, PeriodReport, event_figures, figures
from analytics.telegram import _, type_name
from bot.web.views.look import EVENTS, Filter, Look, Only
from bot.web.views.shares import Shares, shares

# What is used comes before who used it, and before what failed.
ORDER = (
    *(EventKind.COMMAND, EventKind.BUTTON, EventKind.START_LINK, EventKind.OWN),
    *(EventKind.CHAT, EventKind.MEMBERSHIP, EventKind.NEW_BY_LANGUAGE),
    *(EventKind.HANDLED, EventKind.ERROR),
)


# What a click on a row leaves, by the kind of its table; None is the kind of types.
ONLY: Mapping[EventKind | None, Only] = {None: Only.TYPE} | {
    kind: only for only, kind in EVENTS.items()
}


def tables(shown: Overview, look: Look, *, is_owner: bool) -> Iterator[Shares]:
    """Return the tables of a period; of hours, there are types only.

    Only owners see errors, and where they are raised. With a filter, there are only those that
    another one can be chosen from.
    """
    report = shown.period
    hidden = figures.HIDDEN if report.interactions is None else ""
    yield by_type(report.interaction_types_breakdown, look, hidden)
    if report.events is None:
        table = event_figures.commands(report)
        yield shares(table._replace(rows=[]), _(figures.NOT_BY_THE_HOUR))
        return
    of_few = _("None, or of too few people.") if report.min_users > 1 else ""
    codes = {name: code for code, name in event_figures.link_names(report.events).items()}
    found = {each.kind: each for each in event_figures.tables(report, report.events)}
    for kind in ORDER:
        if (kind is EventKind.ERROR and not is_owner) or (look.filter and kind not in ONLY):
            continue
        if found[kind].rows or kind is EventKind.COMMAND:
            yield shares(found[kind], of_few, link=_link(look, kind, codes))


def of_days(
    types: Mapping[str, int],
    words: Mapping[EventKind, Mapping[str, int]],
    report: PeriodReport,
    look: Look,
) -> Iterator[Shares]:
    """Return the tables of some days; `report` has the names of start links."""
    yield by_type(types, look)
    names = event_figures.link_names(report.events) if report.events else {}
    codes = {name: code for code, name in names.items()}
    for table in event_figures.of_days(words, names):
        if table.rows:
            yield shares(table, link=_link(look, table.kind, codes))


def by_type(counts: Mapping[str, int], look: Look, nothing: str = "") -> Shares:
    """Return the table of interactions by type."""
    return shares(
        event_figures.types(counts),
        nothing,
        lambda _table, row: type_name(row.name),
        _link(look, None, {}),
    )


def _link(
    look: Look, kind: EventKind | None, codes: Mapping[str, str]
) -> Callable[[event_figures.Row], tuple[str, bool]]:
    """Return what tells where a row leads, and whether only that is shown."""

    def link(row: event_figures.Row) -> tuple[str, bool]:
        # The rest is of several.
        if kind not in ONLY or row.name == event_figures.OTHER:
            return "", False
        name = row.name.removeprefix("/") if kind is EventKind.COMMAND else row.name
        chosen = Filter(only=ONLY[kind], word=codes.get(name, name))
        if chosen == look.filter:
            return look.address(filter=None), True
        return look.address(filter=chosen), False

    return link
