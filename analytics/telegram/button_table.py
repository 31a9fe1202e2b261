"""Find the names of a bot's buttons, which its handlers declare, by the filters of the handlers."""

import operator
import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from aiogram import Router
from aiogram.dispatcher.event.handler import FilterObject
from aiogram.filters.callback_data import CallbackQueryFilter
from magic_filter import MagicFilter
from magic_filter.operations import (
    ComparatorOperation,
    FunctionOperation,
    GetAttributeOperation,
)
from magic_filter.util import in_op

from analytics.telegram.buttons import PREFIX

# Separator of callback data to the prefixes that end there; "" to callback data that has no parts.
Buttons = Mapping[str, Collection[str]]

# The most bytes of callback data, so that no longer name is that of a button.
MAX_BYTES = 64
# The most buttons below a message: a longer list is of data, not of buttons.
MAX_LITERALS = 100
# Digits as Telegram IDs, phone numbers and dates have them.
LIKE_AN_ID = re.compile(r"\d{5}")


def registered_buttons(routers: Iterable[Router]) -> Buttons:
    """Return the names of the buttons that have a handler in one of the routers.

    They are the prefixes of `CallbackData` classes, and whole callback data that a filter of `F`
    compares with, as `F.data == "help"` and `F.data.in_({"yes", "no"})` do; other comparisons, such
    as `startswith`, are left out. So are the buttons of the analytics, and what is no name: more
    than 64 bytes, unprintable, or with five digits in a row.
    """
    found: dict[str, set[str]] = {}
    for router in routers:
        for handler in router.callback_query.handlers:
            for separator, name in _names(handler.filters or ()):
                if _is_name(name):
                    found.setdefault(separator, set()).add(name)
    return {separator: frozenset(names) for separator, names in found.items()}


def button_of(data: str, buttons: Buttons) -> str | None:
    """Return the name of the button with this callback data, None if it is none of `buttons`."""
    if data in buttons.get("", ()):
        return data
    for separator, prefixes in buttons.items():
        if separator and (prefix := data.partition(separator)[0]) in prefixes:
            return prefix
    return None


def _is_name(text: str) -> bool:
    return (
        text.isprintable()
        and 0 < len(text.encode()) <= MAX_BYTES
        and not text.startswith(PREFIX)
        and not LIKE_AN_ID.search(text)
    )


def _names(filters: Iterable[FilterObject]) -> Iterator[tuple[str, str]]:
    """Yield each name with the separator that ends it, "" if it is whole callback data."""
    for each in filters:
        if each.magic is not None:
            yield from (("", literal) for literal in _literals(each.magic))
        elif isinstance(each.callback, CallbackQueryFilter):
            of = each.callback.callback_data
            yield of.__separator__, of.__prefix__
        else:
            # aiogram has no public classes of what `or_f`, `and_f` and `~` return.
            target = getattr(each.callback, "target", None)
            within = getattr(each.callback, "targets", () if target is None else (target,))
            yield from _names(one for one in within if isinstance(one, FilterObject))


def _literals(magic: MagicFilter) -> Iterator[str]:
    """Yield the texts that a filter of `F` compares the whole callback data with."""
    match magic._operations:
        case [GetAttributeOperation(name="data"), ComparatorOperation() as is_, *_]:
            if is_.comparator is operator.eq:
                yield from _texts([is_.right])
        case [GetAttributeOperation(name="data"), FunctionOperation(args=[among]) as is_in, *_]:
            if is_in.function is in_op and isinstance(among, Collection):
                yield from _texts(among)
    for operation in magic._operations:
        # The other side of `&` and `|`.
        right = getattr(operation, "right", None)
        if isinstance(right, MagicFilter):
            yield from _literals(right)


def _texts(among: Collection[object]) -> Iterator[str]:
    if not isinstance(among, str) and len(among) <= MAX_LITERALS:
        # A member of an enumeration is its value.
        yield from (str.__str__(each) for each in among if isinstance(each, str))
