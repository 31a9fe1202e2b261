"""Make, publish and overwrite files on the disk: whole, private, and there after a power cut."""

import os
from contextlib import suppress
from pathlib import Path

# The end of a draft's name.
UNFINISHED = ".unfinished"


def real(path: Path) -> Path:
    """Return what a link leads to: all that belongs to a database is beside the file itself."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def create_folder(folder: Path) -> None:
    """Make a folder, and what is missing above it, so that it survives a power cut.

    The folder has mode 0700; an existing one is left as it is.
    """
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for made in missing:
        sync_folder(made.parent)


def sync_folder(folder: Path) -> None:
    """Sync a folder to the disk: only then do new names in it survive a power cut."""
    # Some file systems refuse it: there it has to do without.
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sync(file: Path) -> None:
    """Sync the content of a file to the disk."""
    with file.open("rb") as opened:
        os.fsync(opened.fileno())


def draft_of(path: Path) -> Path:
    """Return the path of the draft of `path`."""
    return path.with_name(f"{path.name}{UNFINISHED}")


def begin_draft(path: Path, content: bytes = b"") -> Path:
    """Make a file, mode 0600, that `publish` gives the name `path` once it is whole.

    Raises FileExistsError while another process writes one, or after a kill: a caller who knows
    that there is no other process calls `discard_draft` before.
    """
    draft = draft_of(path)
    # Never through a link: O_EXCL refuses one.
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    return draft


def publish(path: Path, *, over: bool = False) -> None:
    """Give the draft the name `path`; a kill leaves all of it under that name, or none of it.

    An existing file is replaced if `over`; otherwise raises FileExistsError.
    """
    draft = draft_of(path)
    sync(draft)
    try:
        if over:
            draft.replace(path)
        else:
            _name(draft, path)
    finally:
        discard_draft(path)
    sync_folder(path.parent)


def _name(draft: Path, path: Path) -> None:
    """Give the draft its name. Raises FileExistsError rather than replace a file."""
    try:
        os.link(draft, path)
    except FileExistsError:
        raise
    except OSError:
        # FAT, exFAT, Android and some of FUSE have no second names, and each says so with an error
        # of its own. Of our processes only the one that made the draft can be here; and a kill
        # leaves no name to an empty file, as one would that holds the place first.
        if os.path.lexists(path):
            raise FileExistsError from None
        draft.rename(path)


def discard_draft(path: Path) -> None:
    """Remove the draft of `path`, for example one that a kill has left."""
    draft_of(path).unlink(missing_ok=True)


def overwrite(file: Path) -> None:
    """Overwrite a file with zeros in its place; what the disk itself keeps of it is out of reach.

    Raises OSError for a link.
    """
    descriptor = os.open(file, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
    with os.fdopen(descriptor, "r+b") as content:
        left = os.fstat(descriptor).st_size
        while left > 0:
            left -= content.write(bytes(min(left, 1024 * 1024)))
        content.flush()
        os.fsync(content.fileno())


def size(path: Path) -> int:
    """Return the size of a file in bytes, 0 if it does not exist."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def is_regular(path: Path) -> bool:
    """Return whether a path is a file, and no link, folder, pipe or device."""
    return not path.is_symlink() and path.is_file()
