"""Make the rows that are recorded of what was received."""

from collections.abc import Callable, Sequence
from datetime import datetime

from analytics.events import Event, EventKind
from analytics.events.handling import Handling
from analytics.models import Interaction
from analytics.pseudonyms import References
from analytics.store_types import Received

# Seconds: days begin with whole hours, so that no event needs a finer time.
HOUR = 3_600


def row(
    reference: Callable[[int], int],
    opt_out: Callable[[int], int],
    rounded: Callable[[int], int],
    now: datetime,
    interaction: Interaction,
    update_id: int | None,
    events: Sequence[Event] | None,
    opting_out: bool | None,
    unrecorded: bool | None,
) -> Received:
    """Return the row of an interaction; the arguments are as `AnalyticsService.record` has them.

    `reference` and `opt_out` make the pseudonyms, as those of `References` do. The timestamp is
    `rounded`, in Unix seconds, and not later than `now`.
    """
    of_opt_outs = opt_out(interaction.telegram_id)
    if unrecorded:
        return unrecorded_row(update_id, of_opt_outs, opting_out)
    # A clock of a phone or of Telegram may be ahead of ours: nothing occurs in the future.
    occurred = min(interaction.timestamp, now)
    timestamp = rounded(int(occurred.timestamp()))
    return Received(
        _remembered(update_id),
        reference(interaction.telegram_id),
        of_opt_outs,
        interaction.interaction_type.value,
        timestamp,
        tuple(events or ()),
        opting_out,
    )


def unrecorded_row(update_id: int | None, opt_out: int, opting_out: bool | None) -> Received:
    """Return a row that only keeps the update id, and opts out or in."""
    return Received(_remembered(update_id), 0, opt_out, None, 0, (), opting_out)


def own_event_row(
    references: References, current: Handling, word: str, times: int, now: datetime
) -> Received:
    """Return a row that counts a word of the bot's own, for the person whose update is handled."""
    reference, opt_out = pseudonyms(references, current.telegram_id)
    event, timestamp = Event(EventKind.OWN, word), int(now.timestamp()) // HOUR * HOUR
    return Received(None, reference, opt_out, None, timestamp, (event,), None, times)


def pseudonyms(references: References, telegram_id: int | None) -> tuple[int, int]:
    """Return a person's reference and pseudonym among opt-outs, which are 0 for nobody."""
    if telegram_id is None:
        return 0, 0
    return references.reference(telegram_id), references.opt_out(telegram_id)


def _remembered(update_id: int | None) -> int | None:
    """Return the update id as SQLite can hold it: negative if it cannot be one of Telegram's."""
    if update_id is None or 0 <= update_id < 2**63:
        return update_id
    return -(update_id % 2**62) - 1
