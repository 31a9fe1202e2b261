"""How a start can fail, apart from wrong settings."""


class Unavailable(Exception):
    """Something around the bot is not there now, and may be at the next start.

    The message says in a sentence what it is, and what to do if it stays so.
    """
