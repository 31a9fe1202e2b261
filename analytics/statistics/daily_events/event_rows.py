"""Name the numbers of events, as rows of a table: section, name, number."""

from collections.abc import Iterator

from analytics.statistics.daily_events.event_models import OutcomeCounts, PeriodEvents

Row = tuple[str, str, int | None]


def rows(events: PeriodEvents) -> Iterator[Row]:
    """Yield a row for each number; all of them are whole, and None is one that is hidden."""
    yield "bot", "added_to_groups", events.added_to_groups
    yield "bot", "removed_from_groups", events.removed_from_groups
    yield "bot", "added_to_channels", events.added_to_channels
    yield "bot", "removed_from_channels", events.removed_from_channels
    for section, counts in (
        ("button", events.buttons),
        ("chat", events.chats),
        ("new by language", events.languages),
        ("error", events.errors),
    ):
        for name, count in counts.items():
            yield section, name, count
    for code, link in events.start_links.items():
        name = f"{code} {link.name or ''}".rstrip()
        yield "start link", name, link.starts
        yield "new by start link", name, link.new_users
    if events.start_links:
        yield "new by start link", "none", events.new_users_without_link
    for name, own in events.own_events.items():
        yield "own event", name, own.count
        if own.per_active_user is not None:
            yield "own event per 100 active users", name, round(100 * own.per_active_user)
    if events.all_outcomes:
        yield from (("outcome", *number) for number in _numbers(events.all_outcomes))
    for subject, outcome in events.outcomes.items():
        yield from ((f"outcome {name}", subject, value) for name, value in _numbers(outcome))


def _numbers(outcome: OutcomeCounts) -> Iterator[tuple[str, int | None]]:
    yield "handled", outcome.handled
    yield "failed", outcome.failed
    yield "unanswered", outcome.unanswered
    yield "half within ms", outcome.half_within_ms
    yield "95% within ms", outcome.most_within_ms
