"""Bring counts by name into rows that sum exactly to a total, such as that of their type."""

from collections.abc import Mapping

from analytics.models import InteractionType

OTHER = InteractionType.OTHER.value


def by_name(named: Mapping[str, int], total: int) -> dict[str, int]:
    """Return `named`, the largest first, with what is missing to `total` under `other`.

    After erasures the names may sum to more than `total`, which is what is left: then they share it
    in proportion.
    """
    known = sum(named.values())
    if known > total:
        named = share(named, total)
    rows = {name: count for name, count in named.items() if count}
    rows = dict(sorted(rows.items(), key=lambda row: (-row[1], row[0])))
    if rest := total - sum(rows.values()):
        rows[OTHER] = rows.get(OTHER, 0) + rest
    return rows


def share(counts: Mapping[str, int], total: int) -> dict[str, int]:
    """Return shares of `total` as whole numbers, rounding up the largest remainders."""
    known = sum(counts.values())
    shares = {name: count * total // known for name, count in counts.items()}
    remainders = sorted(counts, key=lambda name: (-(counts[name] * total % known), name))
    for name in remainders[: total - sum(shares.values())]:
        shares[name] += 1
    return shares
