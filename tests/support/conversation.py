"""What a person does in a chat with the bot, and what comes of it."""

from typing import Any

from bot.sandbox import Person


async def ask(person: Person, text: str) -> str:
    """Return the text of the answer."""
    await person.says(text)
    return (await person.answer()).text


async def message_for(person: Person, text: str) -> dict[str, Any]:
    """Return the answer as Telegram has it."""
    await person.says(text)
    return (await person.answer()).message


async def tap(person: Person, button: str) -> str:
    """Return the text of what comes after the click was answered."""
    await person.clicks(button)
    await person.toast()
    return (await person.answer()).text


def click(person: Person, message: dict[str, Any], data: str) -> dict[str, Any]:
    """Return the update of a click on a button that nobody was shown, or that is gone."""
    return {
        "callback_query": {
            "id": "1",
            "from": person.user,
            "message": message,
            "chat_instance": "1",
            "data": data,
        }
    }


def message_with_buttons(person: Person) -> dict[str, Any]:
    """Return the first message that the person has seen with buttons."""
    return next(line.message for line in person.transcript if line.message.get("reply_markup"))
