"""What of the invented people could stand in a log: none of it may."""

import re

from bot.sandbox.people import NAMES

# Ids from 5,000,000,000 up, names and usernames, what people say in the tests, and any token.
OF_PEOPLE = re.compile(
    rf"\b[56]\d{{9}}\b|\b({'|'.join(NAMES)})\b|\b({'|'.join(NAMES).lower()})_\d+\b"
    r"|[Gg]ood morning|thank you!|[Cc]anary|nobody_made_this|\d{9}:[\w-]{30,}"
)


def people_in(log: str) -> list[str]:
    """The lines that hold something of a person."""
    return [line for line in log.splitlines() if OF_PEOPLE.search(line)]
