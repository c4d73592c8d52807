"""What a compressed frame says about itself, read from its first markers and without decoding it.

JPEG: ISO/IEC 10918-1 annex B. JPEG-LS: ISO/IEC 14495-1 annex C. JPEG 2000, also high throughput: ISO/IEC 15444-1
annex A. Labels are wrong at times: a frame that is lossy, or of another size than the header declares, is seen here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from linkexchange.errors import InstanceFault, SyntaxRefused
from linkexchange.model.identifiers import TransferSyntaxUid
from linkexchange.model.syntaxes import JPEG_2000_LOSSLESS, RLE_LOSSLESS, Obstacle
from linkexchange.transcoding.image import Image

_MARKER = 0xFF
_SOI, _SOC = b"\xff\xd8", b"\xff\x4f"
_SOF3, _SOF55, _SOS = 0xC3, 0xF7, 0xDA
_LOSSY_FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC5, 0xC6, 0xC9, 0xCA, 0xCD, 0xCE})
_SIZ, _COD = 0x51, 0x52
_REVERSIBLE = 1


@dataclass(frozen=True, slots=True)
class Frame:
    """Size and depth of a compressed frame. `mixed` when its colours went through the reversible transform."""

    rows: int
    columns: int
    samples: int
    precision: int
    mixed: bool = False


def examine(syntax: TransferSyntaxUid, code: bytes, image: Image) -> Frame:
    """Compare a frame with what the image declares, before it is decoded.

    Raises `InstanceFault` where they differ, `SyntaxRefused` where the frame is lossy whatever its label says.
    """
    if syntax in RLE_LOSSLESS:
        return Frame(image.rows, image.columns, image.samples, image.bits)
    try:
        frame = _jpeg_2000(code) if syntax in JPEG_2000_LOSSLESS else _jpeg(code)
    except IndexError as short:
        raise InstanceFault("a compressed frame is cut off") from short
    if (frame.rows, frame.columns, frame.samples) != (image.rows, image.columns, image.samples):
        raise InstanceFault("a compressed frame has another size than its header declares")
    if not 0 < frame.precision <= image.bits:
        raise InstanceFault("a compressed frame is deeper than its header declares")
    if image.photometric == "YBR_RCT" and not frame.mixed:
        raise InstanceFault("a compressed frame has other colours than its header declares")
    return frame


def _jpeg(code: bytes) -> Frame:
    """JPEG and JPEG-LS, whose frame heads are alike; the first scan of the latter names its permitted error."""
    found: tuple[int, Frame] | None = None
    for marker, segment in _segments(code, _SOI):
        if marker in _LOSSY_FRAMES:
            raise SyntaxRefused(Obstacle.LOSSY)
        if marker in (_SOF3, _SOF55):
            _same_size(segment[7 : 6 + 3 * segment[5] : 3], 0x11)
            found = marker, Frame(_two(segment, 1), _two(segment, 3), segment[5], segment[0])
        if marker == _SOS and found:
            if found[0] == _SOF55 and segment[1 + 2 * segment[0]]:
                raise SyntaxRefused(Obstacle.LOSSY)
            return found[1]
    raise InstanceFault("a compressed frame has no image")


def _jpeg_2000(code: bytes) -> Frame:
    found: Frame | None = None
    for marker, segment in _segments(code, _SOC):
        if marker == _SIZ:
            found = _size(segment)
        if marker == _COD and found:
            if segment[9] != _REVERSIBLE:
                raise SyntaxRefused(Obstacle.LOSSY)
            return replace(found, mixed=bool(segment[4]))
    raise InstanceFault("a compressed frame has no image")


def _size(segment: bytes) -> Frame:
    """The image area is what lies between its offset and its far corner on the reference grid."""
    samples = _two(segment, 34)
    depths = segment[36 : 36 + 3 * samples : 3]
    _same_size(segment[37 : 36 + 3 * samples : 3], 1)
    _same_size(segment[38 : 36 + 3 * samples : 3], 1)
    _same_size(depths, depths[0])
    rows, columns = _four(segment, 6) - _four(segment, 14), _four(segment, 2) - _four(segment, 10)
    return Frame(rows, columns, samples, (depths[0] & 0x7F) + 1)


def _segments(code: bytes, start: bytes) -> Iterator[tuple[int, bytes]]:
    """Markers with their segments, up to the first image data."""
    if not code.startswith(start):
        raise InstanceFault("a compressed frame does not begin as one")
    at = len(start)
    while code[at] == _MARKER:
        if code[at + 1] == _MARKER:
            at += 1
            continue
        end = at + 2 + _two(code, at + 2)
        yield code[at + 1], code[at + 4 : end]
        at = end
    raise InstanceFault("a compressed frame is damaged")


def _same_size(sizes: bytes, whole: int) -> None:
    if set(sizes) != {whole}:
        raise InstanceFault("the colours of a compressed frame are not of one size")


def _two(code: bytes, at: int) -> int:
    return code[at] << 8 | code[at + 1]


def _four(code: bytes, at: int) -> int:
    return _two(code, at) << 16 | _two(code, at + 2)
