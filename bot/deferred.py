"""Import aiogram without building its models: pydantic builds each when it is first used.

aiogram asks for that itself (`defer_build`), but builds all of them at the end of its import, since
the modules of the models lack names in their annotations. A bot uses some dozens of the hundreds:
building all takes two thirds of the time and of the memory that the import takes.
"""

import re
import sys
from functools import cache
from typing import Any

from pydantic import BaseModel

NAME = re.compile(r"\w+")


def import_aiogram() -> None:
    """Import aiogram, and give the modules of its models the names that they lack.

    Without effect if it was imported before.
    """
    build = vars(BaseModel)["model_rebuild"]
    names: dict[str, Any] = {}

    def note_names(
        model: type[BaseModel], *, _types_namespace: dict[str, Any] | None = None, **_: object
    ) -> None:
        names.update(_types_namespace or {})

    BaseModel.model_rebuild = classmethod(note_names)  # type: ignore[assignment, arg-type]
    try:
        import aiogram  # noqa: F401
    finally:
        BaseModel.model_rebuild = build  # type: ignore[method-assign]
    for model in names.values():
        if isinstance(model, type):
            module = vars(sys.modules[model.__module__])
            for name in set().union(*map(_in_annotations, model.__mro__)) & names.keys():
                module.setdefault(name, names[name])


@cache
def _in_annotations(model: type) -> set[str]:
    """Return the names in the annotations of a class."""
    annotations = vars(model).get("__annotations__", {})
    return set(NAME.findall(" ".join(map(str, annotations.values()))))
