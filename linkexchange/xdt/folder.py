"""The folder in which a practice system leaves files. Whoever has read one removes it: so the format wants it.

What cannot be read goes into the subfolder `unreadable` under a number of its own, since names of files may name
patients; there a person finds it.
"""

from __future__ import annotations

import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

UNREADABLE = "unreadable"
FILE_MAX_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class PatientFolder:
    """A folder. A file counts as written when it has not been touched for `quiet_seconds`."""

    path: Path
    quiet_seconds: float = 2.0

    def ready(self) -> Iterator[Path]:
        """Files that are written, the oldest first; none where there is no folder. Links and folders are no files."""
        now, found = time.time(), []
        with suppress(FileNotFoundError):
            for file in self.path.iterdir():
                with suppress(FileNotFoundError):
                    seen = file.lstat()
                    if stat.S_ISREG(seen.st_mode) and now - seen.st_mtime >= self.quiet_seconds:
                        found.append((seen.st_mtime, file))
        yield from (file for _, file in sorted(found))

    def read(self, file: Path) -> bytes:
        """All of a file; raises ValueError where it is larger than any that is meant for us."""
        if file.stat().st_size > FILE_MAX_BYTES:
            raise ValueError("too large")
        return file.read_bytes()

    def done(self, file: Path) -> None:
        """It has been read."""
        file.unlink(missing_ok=True)

    def put_aside(self, file: Path) -> str:
        """It cannot be read: move it out of the way, and say under which name."""
        name = str(uuid4())
        (self.path / UNREADABLE).mkdir(mode=0o700, exist_ok=True)
        file.rename(self.path / UNREADABLE / name)
        return name
