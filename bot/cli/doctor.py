"""`doctor`: print one line for each check, with a remedy if it fails."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from analytics import Finding, check_permissions, diagnose, diagnose_server, utc_now
from bot.cli.errors import FAILED
from bot.cli.telegram import Me, Unreachable, WebhookInfo, ask
from bot.environment import env_file
from bot.errors import WrongSettings
from bot.settings import DataSettings, Settings, load, remarks

# Timestamps are rounded to the hour: an error of a minute is found before it matters.
MAX_CLOCK_ERROR = timedelta(minutes=1)
# Older failures of the webhook are taken to be over.
RECENT = timedelta(hours=1)


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check settings, token, clock, files and database.

    Changes nothing. Exits with 1 if a check fails.

    Example: python main.py doctor
    """
    found = asyncio.run(findings())
    if as_json:
        lines = [{"ok": not finding.failed, **asdict(finding)} for finding in found]
        typer.echo(json.dumps(lines, indent=2))
    else:
        for finding in found:
            to_do = f"\n     -> {finding.to_do}" if finding.to_do else ""
            mark = "FAIL" if finding.failed else "warn" if finding.to_do else "ok"
            typer.echo(f"{mark:<4} {finding.check:<12} {finding.found}{to_do}")
    if any(finding.failed for finding in found):
        raise typer.Exit(FAILED)


async def findings() -> list[Finding]:
    """Return the results of all checks, for the settings in the environment and `.env`."""
    found: list[Finding] = []
    try:
        settings = load(Settings)
    except WrongSettings as error:
        found += [Finding("settings", *remark) for remark in error.remarks]
    else:
        found += [Finding("settings", "valid"), admins(settings), contact(settings)]
        found += [finding async for finding in _ask_telegram(settings)]
    try:
        found += [*_names(), _env_file(env_file())]
        data_settings = load(DataSettings)
    except WrongSettings:  # it is among the findings already
        return found
    if data_settings.server_url:
        return found + await diagnose_server(
            data_settings.server_url,
            data_settings.database_path,
            pseudonym_key=data_settings.pseudonym_key,
            pseudonymise=data_settings.pseudonymise_user_ids,
            retention_days=data_settings.retention_days,
            now=utc_now(),
        )
    return found + await diagnose(
        data_settings.database_path,
        pseudonym_key=data_settings.pseudonym_key,
        database_key=data_settings.database_key_bytes,
        pseudonymise=data_settings.pseudonymise_user_ids,
        retention_days=data_settings.retention_days,
        backup_dir=data_settings.backup_dir,
        now=utc_now(),
    )


def admins(settings: Settings) -> Finding:
    if settings.admin_ids:
        return Finding("admins", f"{len(settings.admin_ids)} may send /stats")
    to_do = "set ADMIN_IDS to your Telegram ID"
    return Finding("admins", "none: nobody can use /stats or gets alerts", to_do, advice=True)


def contact(settings: Settings) -> Finding:
    if settings.operator_contact:
        return Finding("contact", "named in /privacy")
    to_do = "set OPERATOR_CONTACT, which /privacy shows"
    return Finding("contact", "people cannot find out who runs this bot", to_do, advice=True)


async def _ask_telegram(settings: Settings) -> AsyncIterator[Finding]:
    try:
        me = await ask(settings, "getMe", Me)
        webhook = await ask(settings, "getWebhookInfo", WebhookInfo)
    except Unreachable as error:
        yield Finding(
            "token", f"Telegram does not answer ({error})", "check the network and BOT_API_URL"
        )
        return
    if me.result is None or webhook.result is None:
        yield Finding("token", "refused by Telegram", "set BOT_TOKEN to what @BotFather gave you")
        return
    yield Finding("token", f"@{me.result.username}")
    yield updates(settings, webhook.result, utc_now())
    if me.date is not None:
        yield clock(me.date, utc_now())


def updates(settings: Settings, webhook: WebhookInfo, now: datetime) -> Finding:
    """Check that Telegram sends updates to where the bot, by its settings, receives them."""
    waiting = f"{webhook.pending_update_count:,} updates wait"
    to_do = "start the bot; if this returns, stop the other program that uses the token"
    if settings.webhook_url is None:
        if not webhook.url:
            return Finding("updates", f"polling, {waiting}")
        return Finding("updates", "Telegram sends them to a webhook", to_do)
    if not settings.is_webhook(webhook.url):
        found = "Telegram sends them to another webhook" if webhook.url else "no webhook is set"
        return Finding("updates", found, to_do)
    failed = datetime.fromtimestamp(webhook.last_error_date, UTC)
    if now - failed < RECENT:
        found = f"the webhook fails ({webhook.last_error_message}), {waiting}"
        return Finding("updates", found, "check that WEBHOOK_URL leads to the running bot")
    return Finding("updates", f"webhook, {waiting}")


def clock(telegrams: datetime, ours: datetime) -> Finding:
    error = ours - telegrams
    if abs(error) <= MAX_CLOCK_ERROR:
        return Finding("clock", "agrees with Telegram's")
    direction = "ahead of" if error > timedelta(0) else "behind"
    seconds = abs(error).total_seconds()
    return Finding("clock", f"{seconds:,.0f} s {direction} Telegram's", "sync it, e.g. with NTP")


def _names() -> Iterator[Finding]:
    for remark in remarks():
        yield Finding("names", *remark, advice=True)


def _env_file(path: Path | None) -> Finding:
    """Check the rights to `.env`, which holds the token, like those to the database's files."""
    if path is None:
        return Finding("env file", "none; all settings come from the environment")
    finding = check_permissions([path])
    return Finding("env file", finding.found.replace("the files", str(path)), finding.to_do)
