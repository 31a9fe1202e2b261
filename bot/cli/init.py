"""`init`: ask for what a bot needs to start, check each answer at once, and write `.env`."""

import asyncio
import secrets
import sys
from collections.abc import Callable
from typing import Annotated, TypeVar

import typer

from bot import terminal
from bot.cli.errors import WrongUse, user_errors
from bot.cli.setup import NO_ADMIN, Setup
from bot.cli.telegram import Me, Unreachable, Updates, ask
from bot.environment import ENV_FILE, env_file
from bot.errors import Remark, WrongSettings
from bot.settings import Settings

# Questions without whose answer no bot is set up, and the option that answers each.
NEEDED = {"bot_token": "--token", "admin_ids": "--admin-id"}
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

    Asks for what is neither an option nor right in .env already; all else in .env stays as it is.
    With --token and --admin-id, asks nothing.

    Example: python main.py init
    """
    with user_errors():
        options = {"bot_token": token, "admin_ids": admin_id, "operator_contact": contact}
        setup = Setup({name: text for name, text in options.items() if text is not None})
        can_ask = sys.stdin.isatty()
        if not can_ask and (missing := [NEEDED[name] for name in NEEDED if name in setup.open]):
            raise WrongUse(f"there is no terminal to ask on: give {' and '.join(missing)}")
        file = env_file()
        if file is not None and can_ask:
            typer.echo(f"{file} exists: what is right in it stays.")
        name = _sign_in(setup, can_ask=can_ask, given=token is not None)
        if token is None:
            typer.echo(f"This is the token of @{name}.")
        if "admin_ids" in setup.open:
            _until_right(
                lambda: _ask_id(setup.settings(), name),
                lambda text: setup.check("admin_ids", text),
            )
        if can_ask and "operator_contact" in setup.open and None in (token, admin_id):
            _until_right(_ask_contact, lambda text: setup.check("operator_contact", text))
        saved = setup.save(file)
    done = f"Saved to {file or ENV_FILE}." if saved else "Nothing had to be changed."
    typer.echo(f"{done} To start @{name}: python main.py")


def _sign_in(setup: Setup, *, can_ask: bool, given: bool) -> str:
    """Return the username of the bot, whose token is asked for until Telegram takes it.

    Raises WrongSettings if a token that is `given`, or one without a terminal, does not work.
    """
    may_ask = can_ask and not given
    if "bot_token" not in setup.open:
        try:
            return _username(setup.settings(), may_retry=may_ask)
        except WrongSettings as error:
            if not may_ask:
                raise
            typer.echo(str(error), err=True)

    def signed_in(text: str) -> str:
        setup.check("bot_token", text)
        return _username(setup.settings(), may_retry=True)

    return _until_right(_ask_token, signed_in)


def _until_right(ask: Callable[[], str], check: Callable[[str], Checked]) -> Checked:
    """Return what `check` makes of the first right answer."""
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
        with terminal.status("waiting for your message; Ctrl+C stops waiting"):
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
