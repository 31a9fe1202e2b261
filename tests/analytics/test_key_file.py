"""A key file that is deleted under the running bot is put back, by what it does every minute."""

import stat
from pathlib import Path

import pytest

from analytics.key_files import key_file, read_key
from analytics.pseudonyms import new_key
from tests.support.second_connection import NAME
from tests.support.service import SOMEBODY, interaction, open_service


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [line for line in caplog.messages if ".key" in line]


@pytest.mark.parametrize("rotated", [False, True])
async def test_a_deleted_key_file_is_put_back_with_the_key_in_use(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, rotated: bool
) -> None:
    file = key_file(tmp_path / NAME)
    async with open_service(tmp_path, pseudonym_key=None) as analytics:
        await analytics.record([interaction()])
        if rotated:
            await analytics.maintenance.rotate_key()
            await analytics.record([interaction()])
        key = read_key(file)
        file.unlink()
        for _ in range(2):
            await analytics.maintenance.run()
    async with open_service(tmp_path, pseudonym_key=None) as analytics:
        data = await analytics.people.personal_data(SOMEBODY)

    assert read_key(file) == key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert logged(caplog) == [f"{file} was missing and has been restored from memory"]
    assert len(data.interactions) == 1


@pytest.mark.parametrize("content", [f"{bytes(32).hex()}\n", "no key", ""])
async def test_another_key_file_in_its_place_stays_and_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: str
) -> None:
    file = key_file(tmp_path / NAME)
    async with open_service(tmp_path, pseudonym_key=None) as analytics:
        own = file.read_text()
        file.unlink()
        file.write_text(content)
        for _ in range(2):
            await analytics.maintenance.run()
        kept, said = file.read_text(), logged(caplog)
        file.unlink()
        await analytics.maintenance.run()

    assert kept == content
    assert len(said) == 1
    assert f"{file} contains " in said[0]
    assert "restore it from a backup" in said[0]
    assert not [line for line in caplog.messages if own.strip() in line]
    assert file.read_text() == own


async def test_where_it_cannot_be_put_back_the_bot_goes_on_and_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = key_file(tmp_path / NAME)
    async with open_service(tmp_path, pseudonym_key=None) as analytics:
        file.unlink()
        # In the place of what would be written, whoever this runs as.
        draft = file.with_name(f"{file.name}.unfinished")
        draft.mkdir()
        for _ in range(2):
            await analytics.maintenance.run()
        said = logged(caplog)
        assert await analytics.record([interaction()])
        draft.rmdir()
        await analytics.maintenance.run()

    assert len(said) == 1
    assert "cannot be restored from memory" in said[0]
    assert read_key(file)


async def test_without_a_key_file_none_is_made(tmp_path: Path) -> None:
    """The key comes from the settings, or there are no pseudonyms."""
    for options in ({"pseudonym_key": new_key()}, {"pseudonym_key": None, "pseudonymise": False}):
        folder = tmp_path / str(len(options))
        async with open_service(folder, **options) as analytics:
            await analytics.maintenance.run()

        assert not key_file(folder / NAME).exists()
