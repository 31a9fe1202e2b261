"""The findings about a database, and the checks that are the same for every database."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from analytics.clock import from_unix
from analytics.errors import AnalyticsError
from analytics.keyring import choose, mismatch

# A day, and two hours to run: cleanup, compaction and backup happen daily.
OVERDUE = timedelta(hours=26)


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check: what was found, and what to do; `to_do` is empty if all is well."""

    check: str
    found: str
    to_do: str = ""
    advice: bool = False
    """True if `to_do` is advice only: it can also be left as it is."""

    @property
    def failed(self) -> bool:
        """True if something is wrong: there is `to_do`, and it is not advice only."""
        return bool(self.to_do) and not self.advice


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts that a database keeps about itself; moments in Unix seconds, None for never."""

    references: str | None
    last_cleanup: int | None
    compaction_due: int | None
    recording_began: int | None
    oldest: int | None


def pseudonym_key_fits(
    path: Path,
    facts: Facts,
    pseudonym_key: bytes | None,
    pseudonymise: bool,
    name: str | None = None,
) -> Finding:
    """Check the key in the settings, or beside `path`; `name` is that of a database elsewhere."""
    try:
        references = choose(path, pseudonym_key, pseudonymise, facts.references, name)
    except AnalyticsError as error:
        return fault("key", error)
    if references.fingerprint != facts.references:
        return fault("key", mismatch(name or path, facts.references, references))
    return Finding("key", "matches the database")


def cleanup(facts: Facts, now: datetime) -> Finding:
    to_do = "start the bot, or run `python main.py cleanup`"
    if facts.last_cleanup is None:
        # The bot waits for Telegram's date with the first one, a minute at most.
        began = facts.recording_began
        is_new = began is None or now.timestamp() - began <= OVERDUE.total_seconds()
        return Finding(
            "cleanup", "none was due yet" if is_new else "never yet", "" if is_new else to_do
        )
    last = from_unix(facts.last_cleanup)
    return Finding("cleanup", f"last at {moment_text(last)}", to_do if now - last > OVERDUE else "")


def compaction(facts: Facts, now: datetime, to_do: str) -> Finding:
    """Check that what was deleted has left the disk; `to_do` says what may keep it there."""
    if facts.compaction_due is None:
        return Finding("compaction", "deleted data is gone from the disk")
    due = from_unix(facts.compaction_due)
    found = f"due since {moment_text(due)}"
    return Finding("compaction", found, to_do if now - due > OVERDUE else "")


def fault(check: str, error: AnalyticsError) -> Finding:
    return Finding(check, error.problem, error.remedy)


def moment_text(when: datetime) -> str:
    return when.strftime("%Y-%m-%d %H:%M UTC")
