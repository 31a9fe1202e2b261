"""Check options when they are given, so that a wrong one is refused before anything is opened."""


def check_numbers(**options: int) -> None:
    """Raise TypeError if an option is not a whole number, such as text from the environment."""
    for option, value in options.items():
        if not isinstance(value, int):
            raise TypeError(f"{option} has to be a whole number, such as 90 and not '90'")


def check_key(option: str, key: bytes | None, *lengths: int) -> None:
    """Raise TypeError if a key is not bytes, ValueError if it has none of the `lengths` in bytes.

    No message contains any of the key.
    """
    if key is None:
        return
    needed = " or ".join(map(str, lengths))
    if not isinstance(key, bytes):
        raise TypeError(
            f"{option} has to be {needed} bytes: make them of hexadecimal digits by bytes.fromhex()"
        )
    if len(key) not in lengths:
        raise ValueError(f"{option} has {len(key)} bytes: give {needed}, or None for no key")
