from __future__ import annotations

import pytest

from linkexchange.dataset.elements import Content
from linkexchange.errors import InstanceFault
from linkexchange.transcoding.image import Image

ROWS, COLUMNS, FRAMES, SAMPLES, ALLOCATED, PLANAR = (
    0x00280010,
    0x00280011,
    0x00280008,
    0x00280002,
    0x00280100,
    0x00280006,
)
USUAL: Content = {
    SAMPLES: b"\1\0",
    0x00280004: b"MONOCHROME2 ",
    FRAMES: b"3 ",
    ROWS: b"\x00\x02",
    COLUMNS: b"\x00\x01",
    ALLOCATED: b"\x10\0",
    0x00280101: b"\x0c\0",
    0x00280103: b"\1\0",
}


def test_an_image_is_read_as_it_is_declared() -> None:
    image = Image.of(USUAL)
    assert (image.rows, image.columns, image.frames, image.bits, image.signed) == (512, 256, 3, 16, True)
    assert (image.frame_bytes, image.bytes) == (262144, 786432)


def test_an_image_that_counts_no_frames_has_one() -> None:
    assert Image.of({tag: value for tag, value in USUAL.items() if tag != FRAMES}).frames == 1


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        (ROWS, b"\xff\xff\xff\xff"),
        (ROWS, b""),
        (ROWS, b"\0\0"),
        (COLUMNS, b"\1"),
        (FRAMES, b"-1"),
        (FRAMES, b"0"),
        (FRAMES, b"1e9"),
        (FRAMES, b"99999999999 "),
        (FRAMES, "²".encode()),
        (SAMPLES, b"\xff\xff"),
        (ALLOCATED, b"\1\0"),
        (ALLOCATED, b"\x0c\0"),
        (ALLOCATED, b"\x08\0"),
        (PLANAR, b"\0\0\0\0"),
    ],
)
def test_d_05_declarations_that_cannot_be_are_refused(tag: int, value: bytes) -> None:
    with pytest.raises(InstanceFault):
        Image.of({**USUAL, tag: value})
