"""Count the uses of each command, in rows that sum exactly to the type `command`."""

from collections import Counter
from collections.abc import Mapping, Sequence

from analytics.models import InteractionType
from analytics.store_types import DayOfEvent

OTHER = InteractionType.OTHER.value


def counts_as(event: str | None, interaction_type: InteractionType) -> bool:
    """Return whether an event may be counted: a command name only with the type `command`."""
    is_name = event is not None and event.startswith("/")
    return not is_name or interaction_type is InteractionType.COMMAND


def by_name(named: Mapping[str, int], total: int) -> dict[str, int]:
    """Return `named`, the largest first, with what is missing to `total` under `other`.

    `other` counts commands that the bot does not register. After erasures the names may sum to
    more than `total`, the commands that are left: then they share it in proportion.
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
    """Return shares of `total` as whole numbers, rounding up the largest remainders."""
    known = sum(counts.values())
    shares = {name: count * total // known for name, count in counts.items()}
    remainders = sorted(counts, key=lambda name: (-(counts[name] * total % known), name))
    for name in remainders[: total - sum(shares.values())]:
        shares[name] += 1
    return shares


def shown_events(
    rings: Sequence[Sequence[DayOfEvent]],
    commands: Sequence[int],
    memberships: Sequence[int],
    enough: int,
) -> set[str]:
    """Return the events that may be shown by name, the same ones in every period.

    `rings` are the days by which the periods differ: those of the shortest, those that the next
    longer one adds, and so on, in any order. `commands` and `memberships` are the number of
    interactions of these types in each ring. An event is shown if in each ring it happened never
    or to at least `enough` people, and if the same is true of the commands left in `other`.
    `blocked` in the result stands for `unblocked`, too.
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
    # The other interactions of this type are groups that the bot was added to.
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
    """Return whether the commands that are not named are none, or of enough people."""
    rest = total - sum(counts[name] for name in names)
    folded = [people[name] for name in counts if name.startswith("/") and name not in names]
    return rest <= 0 or max(folded, default=0) >= enough
