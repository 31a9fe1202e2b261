"""The leader of three nodes under load is killed, stopped, cut off, or has a full disk."""

import asyncio
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.faults.database import fill
from tests.faults.postgres.cluster import Cluster, Node, cluster
from tests.faults.postgres.load import Load, load
from tests.faults.table import Fault, Row

# What a server needs with its log, and little more.
DISK_BYTES = 400 * 1024 * 1024
# So long the disk is full.
FULL_SECONDS = 20.0

Injection = Callable[[Cluster, Load, Node], Awaitable[None]]


async def injected(times: int, inject: Injection) -> Row:
    """Inject a fault into the leader of a whole cluster, and wait until all is well again."""
    async with cluster() as nodes:
        async with load(nodes.url) as running:
            for _ in range(times):
                leader = await nodes.whole()
                await running.goes_on()
                await inject(nodes, running, leader)
            await nodes.whole()
            await running.goes_on()
        return running.row(times, nodes.url)


async def kill(nodes: Cluster, running: Load, leader: Node) -> None:
    await leader.kill()
    await nodes.leader(leader)
    await running.goes_on()
    await leader.start()


async def kill_standby(nodes: Cluster, running: Load, leader: Node) -> None:
    """Kill the node whose confirmation each commit waits for."""
    standby = await nodes.standby()
    await standby.kill()
    await running.goes_on()
    await standby.start()


async def hang(nodes: Cluster, running: Load, leader: Node) -> None:
    leader.stop()
    try:
        await nodes.leader(leader)
        await running.goes_on()
    finally:
        leader.go_on()


async def cut(nodes: Cluster, running: Load, leader: Node) -> None:
    """Cut the leader off from the others and from etcd, while the bots go on reaching it."""
    leader.cut()
    try:
        await nodes.leader(leader)
        await running.goes_on()
    finally:
        leader.heal()


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """Mount one at a folder. Raises CalledProcessError where this user may not."""
    mount = ("mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder))
    subprocess.run(mount, check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


async def disks_full(times: int) -> Row:
    """The leader's disk is full for 20 s, on which it may end."""
    async with cluster(disk=small_disk) as nodes:
        async with load(nodes.url) as running:
            for _ in range(times):
                leader = await nodes.whole()
                await running.goes_on()
                filler = fill(leader.folder, "filler")
                await asyncio.sleep(FULL_SECONDS)
                filler.unlink()
            await nodes.whole()
            await running.goes_on()
        return running.row(times, nodes.url)


def fault(name: str, inject: Injection, long: int) -> Fault:
    return Fault(name, partial(injected, inject=inject), short=1, long=long)


FAULTS = [
    fault("kill -9 of the leader of three nodes", kill, 3),
    fault("kill -9 of the synchronous standby", kill_standby, 2),
    fault("leader hangs until another has taken its place (SIGSTOP)", hang, 3),
    fault("leader cut off from the other nodes and etcd", cut, 3),
    Fault("leader's disk full for 20 s", disks_full, short=1, long=1),
]
