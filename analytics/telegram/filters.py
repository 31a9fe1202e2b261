"""aiogram's filters of commands, but in any case of letters, like `classify`."""

from typing import Any

from aiogram import filters


class Command(filters.Command):
    """aiogram's `Command`, in any case of letters."""

    def __init__(self, *values: str, **options: Any) -> None:
        super().__init__(*values, ignore_case=True, **options)


class CommandStart(filters.CommandStart):
    """aiogram's `CommandStart`, in any case of letters."""

    def __init__(self, **options: Any) -> None:
        super().__init__(ignore_case=True, **options)
