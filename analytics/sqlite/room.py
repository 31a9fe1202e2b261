"""Find out whether there is room to write: on the disk, in a quota, within a file size limit."""

import errno
import os
import tempfile
from pathlib import Path

from analytics import disk
from analytics.sqlite import files

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

# The disk, the quota, or the size that a file may have.
NO_ROOM = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
# SQLite writes pages of 4 KiB; its file beside the write-ahead log has at least this many bytes.
MIN_BYTES = 32 * 1024


def is_left(path: Path) -> bool:
    """Return whether the process can write more to a database and its folder, by trying it.

    True if that is unknown.
    """
    if resource is not None:
        limit, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
        largest = max(map(disk.size, (path, files.wal(path), files.journal(path))))
        if limit != resource.RLIM_INFINITY and largest + MIN_BYTES > limit:
            return False
    try:
        # It has no name, so that nothing is left of it.
        with tempfile.TemporaryFile(dir=path.parent, buffering=0) as file:
            written = file.write(bytes(MIN_BYTES))
            os.fsync(file.fileno())
    except OSError as error:
        return error.errno not in NO_ROOM
    return written == MIN_BYTES
