"""Make the rows that are recorded of what was received."""

from datetime import datetime

from analytics.models import Interaction
from analytics.pseudonyms import References
from analytics.statistics.commands import counts_as
from analytics.store_types import Received


def row(
    references: References,
    precision: int,
    now: datetime,
    interaction: Interaction,
    update_id: int | None,
    event: str | None,
    opting_out: bool | None,
    unrecorded: bool | None,
) -> Received:
    """Return the row of an interaction; the arguments are as `AnalyticsService.record` has them.

    Its timestamp is rounded down to `precision`, in seconds, and not later than `now`.
    """
    opt_out = references.opt_out(interaction.telegram_id)
    if unrecorded:
        return unrecorded_row(update_id, opt_out, opting_out)
    # A clock of a phone or of Telegram may be ahead of ours: nothing occurs in the future.
    occurred = min(interaction.timestamp, now)
    timestamp = int(occurred.timestamp()) // precision * precision
    return Received(
        _remembered(update_id),
        references.reference(interaction.telegram_id),
        opt_out,
        interaction.interaction_type.value,
        timestamp,
        event if counts_as(event, interaction.interaction_type) else None,
        opting_out,
    )


def unrecorded_row(update_id: int | None, opt_out: int, opting_out: bool | None) -> Received:
    """Return a row that only keeps the update id, and opts out or in."""
    return Received(_remembered(update_id), 0, opt_out, None, 0, None, opting_out)


def _remembered(update_id: int | None) -> int | None:
    """Return the update id as SQLite can hold it: negative if it cannot be one of Telegram's."""
    if update_id is None or 0 <= update_id < 2**63:
        return update_id
    return -(update_id % 2**62) - 1
