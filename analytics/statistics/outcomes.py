"""The outcomes of each subject: a command, a button, or a kind of update."""

from collections.abc import Mapping
from dataclasses import dataclass

from analytics.events import EventKind
from analytics.events.outcome_words import BUCKETS, subject_and_bucket


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcomes of the updates of a subject; counts are of updates."""

    subject: str
    times: Mapping[str, int]
    """Bucket to how many were handled within it, and not within a shorter one."""
    failed: int
    unanswered: int

    @property
    def handled(self) -> int:
        return sum(self.times.values())

    @property
    def taken(self) -> int:
        """The number of updates that a handler took."""
        return self.handled + self.failed

    @property
    def failed_share(self) -> float:
        """The share of the updates that a handler took and that failed, 0 to 1."""
        return self.failed / self.taken if self.taken else 0.0

    def within(self, share: float) -> str | None:
        """Return the bucket within which a share of the handled updates was; None without any."""
        reached = 0
        for bucket in BUCKETS:
            reached += self.times.get(bucket, 0)
            if reached and reached >= share * self.handled:
                return bucket
        return None


def by_subject(events: Mapping[str, Mapping[str, int]]) -> list[Outcome]:
    """Return the outcomes of each subject, the worst first; `events` has kind to word to count.

    The worst is what has the most failures, then the most unanswered updates.
    """
    times: dict[str, dict[str, int]] = {}
    for word, count in events.get(EventKind.HANDLED, {}).items():
        subject, bucket = subject_and_bucket(word)
        times.setdefault(subject, {})[bucket] = count
    failed = events.get(EventKind.FAILED, {})
    unanswered = events.get(EventKind.UNANSWERED, {})
    outcomes = [
        Outcome(each, times.get(each, {}), failed.get(each, 0), unanswered.get(each, 0))
        for each in {*times, *failed, *unanswered}
    ]
    return sorted(outcomes, key=lambda each: (-each.failed, -each.unanswered, each.subject))


def overall(outcomes: list[Outcome]) -> Outcome:
    """Return the sum of outcomes, with no subject."""
    times = {bucket: sum(each.times.get(bucket, 0) for each in outcomes) for bucket in BUCKETS}
    return Outcome(
        "",
        {bucket: count for bucket, count in times.items() if count},
        sum(each.failed for each in outcomes),
        sum(each.unanswered for each in outcomes),
    )
