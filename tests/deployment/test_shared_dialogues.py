"""The storage that docs/scale.md shows shares the dialogues of replicas, for a day."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from aiogram.fsm.storage.base import StorageKey

from tests.support.documents import code
from tests.support.processes import PATIENCE

ADDRESS = "redis://localhost:6379/0"
SERVER = shutil.which("redis-server")
PERSON, OTHER = 6_000_000_001, 6_000_000_002

pytestmark = pytest.mark.skipif(
    not (SERVER and find_spec("redis")), reason="needs redis-server and the extra [interop]"
)


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """The address of a Redis server that ends with the test."""
    assert SERVER is not None
    socket = tmp_path / "redis.sock"
    command = [SERVER, "--port", "0", "--unixsocket", str(socket), "--save", ""]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL) as server:
        until = time.monotonic() + PATIENCE
        while not socket.exists():
            assert time.monotonic() < until
        yield f"unix://{socket}"
        server.terminate()


def storage(address: str) -> Any:
    """A storage made as the page says, but at this address."""
    shown: dict[str, Any] = {}
    written = code("docs/scale.md", "Dialogues of replicas", "python")
    assert ADDRESS in written
    exec(written.replace(ADDRESS, address), shown)
    return shown["dialogues"]


async def test_a_dialogue_goes_on_at_another_replica_for_a_day_until_the_person_is_erased(
    address: str,
) -> None:
    one, other = storage(address), storage(address)
    in_private, in_group, of_another = (
        StorageKey(bot_id=1, chat_id=chat, user_id=person)
        for chat, person in ((PERSON, PERSON), (-7, PERSON), (OTHER, OTHER))
    )
    for key in (in_private, in_group, of_another):
        await one.set_state(key, "asked")
        await one.set_data(key, {"answer": 1})
    seen = [await other.get_state(key) for key in (in_private, in_group, of_another)]
    lasting = [await other.redis.ttl(key) async for key in other.redis.scan_iter("*")]
    await other.forget(PERSON)
    left = [await one.get_data(key) for key in (in_private, in_group, of_another)]
    for each in (one, other):
        await each.close()

    assert seen == ["asked"] * 3
    assert len(lasting) == 6
    assert all(0 < seconds <= 86_400 for seconds in lasting)
    assert left == [{}, {}, {"answer": 1}]
