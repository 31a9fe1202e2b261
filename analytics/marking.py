"""Marks for sentences that are translated where they are shown; nothing here translates."""


def N_(sentence: str) -> str:  # noqa: N802 - gettext's name
    """Mark a sentence that is translated where it is used, and return it unchanged."""
    return sentence
