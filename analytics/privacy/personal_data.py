"""The data of one person: show, export and erase it."""

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from analytics.acts import Person
from analytics.clock import from_unix
from analytics.marking import N_
from analytics.models import OwnRow
from analytics.pseudonyms import References
from analytics.store import Store
from analytics.tokens import TokenKind

Deletion = Callable[[], AbstractAsyncContextManager[None]]

DAY = 86_400

# How often a person's rows are looked for when another process has recorded some meanwhile.
ROUNDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalData:
    """Everything held about one person, and nothing about another."""

    reference: int | None
    """The person's pseudonym, or Telegram ID in plain; None if nothing is recorded of them."""
    interactions: list[OwnRow]
    """The oldest first."""
    opted_out: bool
    erased: date | None
    """The day they were erased, as long as a copy may hold what was erased; else None."""
    audit_entries: list[tuple[datetime, str]]
    """Their actions as an admin, each with its moment, the oldest first."""
    muted: list[str]
    """The alerts that they muted as an admin."""
    retention_days: int
    waiting: int = 0
    """The number of interactions received that are not in the database yet, as it fails."""

    @property
    def oldest_goes(self) -> datetime:
        """The moment the oldest interaction is past retention. Raises IndexError without one."""
        return self.interactions[0].timestamp + timedelta(days=self.retention_days)


async def everything(
    store: Store, telegram_id: int, references: References, retention_days: int
) -> PersonalData:
    """Return everything the database holds about a person.

    Raises AnalyticsError if the database cannot be read.
    """
    reference, admin_reference = references.reference(telegram_id), references.admin(telegram_id)
    opt_out = references.opt_out(telegram_id)
    interactions = await store.interactions_of(reference)
    mutes = await store.mutes()
    erased = await store.erased_on(references.erasure(reference))
    entries = await store.audit_entries(admin_reference)
    return PersonalData(
        reference=reference if interactions else None,
        interactions=interactions,
        opted_out=bool(await store.opted_out([opt_out])),
        erased=None if erased is None else from_unix(erased * DAY).date(),
        audit_entries=[(each.timestamp, each.action) for each in reversed(entries)],
        muted=sorted(kind for by, kind in mutes if by == admin_reference),
        retention_days=retention_days,
    )


def to_erase(references: References, telegram_id: int, now: datetime, oldest: datetime) -> Person:
    """Name a person for `erase`; `oldest` is the moment before which backups are deleted."""
    reference = references.reference(telegram_id)
    return Person(
        reference,
        references.admin(telegram_id),
        references.erasure(reference),
        int(now.timestamp()) // DAY,
        int(oldest.timestamp()),
    )


async def erase(
    store: Store,
    person: Person,
    deletion: Deletion,
    day_of: Callable[[int], int],
    moments: Sequence[int] = (),
) -> int | None:
    """Delete every row of a person, in one transaction, and with the last one the person.

    The alerts that they muted as an admin are deleted, too, and their sessions of the admin page
    end. `deletion` is entered while rows are
    deleted. `moments` are from `Store.moments_of`, which is asked again if they miss a row. Return
    how many interactions were deleted, None if each of 10 times another process had recorded one
    meanwhile. Raises AnalyticsError if the database fails.
    """
    if person.admin_reference in {by for by, _kind in await store.mutes()}:
        async with deletion():
            await store.forget_mutes(person.admin_reference)
    await store.forget_tokens((TokenKind.LINK, TokenKind.SESSION), person.admin_reference)
    # Listed before, in case of a kill in between, and after, in case the first backup begins
    # meanwhile.
    await store.list_erasure(person.erasure, person.day, person.oldest)
    deleted = await _delete(store, person.reference, deletion, day_of, moments)
    await store.list_erasure(person.erasure, person.day, person.oldest)
    return deleted


async def _delete(
    store: Store,
    reference: int,
    deletion: Deletion,
    day_of: Callable[[int], int],
    moments: Sequence[int],
) -> int | None:
    for _ in range(ROUNDS):
        if not await store.is_known(reference):
            return 0
        async with deletion():
            deleted = await store.erase(reference, moments, day_of)
        if deleted is not None:
            return deleted
        moments = await store.moments_of(reference)
    return None


# What each key of the file for a person is; words in braces are filled in.
EXPLANATIONS = {
    "what": N_("Everything this bot stores about you, and nothing about anyone else."),
    "made": "{made}",
    "reference": N_(
        "What stands for you: a pseudonym of your Telegram ID, made with a key that is kept "
        "elsewhere, or the ID itself if this bot is set to store it."
    ),
    "interaction_type": N_("What it was: a word from a fixed list."),
    "timestamp": N_("When, in UTC, rounded down."),
    "count": N_("How many of the same."),
    "opted_out": N_("Whether you have opted out of being counted."),
    "waiting": N_("How many interactions are not in the database yet, because it fails."),
    "erased": N_(
        "The day you erased your data. While copies of it may exist, a separate pseudonym is kept, "
        "so that no copy, such as a backup, brings it back."
    ),
    "audit_entries": N_(
        "If you are an admin: what you viewed or deleted, and when. Kept as long as interactions, "
        "even if you erase your data."
    ),
    "turned_off": N_("If you are an admin: the notifications that you muted."),
    "kept": N_("Days until an interaction is deleted: {days}."),
}


def as_json(
    data: PersonalData, now: datetime, translate: Callable[[str], str] = lambda text: text
) -> str:
    """Return the data as JSON that explains itself, in English or as `translate` has it."""
    facts = {"made": _iso(now), "days": data.retention_days}
    return json.dumps(
        {
            "about": {
                key: (translate(text) if text != "{made}" else text).format(**facts)
                for key, text in EXPLANATIONS.items()
            },
            # A string, since most programs cannot hold 64 bits in a number.
            "reference": None if data.reference is None else str(data.reference),
            "opted_out": data.opted_out,
            "waiting": data.waiting,
            "erased": data.erased.isoformat() if data.erased else None,
            "interactions": [
                {
                    "interaction_type": row.interaction_type.value,
                    "timestamp": _iso(row.timestamp),
                    "count": row.count,
                }
                for row in data.interactions
            ],
            "audit_entries": [
                {"timestamp": _iso(when), "action": action} for when, action in data.audit_entries
            ],
            "turned_off": data.muted,
        },
        indent=2,
        ensure_ascii=False,
    )


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
