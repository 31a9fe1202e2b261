"""What of the invented people could stand in a log: none of it may."""

import re

from bot.sandbox.people import NAMES

# Ids from 5,000,000,000 up, usernames, and what people say in the tests.
OF_PEOPLE = re.compile(
    rf"\b[56]\d{{9}}\b|\b({'|'.join(NAMES)})_\d+\b|good morning|thank you!|canary|nobody_made_this",
    re.IGNORECASE,
)


def people_in(log: str) -> list[str]:
    """The lines that hold something of a person."""
    return [line for line in log.splitlines() if OF_PEOPLE.search(line)]
