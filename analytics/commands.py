"""How often each command was used: rows that sum to the type `command` exactly."""

from collections.abc import Mapping

from analytics.interactions import InteractionType

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
