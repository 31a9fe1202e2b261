"""`init`: ask for what a bot needs to start, check each answer at once, and write `.env`."""

import asyncio
import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console

from bot.cli.errors import user_errors
from bot.cli.telegram import Me, Unreachable, Updates, ask
from bot.environment import ENV_FILE, env_file
from bot.errors import Remark, WrongSettings
from bot.settings import Settings, load

# Formed like a token, so that everything else can be checked before a token is known.
PLACEHOLDER = "123:" + "-" * 35
NO_ADMIN = "none"
# Programs that read `.env` differ in what they make of these.
SPECIAL = re.compile(r"[#$\"\\]|^'")
# Seconds to wait for the message that tells the operator's Telegram ID, and between two looks.
MESSAGE_TIMEOUT = 180.0
LOOK_EVERY = 1.0

Checked = TypeVar("Checked")


def init(
    token: Annotated[
        str | None, typer.Option(metavar="TOKEN", help="The token from @BotFather.")
    ] = None,
    admin_id: Annotated[
        str | None, typer.Option(metavar="ID", help=f'Your Telegram ID, or "{NO_ADMIN}".')
    ] = None,
    contact: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Who runs the bot, shown by /privacy.")
    ] = None,
) -> None:
    """Set up the bot: ask for token and admin, and write .env.

    Asks for what is not given as an option. With --token and --admin-id, asks nothing.

    Example: python main.py init
    """
    with user_errors():
        # A new file would take the place of one that is read already.
        if (there := env_file() or ENV_FILE).exists():
            raise WrongSettings(Remark(f"{there} exists already", "edit it, or move it away"))
        if token is not None and admin_id is not None:
            contact = contact or ""
        answers = {
            "bot_token": (token or PLACEHOLDER).strip(),
            "admin_ids": _ids(admin_id or NO_ADMIN),
            "operator_contact": _plain(contact or ""),
        }
        # Before the first question: options, and other settings in the environment.
        load(Settings, **answers)

        def check(name: str, text: str) -> Settings:
            settings = load(Settings, **answers | {name: text})
            answers[name] = text
            return settings

        def signed_in(text: str) -> tuple[Settings, str]:
            settings = check("bot_token", text.strip())
            return settings, _username(settings, may_retry=token is None)

        settings, name = _until_right(token, _ask_token, signed_in)
        if token is None:
            typer.echo(f"This is the token of @{name}.")
        settings = _until_right(
            admin_id,
            lambda: _ask_id(settings, name),
            lambda text: check("admin_ids", _ids(text)),
        )
        settings = _until_right(
            contact, _ask_contact, lambda text: check("operator_contact", _plain(text))
        )
        _write(ENV_FILE, settings)
    typer.echo(f"Saved to {ENV_FILE}. To start @{name}: python main.py")


def _until_right(
    given: str | None, ask: Callable[[], str], check: Callable[[str], Checked]
) -> Checked:
    """Return what `check` makes of the `given` text or, without one, of the first right answer.

    Raises WrongSettings if the `given` text is wrong.
    """
    if given is not None:
        return check(given)
    while True:
        try:
            return check(ask())
        except WrongSettings as error:
            typer.echo(str(error), err=True)


def _ask_token() -> str:
    # Neither echoed nor printed, since a terminal remembers its output.
    return str(typer.prompt("Token from @BotFather (hidden as you type)", hide_input=True))


def _ask_id(settings: Settings, name: str) -> str:
    typer.echo(
        "An admin can send /stats. To be one, type your Telegram ID; if you do not know it,\n"
        f'press Enter, and the bot finds it. Type "{NO_ADMIN}" for no admin.'
    )
    typed = str(typer.prompt("Your Telegram ID", "", show_default=False))
    return typed or _find_id(settings, name)


def _ask_contact() -> str:
    typer.echo("People who send /privacy can see who runs the bot. Press Enter to leave it out.")
    return str(typer.prompt("Your name and an address", "", show_default=False))


def _ids(text: str) -> str:
    return "" if text.strip().lower() == NO_ADMIN else text.strip()


def _plain(contact: str) -> str:
    """Return a contact without surrounding spaces.

    Raises WrongSettings for characters that not all programs read as they are.
    """
    if SPECIAL.search(contact := contact.strip()):
        remedy = "write it without # $ \" \\, and without ' at the beginning"
        raise WrongSettings(Remark("OPERATOR_CONTACT is invalid", remedy))
    return contact


def _username(settings: Settings, *, may_retry: bool) -> str:
    """Return the username of the token's bot; with `may_retry`, the operator may try again.

    Raises WrongSettings if Telegram does not answer, or refuses the token.
    """
    while True:
        try:
            me = asyncio.run(ask(settings, "getMe", Me))
        except Unreachable as error:
            problem = f"Telegram does not answer ({error})"
            remark = Remark(problem, "check the network and BOT_API_URL")
            if not may_retry:
                raise WrongSettings(remark) from None
            typer.echo(str(remark), err=True)
            typer.confirm("Try again?", default=True, abort=True)
        else:
            break
    if me.result is None:
        raise WrongSettings(
            Remark("BOT_TOKEN is refused by Telegram", "give the token that @BotFather gave you")
        )
    return me.result.username


def _find_id(settings: Settings, name: str) -> str:
    """Return the Telegram ID of the operator, who sends a code to the bot.

    Raises WrongSettings if it does not arrive.
    """
    # Somebody else may write to the bot meanwhile.
    code = f"{secrets.randbelow(10**6):06}"
    typer.echo(f"Open https://t.me/{name}?start={code} and press Start,")
    typer.echo(f"or send this number to @{name}: {code}")
    try:
        with Console(stderr=True).status("waiting for your message; Ctrl+C stops waiting"):
            found = asyncio.run(_sender(settings, code))
    except (TimeoutError, KeyboardInterrupt):
        problem = "your message did not arrive"
        raise WrongSettings(Remark(problem, "type your Telegram ID, or try again")) from None
    typer.echo(f"Your Telegram ID is {found}.")
    return str(found)


async def _sender(settings: Settings, code: str) -> int:
    """Return the Telegram ID of whoever sends `code`, without acknowledging any update.

    Raises TimeoutError after three minutes, WrongSettings if another program receives the updates.
    """
    async with asyncio.timeout(MESSAGE_TIMEOUT):
        while True:
            try:
                updates = (await ask(settings, "getUpdates", Updates)).result
            except Unreachable:
                updates = Updates([])
            if updates is None:
                problem = "another program receives the messages to this bot"
                raise WrongSettings(Remark(problem, "stop it, or type your Telegram ID"))
            for message in updates.messages:
                if message.sender and message.text.split()[-1:] == [code]:
                    return message.sender.id
            await asyncio.sleep(LOOK_EVERY)


def _write(path: Path, settings: Settings) -> None:
    admins = ",".join(map(str, sorted(settings.admin_ids)))
    text = f"BOT_TOKEN={settings.bot_token.get_secret_value()}\nADMIN_IDS={admins}\n"
    if settings.operator_contact:
        text += f"OPERATOR_CONTACT={settings.operator_contact}\n"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise WrongSettings(
            Remark(f"{path} cannot be written ({error.strerror})", "run this where you may write")
        ) from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
