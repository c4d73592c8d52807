"""The files of the spool: written so that they outlive a crash, read block by block, and never in the clear.

Names are random and tell nothing; which image a file is stands in the database.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from linkexchange.errors import SettingRefused, SpoolDamaged
from linkexchange.model.outbox import Spooled
from linkexchange.spool.sealing import BLOCK_BYTES, HEAD_BYTES, TAG_BYTES, Opener, Sealer, check_head, sealed_bytes

PART = ".part"
_LOCK = "lock"


class Folder:
    """`ports.Spool`: the files, and the key that opens them.

    `max_bytes` may wait in it; from `alarm_bytes` on there is an alarm.
    """

    def __init__(
        self,
        path: Path,
        key: bytes,
        *,
        max_bytes: int,
        alarm_bytes: int,
        sync: Callable[[int], None] = os.fsync,
    ) -> None:
        self.max_bytes = max_bytes
        self.alarm_bytes = alarm_bytes
        self._path = path
        self._key = key
        self._sync = sync

    @property
    def is_here(self) -> bool:
        """Whether this is the folder that the receiver writes into, and not another machine's of the same name."""
        return (self._path / _LOCK).exists()

    @contextmanager
    def writing(self, file: UUID) -> Iterator[Writing]:
        """Open a new file; unless it is `kept` when the block ends, it is gone. Raises OSError."""
        writing = Writing(self._part(file), Sealer(self._key, file), sync=self._sync, sync_folder=self._sync_folder)
        try:
            writing.begin()
            yield writing
        finally:
            writing.close()

    def settle(self, file: UUID) -> None:
        """The row of a file stands in the database: from now on it is never removed without one. Safe to repeat."""
        with suppress(FileNotFoundError):
            self._part(file).rename(self._whole(file))

    def read(self, file: UUID) -> Generator[bytes, None, None]:
        """The data set, in blocks. Raises `SpoolDamaged`, before the first block as well as behind any other.

        What has come before is then a part, and never to be taken for the whole.
        """
        try:
            with self._open(file) as opened:
                opener = Opener(self._key, file, opened.read(HEAD_BYTES))
                block = opened.read(BLOCK_BYTES + TAG_BYTES)
                while following := opened.read(BLOCK_BYTES + TAG_BYTES):
                    yield opener.open(block, last=False)
                    block = following
                yield opener.open(block, last=True)
        except OSError as wrong:
            raise SpoolDamaged(f"its file cannot be read: {type(wrong).__name__}") from wrong

    def is_whole(self, spooled: Spooled) -> bool:
        """A short look: whether the file is there, as long as it has to be, and sealed with this key."""
        try:
            with self._open(spooled.file) as opened:
                check_head(self._key, opened.read(HEAD_BYTES))
                return os.fstat(opened.fileno()).st_size == sealed_bytes(spooled.bytes)
        except (OSError, SpoolDamaged):
            return False

    def remove(self, files: Collection[UUID]) -> None:
        """Remove files for good, as far as they are there. Raises `SpoolDamaged` where that cannot be done."""
        if not files:
            return
        try:
            for file in files:
                self._part(file).unlink(missing_ok=True)
                self._whole(file).unlink(missing_ok=True)
            self._sync_folder()
        except OSError as wrong:
            raise SpoolDamaged(f"a file cannot be removed: {type(wrong).__name__}") from wrong

    def found(self) -> tuple[set[UUID], set[UUID]]:
        """What lies there: files that are unsettled, and files that are settled."""
        unsettled, settled = set[UUID](), set[UUID]()
        for entry in self._path.iterdir():
            with suppress(ValueError):
                (unsettled if entry.suffix == PART else settled).add(UUID(hex=entry.name.removesuffix(PART)))
        return unsettled, settled

    def lock(self) -> int:
        """Make the folder if need be; while the descriptor is open, nobody else takes in anything here.

        Raises `SettingRefused`.
        """
        _make(self._path, self._sync)
        descriptor = os.open(self._path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as wrong:
            os.close(descriptor)
            raise SettingRefused("LINKEXCHANGE_SPOOL_FOLDER: another process receives into this folder") from wrong
        return descriptor

    def _open(self, file: UUID) -> BinaryIO:
        """Under either name; it may be settled at this very moment."""
        for path in (self._whole(file), self._part(file)):
            with suppress(FileNotFoundError):
                return path.open("rb")
        return self._whole(file).open("rb")

    def _part(self, file: UUID) -> Path:
        return self._path / f"{file.hex}{PART}"

    def _whole(self, file: UUID) -> Path:
        return self._path / file.hex

    def _sync_folder(self) -> None:
        _sync(self._path, self._sync)


class Writing:
    """A file that is being written. Whatever raises OSError ends it."""

    def __init__(
        self, path: Path, sealer: Sealer, *, sync: Callable[[int], None], sync_folder: Callable[[], None]
    ) -> None:
        self._path, self._sealer = path, sealer
        self._sync, self._sync_folder = sync, sync_folder
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self.kept = False

    def begin(self) -> None:
        """Write the head."""
        self._put(self._sealer.head)

    def write(self, chunk: bytes) -> None:
        """Seal what is full, and write it."""
        for block in self._sealer.add(chunk):
            self._put(block)

    def end(self) -> None:
        """Seal the rest, and return when all of it and its name are on disk."""
        self._put(self._sealer.end())
        self._sync(self._descriptor)
        self._sync_folder()

    def close(self) -> None:
        """Let go of the file, and of its name unless it is kept."""
        with suppress(OSError):
            os.close(self._descriptor)
        if not self.kept:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)

    def _put(self, block: bytes) -> None:
        view = memoryview(block)
        while view:
            view = view[os.write(self._descriptor, view) :]


@contextmanager
def guarded(folder: Folder) -> Iterator[None]:
    """Nobody else receives into this folder as long as the block lasts, even after this process was killed."""
    descriptor = folder.lock()
    try:
        yield
    finally:
        os.close(descriptor)


def _make(path: Path, sync: Callable[[int], None]) -> None:
    """What lies in it lasts no longer than its own name: so that is synced as well."""
    try:
        if not path.exists():
            path.mkdir(mode=0o700, parents=True)
            _sync(path.parent, sync)
        if path.stat().st_mode & 0o077:
            raise SettingRefused("LINKEXCHANGE_SPOOL_FOLDER: others may enter this folder; make it 0700")
    except OSError as wrong:
        raise SettingRefused("LINKEXCHANGE_SPOOL_FOLDER: cannot be made or looked at") from wrong


def _sync(folder: Path, sync: Callable[[int], None]) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)
