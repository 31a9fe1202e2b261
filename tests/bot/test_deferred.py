"""aiogram's models, built when they are used, are those that aiogram would build at its import."""

import json
import re
import subprocess
import sys

from tests.support import ROOT

MODELS = """
import json
from aiogram import methods, types
from pydantic import BaseModel

models = [
    model
    for place in (types, methods)
    for model in map(vars(place).get, place.__all__)
    if isinstance(model, type) and issubclass(model, BaseModel)
]
"""
BUILT = "print(sum(model.__pydantic_complete__ for model in models))"
FIELDS = """
for model in models:
    model.model_rebuild()
    print(json.dumps([
        f"{model.__module__}.{model.__name__}", model.__pydantic_complete__,
        [f"{name}: {field!r}" for name, field in model.model_fields.items()],
        repr(model.model_config),
    ]))
"""
# A user's own model may have one of Telegram's in it.
OF_OTHERS = """
from aiogram.types import Update, User

class Card(BaseModel):
    user: User

user = {"id": 1, "is_bot": False, "first_name": "Ann"}
chat = {"id": 1, "type": "private"}
message = {"message_id": 1, "date": 1, "chat": chat, "from": user, "text": "/start"}
reply = message | {"reply_to_message": message, "entities": []}
print(Card(user=user).model_dump_json())
update = Update.model_validate({"update_id": 1, "message": reply})
print(update.model_dump_json(exclude_none=True))
print(update.message.chat.model_dump_json(exclude_none=True))
print(methods.Response[bool].model_validate({"ok": True, "result": True}))
print(methods.SendMessage(chat_id=1, text="Hello").model_dump())
"""


def said(code: str, first: str = "") -> str:
    """What a program says that imports aiogram after `first`."""
    command = (sys.executable, "-c", first + MODELS + code)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return re.sub(" at 0x[0-9a-f]+", "", done.stdout)


DEFERRED = "from bot.deferred import import_aiogram; import_aiogram()"


def test_few_models_are_built_at_the_import() -> None:
    assert int(said(BUILT, DEFERRED)) < int(said(BUILT)) / 3


def test_each_model_has_the_fields_that_it_has_when_built_at_the_import() -> None:
    deferred = said(FIELDS, DEFERRED).splitlines()

    assert len(deferred) > 500
    assert all(complete for _, complete, *_ in map(json.loads, deferred))
    assert deferred == said(FIELDS).splitlines()


def test_models_read_and_write_the_same() -> None:
    assert said(OF_OTHERS, DEFERRED) == said(OF_OTHERS) != ""
