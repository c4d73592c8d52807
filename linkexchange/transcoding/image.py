"""What an image declares about its pixels (PS3.3 section C.7.6.3), read under suspicion: nothing is decoded before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from linkexchange.dataset.elements import Content, Wanted, name
from linkexchange.errors import InstanceFault

_SAMPLES, _PHOTOMETRIC, _PLANAR, _FRAMES = 0x00280002, 0x00280004, 0x00280006, 0x00280008
_ROWS, _COLUMNS, _STORED = 0x00280010, 0x00280011, 0x00280101
BITS_ALLOCATED, SIGNED = 0x00280100, 0x00280103

WANTED: Wanted = dict.fromkeys(
    (_SAMPLES, _PHOTOMETRIC, _PLANAR, _FRAMES, _ROWS, _COLUMNS, BITS_ALLOCATED, _STORED, SIGNED)
)
"""What `Image.of` looks at. Big endian images are never decoded, so all numbers are little endian."""

_DECODED_BITS = (8, 16, 32)
_FRAMES_DIGITS = 10


@dataclass(frozen=True, slots=True)
class Image:
    """Frames of rows and columns of samples. `planar` when each colour is a plane of its own."""

    rows: int
    columns: int
    frames: int
    samples: int
    bits: int
    bits_stored: int
    signed: bool
    planar: bool
    photometric: str

    @classmethod
    def of(cls, content: Content) -> Self:
        """Read what is declared; raises `InstanceFault` where something is missing, malformed or impossible."""
        image = cls(
            rows=_number(content, _ROWS),
            columns=_number(content, _COLUMNS),
            frames=_frames(content),
            samples=_number(content, _SAMPLES),
            bits=_number(content, BITS_ALLOCATED),
            bits_stored=_number(content, _STORED),
            signed=bool(_number(content, SIGNED)),
            planar=bool(_number(content, _PLANAR, missing=0)),
            photometric=_text(content, _PHOTOMETRIC),
        )
        image._check()
        return image

    @property
    def frame_bytes(self) -> int:
        """Size of one decoded frame."""
        return self.rows * self.columns * self.samples * self.bits // 8

    @property
    def bytes(self) -> int:
        """Size of all decoded frames."""
        return self.frames * self.frame_bytes

    def _check(self) -> None:
        possible = (
            min(self.rows, self.columns, self.frames) > 0
            and self.samples in (1, 3)
            and self.bits in _DECODED_BITS
            and 0 < self.bits_stored <= self.bits
        )
        if not possible:
            raise InstanceFault("the header declares an image that cannot be")


def value_of(content: Content, tag: int) -> bytes:
    """What was kept of an element; nothing where it is missing."""
    value = content.get(tag, b"")
    return value if isinstance(value, bytes) else b""


def _number(content: Content, tag: int, *, missing: int | None = None) -> int:
    """A single US; whoever writes UL for it has four bytes there."""
    value = value_of(content, tag)
    if not value and missing is not None:
        return missing
    if len(value) != 2:
        raise InstanceFault(f"{name(tag)} is missing or malformed")
    return int.from_bytes(value, "little")


def _frames(content: Content) -> int:
    value = _text(content, _FRAMES)
    if not value:
        return 1
    if not (value.isdecimal() and len(value) <= _FRAMES_DIGITS):
        raise InstanceFault(f"{name(_FRAMES)} is malformed")
    return int(value)


def _text(content: Content, tag: int) -> str:
    return value_of(content, tag).decode("ascii", "replace").strip(" \0")
