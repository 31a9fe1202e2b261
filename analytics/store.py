"""The protocol between the analytics and a database: what is asked of it, and what it does.

No method knows a Telegram ID, a file or a time zone. People are given by references (numbers that
`pseudonyms` makes); only `people_of` and `interactions` return user_ids. Times are Unix seconds and
days are days since 1970, as a `Calendar` tells them, where nothing else is said. Every method
raises AnalyticsError if the database fails, and DatabaseUnavailable if that may pass. An act is one
transaction: it has happened as a whole when the method returns, or not at all.
"""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from analytics.acts import Act
from analytics.lease import Lease
from analytics.models import InteractionType, OwnRow, StartLink, UserInteraction
from analytics.store_types import (
    AuditRow,
    Batch,
    CohortCounts,
    DayOfEvent,
    HistoryCounts,
    Listed,
    NoteRow,
    PeriodCounts,
    Slice,
    Token,
    Totals,
)


class Settings(Protocol):
    """The settings that a database keeps about itself, by name."""

    async def get_setting(self, name: str) -> str | int | None:
        """Return the value of a setting, None without one."""

    async def put_setting(self, name: str, value: str | int) -> None:
        """Store a setting, in place of the value that it has."""

    async def put_setting_once(self, name: str, value: str | int) -> None:
        """Store a setting unless it has a value."""

    async def replace_setting(self, name: str, was: str | int | None, value: str | int) -> bool:
        """Store a setting in place of a value, None for none; return False if it has another."""

    async def perform(self, act: Act, committed: str | None = None) -> None:
        """Carry out an act.

        Note the mark `committed`, if given, in the same transaction.
        """

    async def committed(self, token: str) -> int:
        """Return the position up to which the spool with a token is committed, 0 if none is noted.

        With SQLite that is known of the newest spool alone: a file has no other.
        """

    async def note_committed(self, committed: str) -> None:
        """Note how far a spool is committed, by a mark: its token, a colon, the position."""


class Recording(Protocol):
    """The way in for interactions."""

    async def record(self, batch: Batch) -> None:
        """Record the updates in turn, each update id once, and nothing of people who opted out.

        Raises WrongPseudonymKey if another process has replaced the key that they are named with.
        """

    async def opted_out(self, opt_outs: Sequence[int]) -> set[int]:
        """Return those of the pseudonyms whose people have opted out."""

    async def forget_updates(self, before: int) -> None:
        """Forget the update ids received before a moment."""


class Statistics(Protocol):
    """Counts, none of which tells who it is of."""

    async def totals(self, day: int, week: int, month: int) -> Totals:
        """Return the totals, with the active users since each of three moments."""

    async def period_counts(self, since: int, day: int, before: int, middle: int) -> PeriodCounts:
        """Return the counts since a whole hour, and those to compare them with.

        `PeriodCounts.events` are those since `day`, `before` is of `before` until `middle`,
        `in_hour` of the hour from `middle` on.
        """

    async def history_counts(
        self, windows: Sequence[tuple[int, int]], day: int, hours_since: int, hours_until: int
    ) -> HistoryCounts:
        """Return the counts in each window of whole hours, which is a begin and an end.

        `HistoryCounts.days` are those kept since `day`, `HistoryCounts.hours` are those from
        `hours_since` until before `hours_until`.
        """

    async def event_days(
        self, since: int, kinds: Collection[str] | None = None
    ) -> list[DayOfEvent]:
        """Return the events of each day since a day: those of some kinds, or all."""

    async def cohort_counts(self, week: int, day: int, moment: int) -> CohortCounts:
        """Return the cohorts of the weeks since a week, and the people of days since a day.

        Weeks are since 1970-01-01 and begin on Monday. A person is in the cohort of the week in
        which they first came, as long as nothing of theirs has been deleted by age, and is counted
        in the 61 weeks after it. `moment` is a whole hour, for `CohortCounts.active`.
        """

    async def people_of_windows(self, windows: Sequence[tuple[int, int]]) -> list[int]:
        """Return how many people were active in each window, which is a begin and an end."""

    async def slices(self, since: int) -> list[tuple[Slice, int]]:
        """Return the interactions by hour and type, the oldest first.

        All of a type before the hour `since` is one slice, which begins at -2^62.
        """

    async def people_of(self, slices: Sequence[Slice], at_most: int) -> list[list[int]]:
        """Return for each slice the user_ids of its people, or `at_most` of them.

        Those whose reference was given up with a replaced key are left out.
        """

    async def seen_since(self, moments: Sequence[int]) -> list[tuple[int, int]]:
        """Return for each moment how many people were active, and how many new, since then.

        For new people a moment counts by its whole hour.
        """

    async def keep_days(self, days: Sequence[tuple[int, int, int]], min_users: int) -> None:
        """Keep the totals of days that follow each other; call before they are cleaned up.

        Each is the day, its beginning and its end, which are whole hours.
        Days up to the newest one kept are skipped; if none is kept, days before the oldest with
        interactions are. The counts by type are kept only of days with at least `min_users` people.
        Each day is a transaction of its own.
        """

    async def oldest_day_kept(self) -> int | None:
        """Return the oldest day whose totals are kept, None without any."""

    async def forget_days(self) -> None:
        """Forget the totals of all days that were kept."""

    async def interactions(
        self, limit: int, interaction_type: InteractionType | None, since: datetime | None
    ) -> list[UserInteraction]:
        """Return the newest interactions, the newest first, at most `limit` rows.

        None stands for all types, and for all times; `since` is aware and included.
        """

    async def known_times(self) -> tuple[int | None, int | None]:
        """Return the setting TELEGRAM_TIME and the newest timestamp, None for what is not there."""


class Retention(Protocol):
    """Deletion by age."""

    async def count_before(self, before: float) -> int:
        """Return how many interactions are older than a moment."""

    async def delete_before(self, before: float, at_most: int) -> int:
        """Delete interactions older than a moment, and the people with nothing left.

        The oldest ones go first, at most `at_most` rows. Return how many interactions; 0 if none
        is left. Enter `deletion` around it.
        """

    async def forget_events(self, before: int) -> None:
        """Forget the events of days before a day."""

    async def forget_active_people(self, before: int) -> None:
        """Forget how many people were active on each of the days before a day."""

    async def has_listed(self, audit_before: int, erased_before: int, notes_before: int) -> bool:
        """Return whether `forget_listed` would forget anything."""

    async def forget_listed(self, audit_before: int, erased_before: int, notes_before: int) -> None:
        """Forget the audit log and the notes before moments, and the listed erasures before a day.

        Enter `deletion` around it.
        """


class People(Protocol):
    """The data of one person."""

    async def latest_of(self, reference: int) -> OwnRow | None:
        """Return a person's newest interaction, None without any."""

    async def interactions_of(self, reference: int) -> list[OwnRow]:
        """Return a person's interactions, the oldest first."""

    async def is_known(self, reference: int) -> bool:
        """Return whether there is anything of a person."""

    async def moments_of(self, reference: int) -> list[int]:
        """Return the timestamps of a person's interactions, for `erase`; it may take seconds."""

    async def erase(
        self, reference: int, moments: Sequence[int], day_of: Callable[[int], int]
    ) -> int | None:
        """Delete a person and their interactions, if these are all at one of the `moments`.

        They leave the number of active people of each day, which `day_of` returns of a moment.

        Return how many interactions; None, having deleted nothing, if the person is not known, or
        has some at another moment: then one was recorded since `moments_of`. Enter `deletion`
        around it.
        """

    async def list_erasure(self, erasure: int, day: int, oldest: int) -> None:
        """List an erasure with its day, if copies may bring the person back.

        Those are backups, if one was made since `oldest`, and what waits at other processes.
        """

    async def erased_on(self, erasure: int) -> int | None:
        """Return the day of a listed erasure, None if it is not listed."""

    async def erasures(self) -> int:
        """Return a number that is another one after each erasure, whichever process erased."""

    async def listed(self) -> Listed:
        """Return the listed erasures and the opt-outs."""

    async def erase_again(
        self, listed: Listed, erasure_of: Callable[[int], int], day_of: Callable[[int], int]
    ) -> int:
        """Erase whom a list has, up to the end of the day of the erasure, and take over the list.

        `erasure_of` returns the reference of the erasure of a person, `day_of` the day of a moment.
        Return how many people were erased. A store that is restored by this program does nothing.
        Enter `deletion` around it.
        """

    async def make_anonymous(self, fingerprint: str) -> None:
        """Part all interactions from their people, as their references are given up.

        `fingerprint` is that of the pseudonym key from now on. Listed erasures are forgotten.
        Enter `deletion` around it.
        """


class Admins(Protocol):
    """The audit log and the muted alerts of admins, who are given by pseudonyms."""

    async def audit_entries(self, admin_reference: int | None = None) -> list[AuditRow]:
        """Return the audit log, the newest first; or only those of one admin."""

    async def mutes(self) -> set[tuple[int, str]]:
        """Return the muted alerts: pairs of an `admin_reference` and a kind."""

    async def forget_mutes(self, admin_reference: int) -> None:
        """Forget the muted alerts of an admin. Enter `deletion` around it."""


class Links(Protocol):
    """The start links that owners made."""

    async def start_links(self) -> list[StartLink]:
        """Return the links, the newest first, and those that are retired after the others."""

    async def add_start_link(self, link: StartLink) -> None:
        """Add a link, whose code no other has."""

    async def retire_start_link(self, code: str, when: datetime) -> None:
        """Retire the link with a code; what is retired already, or not there, stays as it is."""

    async def forget_start_links(self, before: float) -> None:
        """Forget the links that were retired before a moment, if no starts of them are kept."""


class Notes(Protocol):
    """The notes of admins on charts."""

    async def notes(self) -> list[NoteRow]:
        """Return all notes, the oldest first, those of one moment as they were added."""

    async def add_note(self, moment: int, text: str, at_most: int) -> int | None:
        """Add a note and return its id; None, having added nothing, if there are `at_most`."""

    async def remove_note(self, note_id: int) -> None:
        """Remove a note, if it is there. Enter `deletion` around it."""


class Sharing(Protocol):
    """The turns, tokens and newest update that the processes at a database share.

    Where only one process owns a database, that is in its memory. The clocks of processes may
    differ by `CLOCK_TOLERANCE`. Tokens are given by hashes.
    """

    async def take_turn(self, job: str, moment: int, since: int) -> bool:
        """Take the turn to run a job at a moment; False if one was taken since a moment.

        A turn in the future was taken by a wrong clock, and does not count.
        """

    async def add_token(self, token: str, added: Token, *, issued: int, now: int) -> bool:
        """Add a token that was issued at a moment; False if it is there, or may have been.

        Forget those that have expired.
        """

    async def take_token(self, token: str, kind: str) -> Token | None:
        """Forget a token and return it, None if there is none of the kind; it may have expired."""

    async def renew_token(
        self, token: str, kind: str, until: int, between: tuple[int, int]
    ) -> Token | None:
        """Let a token expire at another moment, and return it; None if there is none of the kind.

        One that does not expire `between` two moments, both included, is forgotten.
        """

    async def forget_tokens(
        self, kinds: Sequence[str], admin_reference: int | None, keep: int = 0
    ) -> None:
        """Forget the tokens of an admin of some kinds, except those added last, `keep` of them."""

    async def note_received(self, moment: int) -> None:
        """Note when this process received its newest update, rounded down as timestamps are."""

    async def last_received(self) -> int | None:
        """Return when any process received the newest update, None where nothing is noted."""


class Upkeep(Protocol):
    """The upkeep of a database. A database that does not need it does nothing."""

    @property
    def patience(self) -> float:
        """The seconds for which writes may fail before the operator has to know.

        Another process may compact, or another server take over.
        """

    def deletion(self, now: int) -> AbstractAsyncContextManager[None]:
        """Note that what is deleted meanwhile is still on the disk, until it is compacted."""

    async def compact_if_due(
        self, now: int, pause: Callable[[], AbstractAsyncContextManager[None]], *, large_too: bool
    ) -> bool:
        """Remove from the disk what was deleted, if that is quick, overdue, or `large_too`.

        Where recording would be held up, `pause` is entered meanwhile.
        Return whether nothing is left to be removed.
        """

    def keep_reserve(self) -> None:
        """Keep room on the disk, to be given up when it is full."""

    async def size(self) -> int:
        """Return the bytes that the database takes on the disk, those of its own log included.

        Raises AnalyticsError if the database cannot be read.
        """

    async def check(self) -> None:
        """Look for damage in what is never read; what can be done is done before the next write.

        Raises AnalyticsError if the database cannot be read.
        """

    async def interrupt(self) -> None:
        """Interrupt a running compaction, as the process ends."""


class Store(
    Settings,
    Recording,
    Statistics,
    Retention,
    People,
    Admins,
    Links,
    Notes,
    Sharing,
    Upkeep,
    Protocol,
):
    """A database of the analytics."""

    @property
    def name(self) -> str:
        """The name of the database in messages to operators."""

    @property
    def is_owner(self) -> bool:
        """True if this process owns the database: only an owner records."""

    @property
    def is_on_server(self) -> bool:
        """True if the database is on a server, whose other processes may own it, too."""

    @property
    def lease(self) -> Lease:
        """The lease to poll, which one process at a time holds."""
