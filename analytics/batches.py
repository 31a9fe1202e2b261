"""Decide what of a batch is recorded, and count its events: the same for every database."""

from collections.abc import Callable, Collection, Mapping, Sequence

from analytics.store_types import CountPeople, Received

DAY = 86_400


def accepted(
    updates: Sequence[Received], new: Collection[int], opted_out: Collection[int]
) -> tuple[list[Received], dict[int, bool]]:
    """Return the updates that are recorded, and who opted out with them.

    `new` are the update ids that were not remembered, each of which is accepted once. `opted_out`
    are the pseudonyms of people who have opted out. The second value maps those of people who
    opted out (True) or in with the batch to the last that they said.
    """
    left = set(new)
    out = set(opted_out)
    recorded = []
    said: dict[int, bool] = {}
    for each in updates:
        if each.update_id is not None:
            if each.update_id not in left:
                continue
            left.remove(each.update_id)
        if each.opt_out not in out:
            recorded.append(each)
        # From the next update on.
        if each.opting_out is not None:
            (out.add if each.opting_out else out.discard)(each.opt_out)
            said[each.opt_out] = each.opting_out
    return recorded, said


def without_erased(updates: Sequence[Received], days: Mapping[int, int]) -> list[Received]:
    """Return the updates without the interactions of people up to the day they were erased.

    `days` are those, UTC, by the references of the people.
    """
    return [
        each._replace(interaction_type=None)
        if each.timestamp // DAY <= days.get(each.reference, -1)
        else each
        for each in updates
    ]


def interactions(updates: Sequence[Received]) -> dict[tuple[int, int, str], int]:
    """Return the interactions of updates: timestamp, reference and type to how many of the same."""
    rows: dict[tuple[int, int, str], int] = {}
    for each in updates:
        if each.interaction_type is not None:
            key = each.timestamp, each.reference, each.interaction_type
            rows[key] = rows.get(key, 0) + 1
    return rows


def moments(rows: Mapping[tuple[int, int, str], int]) -> dict[int, list[int]]:
    """Return each person of `interactions`, by their reference, with the moments of theirs."""
    found: dict[int, list[int]] = {}
    for timestamp, reference, _ in rows:
        found.setdefault(reference, []).append(timestamp)
    return found


def events(
    updates: Sequence[Received],
    known: Collection[int],
    people: CountPeople,
    day_of: Callable[[int], int],
) -> dict[tuple[int, str, str], tuple[int, int]]:
    """Return the events of updates: day, kind and word to their number and, at least, of people.

    `known` are the references of people who were there before. Events of new people count with
    their first update alone.
    """
    seen = set(known)
    counts: dict[tuple[int, str, str], tuple[int, int]] = {}
    for each in updates:
        is_person = each.interaction_type is not None
        if each.events:
            is_new = is_person and each.reference not in seen
            day = day_of(each.timestamp)
            for kind, word, of_new in each.events:
                if is_new or not of_new:
                    count, at_least = counts.get((day, kind, word), (0, 0))
                    more = people(day, kind, word, each.reference)
                    counts[day, kind, word] = count + each.times, max(at_least, more)
        if is_person:
            seen.add(each.reference)
    return counts
