"""The events of a period: sums by word, each of everybody together."""

from dataclasses import dataclass, field

from analytics.events import EventKind
from analytics.events.outcome_words import button_subject, command_subject


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkCounts:
    """The counts of a start link in a period; None is a number that is hidden."""

    name: str | None
    """The name that an owner gave; None for `other`: payloads that are no link's."""
    starts: int
    """The number of times it was followed."""
    new_users: int | None
    """The new users who came by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnEventCounts:
    """The counts of an event of the bot's own."""

    count: int
    per_active_user: float | None
    """Their number per active user of the period; None without any, or if that is hidden."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeCounts:
    """The outcomes of updates, counted when their handler ends.

    An update that is lost before, or that the analytics answer themselves, is not among them.
    """

    handled: int
    failed: int
    """Those whose handler raised an exception."""
    unanswered: int
    """Those that no handler took."""
    half_within_ms: int | None
    """The milliseconds within which half of the handled ones ended: 10, 30, 100, 300, 1,000, 3,000
    or 10,000. None without any, and if it took longer than that."""
    most_within_ms: int | None
    """The same for 95 % of the handled ones."""

    @property
    def taken(self) -> int:
        """The updates that a handler took."""
        return self.handled + self.failed

    @property
    def failed_share(self) -> float:
        """The share of the updates that a handler took and that failed, 0 to 1."""
        return self.failed / self.taken if self.taken else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodEvents:
    """The events of a period by their words, the largest first; None is a number that is hidden.

    With BREAKDOWN_MIN_USERS, words of too few people are under `other`, or left out where even
    that would tell of too few.
    """

    buttons: dict[str, int] = field(default_factory=dict)
    """The bot's own buttons to how often they were clicked. With `other` they sum to the type
    `button_click`."""
    chats: dict[str, int] = field(default_factory=dict)
    """The kind of chat (`private`, `group`, `channel`, `inline`) to interactions in it. `other` has
    those in no chat, and those from before this was counted."""
    start_links: dict[str, LinkCounts] = field(default_factory=dict)
    """The code of each start link, also without starts; `other` for the payloads of none."""
    new_users_without_link: int | None = None
    """New users who did not come by a payload of /start."""
    languages: dict[str, int] = field(default_factory=dict)
    """The languages of new users (ISO 639-1) to how many, empty unless COUNT_LANGUAGES is on.
    `other` has those whose language is not known."""
    own_events: dict[str, OwnEventCounts] = field(default_factory=dict)
    added_to_groups: int | None = 0
    removed_from_groups: int | None = 0
    added_to_channels: int | None = 0
    removed_from_channels: int | None = 0
    all_outcomes: OutcomeCounts | None = None
    """The outcomes of all subjects together; None if hidden."""
    outcomes: dict[str, OutcomeCounts] = field(default_factory=dict)
    """A command as `/NAME`, a button as `button:NAME`, or the kind of an update without either to
    its outcomes: the largest share of failures first, then the most of them."""
    errors: dict[str, int] = field(default_factory=dict)
    """The class of an exception and its place in the code to how often it made a handler fail."""

    def outcome_of(self, kind: EventKind, word: str) -> OutcomeCounts | None:
        """Return the outcomes of a command or a button; None without any, or if they are hidden."""
        subjects = {EventKind.COMMAND: command_subject, EventKind.BUTTON: button_subject}
        return self.outcomes.get(subjects[kind](word)) if kind in subjects else None
