"""How a file of the spool is sealed. No input, no output.

    head    magic and version (8 bytes), name of the spool key (8), salt (32)
    blocks  AES-256-GCM, each over 1 MiB of the data set, the last one over what is left: ciphertext, then tag (16)

The key of a file is HKDF-SHA256 of the spool key, with the salt, for this file's random name; so no key is used for
two files. The nonce of a block is its index, and whether it is the last; the head and the name are authenticated with
every block. A block that is changed, cut off, moved, repeated or taken from another file does not open.

Wire format: a change is a new version in the magic; files of older ones are read until none can be left.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from linkexchange.errors import SpoolDamaged

BLOCK_BYTES = 1 << 20
TAG_BYTES = 16
HEAD_BYTES = 48
_MAGIC = b"LXSPOOL\x01"
_SALT_BYTES = 32


class Sealer:
    """Seals one data set, whatever the size of its chunks."""

    def __init__(self, key: bytes, file: UUID) -> None:
        self.head = _MAGIC + name_of(key) + os.urandom(_SALT_BYTES)
        self._blocks = _Blocks(key, file, self.head)
        self._waiting = bytearray()

    def add(self, chunk: bytes) -> Iterator[bytes]:
        """The blocks that are full by now. What is held back may be the last one."""
        self._waiting += chunk
        while len(self._waiting) > BLOCK_BYTES:
            yield self._blocks.seal(bytes(self._waiting[:BLOCK_BYTES]), last=False)
            del self._waiting[:BLOCK_BYTES]

    def end(self) -> bytes:
        """The last block."""
        return self._blocks.seal(bytes(self._waiting), last=True)


class Opener:
    """Opens one file. Raises `SpoolDamaged` where it is not what was sealed under this name."""

    def __init__(self, key: bytes, file: UUID, head: bytes) -> None:
        check_head(key, head)
        self._blocks = _Blocks(key, file, head)

    def open(self, block: bytes, *, last: bool) -> bytes:
        """The next part of the data set."""
        return self._blocks.open(block, last=last)


class _Blocks:
    def __init__(self, key: bytes, file: UUID, head: bytes) -> None:
        self._cipher = AESGCM(_derived(key, 32, salt=head[-_SALT_BYTES:], purpose=b"file " + file.bytes))
        self._authenticated = head + file.bytes
        self._index = 0

    def seal(self, content: bytes, *, last: bool) -> bytes:
        return self._cipher.encrypt(self._nonce(last), content, self._authenticated)

    def open(self, block: bytes, *, last: bool) -> bytes:
        try:
            return self._cipher.decrypt(self._nonce(last), block, self._authenticated)
        except InvalidTag as wrong:
            raise SpoolDamaged(f"block {self._index - 1} does not open") from wrong

    def _nonce(self, last: bool) -> bytes:
        nonce = self._index.to_bytes(11, "big") + bytes([last])
        self._index += 1
        return nonce


def check_head(key: bytes, head: bytes) -> None:
    """Raises `SpoolDamaged` where it is none, or where another key has sealed what follows."""
    if len(head) != HEAD_BYTES or not head.startswith(_MAGIC):
        raise SpoolDamaged("not a file of the spool")
    if head[len(_MAGIC) : -_SALT_BYTES] != name_of(key):
        raise SpoolDamaged("sealed with another key")


def sealed_bytes(content_bytes: int) -> int:
    """How long the file of so many bytes is."""
    blocks = max(1, -(-content_bytes // BLOCK_BYTES))
    return HEAD_BYTES + content_bytes + blocks * TAG_BYTES


def name_of(key: bytes) -> bytes:
    """What tells one spool key from another, and tells nothing of either."""
    return _derived(key, 8, salt=b"", purpose=b"name")


def _derived(key: bytes, length: int, *, salt: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), length, salt=salt, info=b"linkexchange spool 1 " + purpose).derive(key)
