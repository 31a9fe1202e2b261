"""Aggregates as a file for spreadsheets."""

from analytics import Aggregates, ChosenDays, Cohorts
from analytics.statistics.export import as_csv
from analytics.telegram.i18n import list_separator


def spreadsheet(aggregates: Aggregates | ChosenDays | Cohorts) -> bytes:
    """Return aggregates as a CSV file that opens in columns in the current language."""
    # Without a byte order mark, Excel reads the file in an old code page.
    return as_csv(aggregates, list_separator()).encode("utf-8-sig")
