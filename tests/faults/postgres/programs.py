"""The programs of a cluster, run as the user `postgres` where the tests run as root."""

import asyncio
import os
import shutil
import signal
from pathlib import Path

from tests.support.postgres import reason_to_skip as reason_without_a_server

NEEDED = ("patroni", "etcd")


def reason_to_skip() -> str | None:
    """Return in a sentence what to install for a cluster, None if everything is there."""
    missing = [name for name in NEEDED if shutil.which(name) is None]
    return reason_without_a_server() or (
        f"{' and '.join(missing)} not installed: apt-get install patroni etcd-server"
        if missing
        else None
    )


def own(path: Path) -> None:
    """Give a file or folder to the user that the servers run as."""
    if os.geteuid() == 0:
        shutil.chown(path, "postgres", "postgres")


async def start(log: Path, *command: str) -> asyncio.subprocess.Process:
    """Start a program; what it prints is added to a file."""
    server = "postgres" if os.geteuid() == 0 else None
    with log.open("ab") as output:
        return await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=log.parent,
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
            start_new_session=True,
            user=server,
            group=server,
            extra_groups=[] if server else None,
        )


async def end(process: asyncio.subprocess.Process, number: int = signal.SIGKILL) -> None:
    """Send a signal to a program and wait for its end."""
    if process.returncode is None:
        process.send_signal(number)
        await process.wait()
