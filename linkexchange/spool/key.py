"""The key of the spool, which lies apart from what it seals."""

from __future__ import annotations

import base64
from pathlib import Path

from linkexchange.errors import SettingRefused

KEY_BYTES = 32
_FILE_MAX_BYTES = 1024


def read_key(file: Path) -> bytes:
    """Read 32 bytes, raw or in base64. Raises `SettingRefused`, never with what was read."""
    try:
        with file.open("rb") as opened:
            content = opened.read(_FILE_MAX_BYTES)
    except OSError as wrong:
        raise SettingRefused("LINKEXCHANGE_SPOOL_KEY: the file cannot be read") from wrong
    key = content if len(content) == KEY_BYTES else _decoded(content)
    if len(key) != KEY_BYTES or len(set(key)) == 1:
        raise SettingRefused("LINKEXCHANGE_SPOOL_KEY: not 32 random bytes, raw or in base64")
    return key


def _decoded(content: bytes) -> bytes:
    try:
        return base64.b64decode(content.strip(), validate=True)
    except ValueError:
        return b""
