"""How many examples Hypothesis tries."""

from hypothesis import settings

USUAL = 100


def examples(number: int) -> int:
    """Return how many examples to try in the place of `number`, by the profile that is used.

    `--hypothesis-profile=few` tries a quarter of them, `many` ten times as many.
    """
    return max(1, number * settings().max_examples // USUAL)
