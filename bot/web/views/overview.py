"""The first view: numbers of a period, its charts, and tables of what they are made of."""

from typing import Any, NamedTuple

from analytics import AnalyticsService, Missing, figures
from analytics.telegram import (
    _,
    chart_request,
    format_date,
    format_datetime,
    format_number,
    nothing_to_draw,
    report_warnings,
)
from bot.web.rendering import Templates
from bot.web.views import cards, days, events
from bot.web.views.asked import PERIODS, Asked, is_postponed
from bot.web.views.columns import Charts, charts
from bot.web.views.found import Found, find
from bot.web.views.look import BadDates, Comparison, Dates, Look, look
from bot.web.views.shares import Shares
from bot.web.views.week import Week, week


class Choice(NamedTuple):
    """A link to another look at the same view."""

    name: str
    address: str
    is_chosen: bool = False
    key: str = ""
    """The key that leads there."""


async def overview(asked: Asked, analytics: AnalyticsService, templates: Templates) -> str:
    """Return the numbers and charts of a look, beside those that it is compared with.

    Of a year, of an earlier period and from one date to another there are the sums of the days.
    Raises Unknown for a look that cannot be, NoReportYet before the first complete interval, and
    AnalyticsError if the database cannot be read.
    """
    try:
        found = await find(look(asked.query), analytics)
    except BadDates as error:
        # The form is shown again, with the days of the period that is shown first.
        found = await find(Look(), analytics)
        values = _frame(found) | {
            "title": _("Statistics"),
            "compared": "",
            "comparisons": [],
            "tables": [],
            "drawn": Charts(nothing=str(error)),
            "week": None,
        }
    else:
        values = _frame(found) | _drawn(found)
        values["tables"] = _tables(found, is_owner=asked.viewer.is_owner)
        values |= await _numbers(found, analytics)
        if found.history.buckets or not found.look.filter:
            values |= {"export": found.look.query(), "file_name": found.file_name}
    return templates.render("overview", path="/", viewer=asked.viewer, **values)


async def _numbers(found: Found, analytics: AnalyticsService) -> dict[str, Any]:
    """Return the cards of a look, and what is around those of a running period."""
    look, shown, history = found.look, found.shown, found.history
    if look.filter:
        return {"cards": cards.of_filter(look, shown.period, history, found.only)}
    if not look.is_running:
        return {"cards": [cards.of_days(history, found.before, look)]}
    cohorts = await analytics.reports.cohorts()
    return {
        "warnings": report_warnings(shown, postponed=is_postponed(analytics)),
        "cards": cards.of_period(shown, history, cohorts, look),
        "active": cards.active_users(shown, cohorts),
    }


def _frame(found: Found) -> dict[str, Any]:
    """Return what is above and around the numbers, and no numbers."""
    look, shown, whole = found.look, found.shown, found.whole
    dates = days.dates(look, whole)
    earlier, later = days.earlier(look, whole), days.later(look, whole)
    return {
        "periods": [
            Choice(
                _(name),
                look.address(period=each, back=0, dates=None),
                each == look.period,
            )
            for each, (name, _whole) in PERIODS.items()
        ],
        "earlier": earlier.address() if earlier else "",
        "later": later.address() if later else "",
        "title": _title(look, dates),
        "as_of": format_datetime(shown.whole.as_of),
        "compared": _compared(found),
        "is_dashed": found.before is not None,
        "comparisons": _comparisons(found),
        "dates": dates,
        "bounds": (whole.since.date(), days.newest(whole)),
        "kept": look.kept(),
        "only": found.only,
        "unfiltered": look.address(filter=None),
        "notes": _limits(found, dates),
        "warnings": [],
        "cards": [],
        "active": [],
        "export": "",
    }


def _title(look: Look, dates: Dates) -> str:
    if not (look.back or look.dates):
        return _(PERIODS[look.period][1])
    first, last = (format_date(each) for each in dates)
    return first if first == last else f"{first} – {last}"


def _limits(found: Found, dates: Dates) -> list[str]:
    """Return sentences about what cannot be shown of a look."""
    known = [each.since.date() for each in found.whole.buckets]
    sentences = []
    if found.look.dates and known and dates.first < min(known):
        day = format_date(min(known))
        sentences.append(_("Nothing is known of the days before {day}.").format(day=day))
    if found.look.filter:
        sentences.append(
            _(
                "Users, hours of the week and the other tables are not counted this finely, "
                "so they are left out."
            )
        )
    elif not found.look.is_running:
        sentences.append(
            _("Users, failures and hours of the week are summed up for the running periods only.")
        )
    if found.shown.period.min_users > 1 and not found.look.is_running and found.types is None:
        sentences.append(_("–: hidden, too few people"))
    return sentences


def _compared(found: Found) -> str:
    """Return what the look is compared with, or why it is not; "" if that is not asked for."""
    look, report = found.look, found.shown.period
    if look.compare is Comparison.NONE or look.is_year:
        return ""
    if look.is_by_day and found.before is None:
        return _(figures.NOT_COMPARED[report.before_missing or Missing.NOT_YET])
    if look.compare is Comparison.YEAR:
        return _("vs. 52 weeks earlier, whole days")
    if look.dates:
        weeks = days.shift(look) // days.WEEK
        return _("vs. {count} week earlier", "vs. {count} weeks earlier", weeks).format(
            count=format_number(weeks)
        )
    return _(figures.COMPARED[report.period] if look.is_by_day else figures.compared(report))


def _comparisons(found: Found) -> list[Choice]:
    """Return the comparisons that can be chosen; none of a year, of which there is nothing."""
    look = found.look
    if look.is_year:
        return []
    names = {
        Comparison.NONE: _("nothing"),
        Comparison.BEFORE: _("the period before"),
        Comparison.YEAR: _("a year ago"),
    }
    is_known = look.is_running and found.shown.period.interactions_year_ago is not None
    if not is_known and look.compare is not Comparison.YEAR:
        del names[Comparison.YEAR]
    offered = [*names]
    following = offered[(offered.index(look.compare) + 1) % len(offered)]
    return [
        Choice(
            name,
            look.address(compare=each),
            each is look.compare,
            "c" if each is following else "",
        )
        for each, name in names.items()
    ]


def _drawn(found: Found) -> dict[str, Charts | Week | None]:
    look = found.look
    if look.filter and look.filter.kind and not look.is_by_day:
        return {"drawn": Charts(nothing=_(figures.NOT_BY_THE_HOUR)), "week": None}
    if sentence := nothing_to_draw(found.history):
        return {"drawn": Charts(nothing=sentence), "week": None}
    asked = chart_request(found.history)
    return {
        "drawn": charts(asked, found.before, days.shift(look), found.only),
        # Of a part of a history they are not known.
        "week": None
        if look.filter or not (look.is_running or look.is_year)
        else week(found.history, asked),
    }


def _tables(found: Found, *, is_owner: bool) -> list[Shares]:
    if found.look.is_running:
        return list(events.tables(found.shown, found.look, is_owner=is_owner))
    if found.types is None:
        return []
    report = found.shown.period
    return list(events.of_days(found.types, found.words or {}, report, found.look))
