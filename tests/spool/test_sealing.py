"""Whatever is done to a sealed file, it does not open."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID, uuid4

import hypothesis.strategies as st
import pytest
from hypothesis import given

from linkexchange.errors import SpoolDamaged
from linkexchange.spool.sealing import BLOCK_BYTES, HEAD_BYTES, TAG_BYTES, Opener, Sealer, name_of, sealed_bytes

KEY, OTHER_KEY = bytes(range(32)), bytes(range(1, 33))
FILE = UUID(int=7)
BLOCK = BLOCK_BYTES + TAG_BYTES
THREE = bytes(range(256)) * (2 * BLOCK_BYTES // 256) + b"the end"


def sealed(content: bytes, *, key: bytes = KEY, file: UUID = FILE, size: int = 70_000) -> bytes:
    sealer = Sealer(key, file)
    chunks = [content[at : at + size] for at in range(0, len(content), size)]
    return sealer.head + b"".join(block for chunk in chunks for block in sealer.add(chunk)) + sealer.end()


def opened(content: bytes, *, key: bytes = KEY, file: UUID = FILE) -> bytes:
    opener, body = Opener(key, file, content[:HEAD_BYTES]), content[HEAD_BYTES:]
    blocks = [body[at : at + BLOCK] for at in range(0, len(body), BLOCK)] or [b""]
    parts = [opener.open(block, last=False) for block in blocks[:-1]]
    return b"".join(parts) + opener.open(blocks[-1], last=True)


@pytest.mark.parametrize("count", [0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 2 * BLOCK_BYTES])
def test_what_was_sealed_opens_and_is_as_long_as_was_said(count: int) -> None:
    content = b"\xa5" * count
    assert opened(sealed(content)) == content
    assert len(sealed(content)) == sealed_bytes(count)


@given(st.binary(max_size=4096), st.integers(1, 4096))
def test_the_size_of_the_chunks_does_not_matter(content: bytes, size: int) -> None:
    assert opened(sealed(content, size=size)) == content


def test_nothing_of_the_content_and_nothing_of_the_key_stands_in_the_file() -> None:
    pattern = b"Gr\xc3\xb6\xc3\x9fler^\xc3\x84nne" * 10
    file = sealed(pattern * 10_000)
    assert pattern[:12] not in file
    assert KEY not in file
    assert KEY[:8] not in file


def test_the_same_content_is_sealed_differently_each_time() -> None:
    assert sealed(b"content")[HEAD_BYTES:] != sealed(b"content")[HEAD_BYTES:]


def _flip(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def _swap(content: bytes) -> bytes:
    head, first, second = content[:HEAD_BYTES], HEAD_BYTES + BLOCK, HEAD_BYTES + 2 * BLOCK
    return head + content[first:second] + content[HEAD_BYTES:first] + content[second:]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "a bit of the first block": lambda it: _flip(it, HEAD_BYTES),
    "a bit of a tag": lambda it: _flip(it, HEAD_BYTES + BLOCK - 1),
    "a bit of the last block": lambda it: _flip(it, len(it) - 20),
    "a bit of the salt": lambda it: _flip(it, HEAD_BYTES - 1),
    "a bit of the name of the key": lambda it: _flip(it, 9),
    "a bit of the version": lambda it: _flip(it, 7),
    "cut behind a block": lambda it: it[: HEAD_BYTES + BLOCK],
    "cut within a block": lambda it: it[: HEAD_BYTES + BLOCK + 100],
    "cut behind the head": lambda it: it[:HEAD_BYTES],
    "cut within the head": lambda it: it[:20],
    "empty": lambda _: b"",
    "two blocks in each other's place": _swap,
    "a block twice": lambda it: it[: HEAD_BYTES + BLOCK] + it[HEAD_BYTES:],
    "a block left out": lambda it: it[:HEAD_BYTES] + it[HEAD_BYTES + BLOCK :],
    "something behind the end": lambda it: it + b"\0" * 100,
    "a file behind a file": lambda it: it + it[HEAD_BYTES:],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_does_not_open(damage: str) -> None:
    with pytest.raises(SpoolDamaged):
        opened(DAMAGES[damage](sealed(THREE)))


def test_a_file_under_the_name_of_another_does_not_open() -> None:
    with pytest.raises(SpoolDamaged):
        opened(sealed(b"content"), file=uuid4())


def test_a_block_of_another_file_does_not_open() -> None:
    one, other = sealed(THREE), sealed(THREE)
    with pytest.raises(SpoolDamaged):
        opened(one[: HEAD_BYTES + BLOCK] + other[HEAD_BYTES + BLOCK :])


def test_another_key_is_told_from_damage() -> None:
    with pytest.raises(SpoolDamaged, match="another key"):
        opened(sealed(b"content"), key=OTHER_KEY)
    assert name_of(KEY) != name_of(OTHER_KEY)


@given(st.integers(0, sealed_bytes(300) - 1), st.integers(1, 255))
def test_no_byte_can_be_changed(at: int, change: int) -> None:
    file = sealed(b"\x5a" * 300)
    with pytest.raises(SpoolDamaged):
        opened(file[:at] + bytes([file[at] ^ change]) + file[at + 1 :])
