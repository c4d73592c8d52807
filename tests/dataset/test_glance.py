"""What a glance sees is what a scanner finds, or nothing."""

from __future__ import annotations

import pytest
import rawdicom as raw

from linkexchange.dataset import split_part10
from linkexchange.dataset.glance import glance
from linkexchange.dataset.parts import Span
from linkexchange.dataset.scan import Scanner
from linkexchange.dataset.syntax import EXPLICIT_LITTLE, encoding_of
from linkexchange.errors import Fault

PIXELS = 0x7FE00010
NAME = raw.element(0x00100010, "PN", b"A^B ")


def test_plain_pixels_are_seen() -> None:
    content = NAME + raw.element(PIXELS, "OW", b"\1\2\3\4")
    assert glance(memoryview(content), EXPLICIT_LITTLE) == Span(len(content) - 4, len(content))


def test_their_head_is_enough() -> None:
    content = NAME + raw.element(PIXELS, "OW", length=1 << 30)
    assert glance(memoryview(content), EXPLICIT_LITTLE) == Span(len(content), len(content) + (1 << 30))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        NAME,
        NAME + raw.element(PIXELS, "OW", b"\1\2")[:11],
        NAME + raw.element(PIXELS, "OB", length=raw.UNDEFINED),
        NAME + raw.element(PIXELS, "UL", b"\1\2\3\4"),
        raw.element(0x00080000, "UL", b"\1\2\3\4")[:6],
        NAME + NAME + raw.element(PIXELS, "OW", b"\1\2"),
    ],
    ids=["nothing", "no pixels", "a part of their head", "encapsulated", "another VR", "no head", "out of order"],
)
def test_everything_else_is_left_to_the_scanner(content: bytes) -> None:
    assert glance(memoryview(content), EXPLICIT_LITTLE) is None


@pytest.mark.parametrize("path", raw.shipped_files(), ids=lambda path: path.name)
def test_it_never_sees_what_the_scanner_does_not_find(path: raw.Path) -> None:
    try:
        meta, rest = split_part10([path.read_bytes()])
        content = b"".join(rest)
        scanner = Scanner(meta.transfer_syntax)
        scanner.feed(content)
    except Fault:
        return
    assert glance(memoryview(content), encoding_of(meta.transfer_syntax)) in (None, scanner.pixels)
