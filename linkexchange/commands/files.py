"""Files that commands read and write. What is written may name a patient, so only its owner can read it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from linkexchange.errors import SettingRefused

_MAX_BYTES = 64 * 1024 * 1024


def contents(file: Path, *, name: str = "FILE") -> bytes:
    """The bytes of a file, as far as any document goes; `name` is that of the argument, for whoever mistyped it."""
    try:
        with file.open("rb") as stream:
            return stream.read(_MAX_BYTES)
    except OSError:
        raise SettingRefused(f"{name}: cannot be read") from None


def put(content: bytes, output: Path | None) -> None:
    """Write a new file, or to standard output; nothing is written over."""
    if output is None:
        sys.stdout.buffer.write(content)
        return
    try:
        with os.fdopen(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(content)
    except OSError:
        raise SettingRefused("--output: cannot be written, or is there already") from None
