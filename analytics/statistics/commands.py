"""How often each command was used: rows that sum to the type `command` exactly."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analytics.models import InteractionType

OTHER = InteractionType.OTHER.value


def counts_as(event: str | None, interaction_type: InteractionType) -> bool:
    """Return whether an event may be counted: a name only of what is recorded as a command."""
    is_name = event is not None and event.startswith("/")
    return not is_name or interaction_type is InteractionType.COMMAND


def by_name(named: Mapping[str, int], total: int) -> dict[str, int]:
    """Return `named` with what is missing to `total` under `other`, the largest first.

    `other` are commands that the bot does not register. After erasures there may be more by name
    than there are left: then the names share the total in proportion.
    """
    known = sum(named.values())
    if known > total:
        named = _share(named, total)
    rows = {name: count for name, count in named.items() if count}
    rows = dict(sorted(rows.items(), key=lambda row: (-row[1], row[0])))
    if rest := total - sum(rows.values()):
        rows[OTHER] = rows.get(OTHER, 0) + rest
    return rows


def _share(counts: Mapping[str, int], total: int) -> dict[str, int]:
    """Whole numbers in proportion that sum to `total`: the largest remainders are rounded up."""
    known = sum(counts.values())
    shares = {name: count * total // known for name, count in counts.items()}
    remainders = sorted(counts, key=lambda name: (-(counts[name] * total % known), name))
    for name in remainders[: total - sum(shares.values())]:
        shares[name] += 1
    return shares


@dataclass(frozen=True, slots=True)
class DayOfEvent:
    """How often something happened on a day, and at least how many people it was."""

    day: int
    event: str
    count: int
    people: int


def shown_events(
    rings: Sequence[Sequence[DayOfEvent]],
    commands: Sequence[int],
    memberships: Sequence[int],
    enough: int,
) -> set[str]:
    """Return the events to be shown by name, in every period alike.

    `rings` are what the periods differ by: the days of the shortest, those that the next one has
    besides, and so on; `commands` and `memberships` are all interactions of these types there. In
    each ring an event happened never, or to enough people; and so did what is left in `other`.
    """
    counts, people = [Counter[str]() for _ in rings], [Counter[str]() for _ in rings]
    for ring, here, at_least in zip(rings, counts, people, strict=True):
        for each in ring:
            here[each.event] += each.count
            at_least[each.event] = max(at_least[each.event], each.people)
    of_enough = {
        name
        for name in set().union(*counts)
        if all(
            not here[name] or at_least[name] >= enough
            for here, at_least in zip(counts, people, strict=True)
        )
    }
    blocks = {"blocked", "unblocked"}
    # What is left of the type are groups that the bot was taken into.
    are_shown = (blocks & set().union(*counts)) <= of_enough and all(
        here["blocked"] + here["unblocked"] == total
        for here, total in zip(counts, memberships, strict=True)
    )
    names = of_enough - blocks
    while names and not all(
        _is_fine(here, at_least, names, total, enough)
        for here, at_least, total in zip(counts, people, commands, strict=True)
    ):
        names.remove(min(names, key=lambda name: (sum(here[name] for here in counts), name)))
    return names | ({"blocked"} if are_shown else set())


def _is_fine(
    counts: Counter[str], people: Counter[str], names: set[str], total: int, enough: int
) -> bool:
    """Whether what is not named is nothing, or of enough people."""
    rest = total - sum(counts[name] for name in names)
    folded = [people[name] for name in counts if name.startswith("/") and name not in names]
    return rest <= 0 or max(folded, default=0) >= enough
