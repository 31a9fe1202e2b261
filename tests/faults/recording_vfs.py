"""What is asked of the disk, written down: of SQLite by a shim around its default VFS, with ctypes.

Of `os`, it is what gives or takes a name, and syncs. Everything is passed on; writes, truncations,
syncs, creations and deletions are noted in order, for all connections that are opened meanwhile, in
whatever thread.
"""

import _sqlite3  # the library that the sqlite3 module itself is linked to
import ctypes
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from ctypes import POINTER, c_char_p, c_int, c_int64, c_void_p
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

OK = 0
OPEN_CREATE = 0x4
# A rollback journal or a write-ahead log: its first sync includes its folder (unixSync).
OPEN_WITH_FOLDER = 0x800 | 0x4000 | 0x80000


@dataclass(frozen=True, slots=True)
class Write:
    file: int
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Truncate:
    file: int
    size: int


@dataclass(frozen=True, slots=True)
class Sync:
    file: int


@dataclass(frozen=True, slots=True)
class Entry:
    """From now on the name leads to this file, or to none."""

    name: str
    file: int | None


@dataclass(frozen=True, slots=True)
class SyncFolder:
    pass


@dataclass(frozen=True, slots=True)
class Note:
    """Something that the program has come to know, such as that a record is committed."""

    what: Any


Event = Write | Truncate | Sync | Entry | SyncFolder | Note


class Methods(ctypes.Structure):
    """sqlite3_io_methods; those passed on as they are are only pointers."""

    _fields_ = (
        ("version", c_int),
        *((name, c_void_p) for name in ("close", "read", "write", "truncate", "sync")),
        *((f"other{number}", c_void_p) for number in range(13)),
    )


class File(ctypes.Structure):
    _fields_ = (("methods", POINTER(Methods)),)


class Vfs(ctypes.Structure):
    """sqlite3_vfs, version 3."""

    _fields_ = (
        ("version", c_int),
        ("file_bytes", c_int),
        ("longest_path", c_int),
        ("next", c_void_p),
        ("name", c_char_p),
        ("data", c_void_p),
        ("open", c_void_p),
        ("delete", c_void_p),
        *((f"other{number}", c_void_p) for number in range(14)),
    )


_link, _unlink, _fsync = os.link, os.unlink, os.fsync

OPEN = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p, POINTER(File), c_int, POINTER(c_int))
DELETE = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p, c_int)
WRITE = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
TRUNCATE = ctypes.CFUNCTYPE(c_int, c_void_p, c_int64)
SYNC = ctypes.CFUNCTYPE(c_int, c_void_p, c_int)


def library() -> Any:
    """SQLite's own functions. Raises OSError or AttributeError where they cannot be reached."""
    found = ctypes.CDLL(_sqlite3.__file__)
    found.sqlite3_vfs_find.restype = POINTER(Vfs)
    found.sqlite3_vfs_find.argtypes = (c_char_p,)
    found.sqlite3_vfs_register.argtypes = (POINTER(Vfs), c_int)
    found.sqlite3_vfs_unregister.argtypes = (POINTER(Vfs),)
    return found


class Recording:
    """`events` in order; a file is a number, since a name may lead to another one later."""

    def __init__(self, default: Vfs) -> None:
        self.events: list[Event] = []
        self._numbers: dict[str, tuple[int, int]] = {}  # name to number and inode
        self._files = 0
        self._open: dict[int, int] = {}  # address of a sqlite3_file to the file's number
        self._sync_folder: set[int] = set()
        self._tables: dict[int, Methods] = {}  # by address of SQLite's own
        self._callbacks: list[Any] = []  # ctypes does not keep them alive
        self._default_open = OPEN(default.open)
        self._default_delete = DELETE(default.delete)
        self.vfs = Vfs.from_buffer_copy(default)
        self.vfs.name = b"recording"
        self.vfs.open = self._callback(OPEN, self._on_open)
        self.vfs.delete = self._callback(DELETE, self._on_delete)

    def note(self, what: Any) -> None:
        self.events.append(Note(what))

    def link(self, old: os.PathLike[str], new: os.PathLike[str]) -> None:
        _link(old, new)
        number, inode = self._numbers[os.fspath(old)]
        self._numbers[os.fspath(new)] = number, inode
        self._entry(os.fspath(new), number)

    def unlink(self, path: os.PathLike[str]) -> None:
        _unlink(path)
        if self._numbers.pop(os.fspath(path), None):
            self._entry(os.fspath(path), None)

    def fsync(self, descriptor: int) -> None:
        _fsync(descriptor)
        found = os.fstat(descriptor)
        if stat.S_ISDIR(found.st_mode):
            self.events.append(SyncFolder())
        numbers = {number for number, inode in self._numbers.values() if inode == found.st_ino}
        self.events += map(Sync, numbers)

    def _entry(self, path: str, number: int | None) -> None:
        self.events.append(Entry(os.path.basename(path), number))  # noqa: PTH119 - SQLite's own path

    def _callback(self, kind: Any, function: Callable[..., int]) -> Any:
        self._callbacks.append(kind(function))
        return ctypes.cast(self._callbacks[-1], c_void_p)

    def _on_open(self, vfs: int, name: int | None, file: Any, flags: int, flags_out: Any) -> int:
        result = int(self._default_open(vfs, name, file, flags, flags_out))
        if result == OK and name:
            address = ctypes.addressof(file.contents)
            self._open[address] = self._number(ctypes.string_at(name).decode())
            self._sync_folder.discard(address)
            if flags & OPEN_CREATE and flags & OPEN_WITH_FOLDER:
                self._sync_folder.add(address)
            file.contents.methods = ctypes.pointer(self._methods(file.contents.methods))
        return result

    def _number(self, path: str) -> int:
        inode = os.stat(path).st_ino  # noqa: PTH116 - SQLite's own path
        number, known_inode = self._numbers.get(path, (0, 0))
        if known_inode != inode:
            self._files += 1
            number = self._files
            self._numbers[path] = number, inode
            self._entry(path, number)
        return number

    def _methods(self, default: Any) -> Methods:
        address = ctypes.addressof(default.contents)
        if address not in self._tables:
            table = Methods.from_buffer_copy(default.contents)
            write, truncate, sync = WRITE(table.write), TRUNCATE(table.truncate), SYNC(table.sync)

            def on_write(file: int, data: int, length: int, offset: int) -> int:
                content = ctypes.string_at(data, length)
                self.events.append(Write(self._open[file], offset, content))
                return int(write(file, data, length, offset))

            def on_truncate(file: int, size: int) -> int:
                self.events.append(Truncate(self._open[file], size))
                return int(truncate(file, size))

            def on_sync(file: int, flags: int) -> int:
                result = int(sync(file, flags))
                self.events.append(Sync(self._open[file]))
                if file in self._sync_folder:
                    self._sync_folder.remove(file)
                    self.events.append(SyncFolder())
                return result

            table.write = self._callback(WRITE, on_write)
            table.truncate = self._callback(TRUNCATE, on_truncate)
            table.sync = self._callback(SYNC, on_sync)
            self._tables[address] = table
        return self._tables[address]

    def _on_delete(self, vfs: int, name: int, sync_folder: int) -> int:
        result = int(self._default_delete(vfs, name, sync_folder))
        path = ctypes.string_at(name).decode()
        if result == OK and path in self._numbers:
            del self._numbers[path]
            self._entry(path, None)
            if sync_folder:
                self.events.append(SyncFolder())
        return result


@contextmanager
def recorded() -> Iterator[Recording]:
    """Note what all connections opened inside ask of the disk; they have to be closed inside."""
    sqlite = library()
    default = sqlite.sqlite3_vfs_find(None)
    recording = Recording(default.contents)
    sqlite.sqlite3_vfs_register(recording.vfs, 1)
    try:
        with ExitStack() as stack:
            for name in ("link", "unlink", "fsync"):
                stack.enter_context(patch.object(os, name, getattr(recording, name)))
            yield recording
    finally:
        sqlite.sqlite3_vfs_register(default, 1)
        sqlite.sqlite3_vfs_unregister(recording.vfs)
