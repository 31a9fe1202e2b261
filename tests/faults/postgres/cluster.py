"""Three PostgreSQL servers with Patroni and etcd on this machine, to be killed, stopped and cut.

Each server sees the others, and etcd, through links of its own, so that it can be cut off while
bots go on reaching it.
"""

import asyncio
import json
import shutil
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import (
    AbstractContextManager,
    AsyncExitStack,
    asynccontextmanager,
    nullcontext,
)
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp

from tests.faults.postgres import programs
from tests.faults.postgres.links import Link, link
from tests.support.postgres import new_folder, send
from tests.support.postgres import programs as server_programs
from tests.support.webhooks import free_port

USER = "bot"
DATABASE = "postgres"
PATIENCE = 120.0
LOOK_SECONDS = 0.2
# The leader keeps its lock for this long after the last time it was heard of, in seconds.
TTL = 10
SETTINGS = {
    "ttl": TTL,
    "loop_wait": 2,
    "retry_timeout": 3,
    "synchronous_mode": True,
    "synchronous_mode_strict": True,
    "postgresql": {
        "use_pg_rewind": True,
        "use_slots": True,
        "parameters": {
            # Erased means gone: see docs/scale.md.
            "wal_recycle": "off",
            "wal_log_hints": "on",
            "wal_keep_size": "0",
            "max_connections": 100,
            "shared_buffers": "32MB",
            # Of a killed server nothing is left outside its folder.
            "dynamic_shared_memory_type": "mmap",
            "min_wal_size": "32MB",
            "max_wal_size": "256MB",
            # A walsender ends that hears nothing of its standby.
            "wal_sender_timeout": "5s",
            "wal_receiver_timeout": "5s",
        },
    },
}
ACCESS = ["local all all trust", "host all all 127.0.0.1/32 trust"]
ACCESS += ["local replication all trust", "host replication all 127.0.0.1/32 trust"]

Member = dict[str, Any]


@dataclass(eq=False)
class Node:
    """A server and the agent that starts it; `port` is the server's own."""

    name: str
    folder: Path
    port: int
    agent_port: int
    links: Sequence[Link]  # from the others to the server and the agent, and from here to etcd
    agent: asyncio.subprocess.Process | None = None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def signal_server(self, number: int) -> None:
        """Send a signal to the server and all its processes."""
        send(self.data, number)

    async def kill(self) -> None:
        """Kill agent and server with SIGKILL, as if the machine had gone."""
        assert self.agent is not None
        await programs.end(self.agent)
        self.signal_server(signal.SIGKILL)

    def stop(self) -> None:
        """Stop agent and server with SIGSTOP, as if the machine hung; `go_on` ends it."""
        assert self.agent is not None
        self.agent.send_signal(signal.SIGSTOP)
        self.signal_server(signal.SIGSTOP)

    def go_on(self) -> None:
        assert self.agent is not None
        self.signal_server(signal.SIGCONT)
        self.agent.send_signal(signal.SIGCONT)

    def cut(self) -> None:
        """Cut the node off from the others and etcd; whoever knows its own port reaches it."""
        for each in self.links:
            each.cut()

    def heal(self) -> None:
        for each in self.links:
            each.heal()

    async def start(self) -> None:
        """Start the agent, which starts the server."""
        configuration = self.folder / "patroni.json"
        command = "patroni", str(configuration)
        self.agent = await programs.start(self.folder / "log", *command)

    async def end(self) -> None:
        if self.agent is not None and self.agent.returncode is None:
            await self.kill()


@dataclass(eq=False)
class Cluster:
    """Use `cluster`."""

    nodes: list[Node] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The address of whichever node leads, by the nodes' own ports."""
        return self.url_of([node.port for node in self.nodes])

    @staticmethod
    def url_of(ports: Sequence[int]) -> str:
        hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
        return f"postgresql://{USER}@{hosts}/{DATABASE}?target_session_attrs=read-write"

    async def members(self) -> list[Member]:
        """Return what the first agent that answers says of all; nothing if none does."""
        timeout = aiohttp.ClientTimeout(total=1)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            for node in self.nodes:
                try:
                    async with session.get(f"http://127.0.0.1:{node.agent_port}/cluster") as answer:
                        found = await answer.json()
                except (OSError, aiohttp.ClientError, TimeoutError):
                    continue
                return list(found.get("members", ()))
        return []

    async def leader(self, other_than: Node | None = None) -> Node:
        """Wait until a node leads, not the one given, and return it."""
        found: list[Node] = []

        def leads(members: list[Member]) -> bool:
            names = {
                each["name"]
                for each in members
                if each["role"] == "leader" and each["state"] == "running"
            }
            found[:] = [node for node in self.nodes if node.name in names and node != other_than]
            return bool(found)

        await self._until(leads, "a leader")
        return found[0]

    async def standby(self) -> Node:
        """Return the node whose confirmation each commit waits for."""
        names = [each["name"] for each in await self.members() if each["role"] == "sync_standby"]
        [found] = [node for node in self.nodes if node.name in names]
        return found

    async def whole(self) -> Node:
        """Wait until one node leads and all others follow, one of them synchronously."""

        def is_whole(members: list[Member]) -> bool:
            timelines = {each.get("timeline") for each in members}
            states = {each["state"] for each in members}
            roles = sorted(each["role"] for each in members)
            others = ["replica"] * (len(self.nodes) - 2)
            return (
                roles == sorted(["leader", "sync_standby", *others])
                and states <= {"running", "streaming"}
                and len(timelines) == 1
                and all(not each.get("lag") for each in members)
            )

        await self._until(is_whole, "a whole cluster")
        return await self.leader()

    async def _until(self, condition: Callable[[list[Member]], bool], what: str) -> None:
        end = time.monotonic() + PATIENCE
        while not condition(members := await self.members()):
            assert time.monotonic() < end, f"no {what} in {PATIENCE:.0f} s: {members}"
            await asyncio.sleep(LOOK_SECONDS)


@cache
def _etcd_api() -> str:
    """Return the name of the section of Patroni's configuration for etcd.

    Before 3.0.3, with the newer interface, a leader that was stopped takes the lock from the one
    that has taken its place: what was committed meanwhile is lost.
    """
    version = subprocess.run(["patroni", "--version"], capture_output=True, text=True, check=True)
    numbers = version.stdout.split()[-1].split(".")
    return "etcd3" if [int(number) for number in numbers] >= [3, 0, 3] else "etcd"


def _configuration(node: Node, server: Link, agent: Link, etcd: Link) -> dict[str, Any]:
    folder = server_programs()
    return {
        "scope": "bot",
        "name": node.name,
        "restapi": {
            "listen": f"127.0.0.1:{node.agent_port}",
            "connect_address": f"127.0.0.1:{agent.port}",
        },
        # Not the address that etcd tells, which is not that of the link.
        _etcd_api(): {"hosts": [f"127.0.0.1:{etcd.port}"], "use_proxies": True},
        "bootstrap": {
            "dcs": SETTINGS,
            "initdb": [{"encoding": "UTF8"}, {"locale": "C"}, "data-checksums"],
            "pg_hba": ACCESS,
        },
        "postgresql": {
            "listen": f"127.0.0.1:{node.port}",
            "connect_address": f"127.0.0.1:{server.port}",
            "data_dir": str(node.data),
            "bin_dir": str(folder),
            "pgpass": str(node.folder / "pgpass"),
            "authentication": {
                "superuser": {"username": USER},
                "replication": {"username": "replicator"},
                "rewind": {"username": USER},
            },
            "pg_hba": ACCESS,
            "parameters": {"unix_socket_directories": str(node.folder)},
        },
    }


@asynccontextmanager
async def _etcd(folder: Path) -> AsyncIterator[int]:
    """Run etcd; its port."""
    folder.mkdir()
    programs.own(folder)
    port = free_port()
    address, peers = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{free_port()}"
    process = await programs.start(
        folder / "log",
        *("etcd", "--name", "one", "--data-dir", str(folder / "data")),
        *("--listen-client-urls", address, "--advertise-client-urls", address),
        *("--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers),
        *("--initial-cluster", f"one={peers}", "--unsafe-no-fsync"),
        *(["--enable-v2"] if _etcd_api() == "etcd" else []),
    )
    try:
        yield port
    finally:
        await programs.end(process)


@asynccontextmanager
async def cluster(
    nodes: int = 3, disk: Callable[[Path], AbstractContextManager[Any]] = nullcontext
) -> AsyncIterator[Cluster]:
    """Start a cluster and wait until it is whole; kill it at the end, and remove its files.

    `disk` is entered with the folder of each node, before anything is in it.
    """
    folder = new_folder()
    programs.own(folder)
    found = Cluster()
    async with AsyncExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        etcd_port = await stack.enter_async_context(_etcd(folder / "etcd"))
        for number in range(1, nodes + 1):
            here = folder / f"node{number}"
            here.mkdir()
            stack.enter_context(disk(here))
            programs.own(here)
            port, agent_port = free_port(), free_port()
            links = [
                await stack.enter_async_context(link(to)) for to in (port, agent_port, etcd_port)
            ]
            node = Node(f"node{number}", here, port, agent_port, links)
            configuration = here / "patroni.json"
            configuration.write_text(json.dumps(_configuration(node, *links)))
            programs.own(configuration)
            found.nodes.append(node)
            stack.push_async_callback(node.end)
        for node in found.nodes:
            await node.start()
        await found.whole()
        yield found
