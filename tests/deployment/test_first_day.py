"""What a new self-hoster does by README.md, docs/install.md and docs/backup.md, in this order."""

import asyncio
import json
import shutil
import signal
from pathlib import Path

from bot.sandbox import Sandbox
from tests.support.conversation import ask
from tests.support.documents import code
from tests.support.environments import PATIENCE
from tests.support.old_files import FILES, INTERACTIONS, KEY
from tests.support.processes import run, start

ADMIN = 6_000_000_009
# What the test below does, as `start` and as `run` of tests/support/processes.py do it.
START, INIT = "python main.py", "python main.py init"


def test_the_pages_start_the_bot_alike() -> None:
    install, _demo = code("README.md", "Try it", "sh").splitlines()

    assert code("README.md", "Run it", "sh").splitlines() == [INIT, START]
    assert code("docs/install.md", "Start the bot", "sh").splitlines() == [install, INIT, START]


async def test_from_an_empty_folder_to_a_green_doctor(sandbox: Sandbox, tmp_path: Path) -> None:
    """A first start on a file of the first version, a backup, a restore, and nothing to mend."""
    settings = {
        "BOT_API_URL": sandbox.url,
        "USER_ID_KEY": KEY.hex(),
        "RETENTION_DAYS": "3650",
        "DIGEST": "off",
        "OPERATOR_CONTACT": "nobody@example.org",
    }

    async def told(*arguments: str) -> str:
        status, output, errors = await run(tmp_path, *arguments, **settings)
        assert status == 0, output + errors
        return output

    await told(*INIT.split()[2:], "--token", sandbox.token, "--admin-id", str(ADMIN))
    (tmp_path / "data").mkdir(mode=0o700)
    shutil.copy(FILES / "schema-1.sqlite3", tmp_path / "data" / "analytics.sqlite3")
    (tmp_path / "data" / "analytics.sqlite3").chmod(0o600)
    admin = sandbox.person(ADMIN)
    bot = await start(tmp_path, **settings)
    await admin.says("/start")
    await admin.answer(within=60)
    await told("backup", "copy.sqlite3")
    shown = await ask(admin, "/stats")
    kept = json.loads(await told("stats", "--json"))["total_interactions"]
    bot.send(signal.SIGTERM)
    stopped, _, _ = await bot.ended()
    await told("restore", "--force", "copy.sqlite3")
    report = json.loads(await told("stats", "--json"))
    bot = await start(tmp_path, **settings)
    await admin.says("/help")
    await admin.answer(within=60)
    # What is due is done once Telegram has confirmed the clock, within a minute.
    async with asyncio.timeout(PATIENCE):
        while (await run(tmp_path, "doctor", **settings))[0]:
            pass
    health = await told("doctor")
    bot.send(signal.SIGTERM)
    await bot.ended()

    assert stopped == 0
    assert "Statistics" in shown
    assert kept == len(INTERACTIONS) + 2
    # The one after the backup is gone, and what was there before it was upgraded is back.
    assert report["total_interactions"] == len(INTERACTIONS) + 1
    assert "fail" not in health.lower()
