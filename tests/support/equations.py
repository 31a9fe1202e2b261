"""Linear equations with whole numbers, modulo a prime."""

PRIME = 2**61 - 1


def reduce(row: dict[int, int], rows: dict[int, dict[int, int]]) -> dict[int, int]:
    """What is left of an equation after others were subtracted, modulo a prime."""
    left = dict(row)
    while pivots := [at for at in left if at in rows]:
        at = min(pivots)
        factor = left[at]
        for other, value in rows[at].items():
            left[other] = (left.get(other, 0) - factor * value) % PRIME
        left = {other: value for other, value in left.items() if value}
    return left
