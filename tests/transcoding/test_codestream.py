from __future__ import annotations

from dataclasses import replace

import pytest
import transcodable
from pydicom import dcmread
from pydicom.encaps import generate_frames

from linkexchange.errors import Fault, InstanceFault, SyntaxRefused
from linkexchange.model.identifiers import TransferSyntaxUid
from linkexchange.transcoding.codestream import Frame, examine
from linkexchange.transcoding.image import Image

SMALL = Image(8, 8, frames=1, samples=1, bits=16, bits_stored=16, signed=False, planar=False, photometric="MONOCHROME2")
JPEG, JPEG_LS, JPEG_2000 = (TransferSyntaxUid(f"1.2.840.10008.1.2.4.{end}") for end in ("70", "80", "90"))

JPEG_CODE = bytes.fromhex("ffd8 ffe0000441 42 ffff c3000b1000080008010111 00 ffda0008010100010000")
JPEG_LS_CODE = bytes.fromhex("ffd8 fff7000b1000080008010111 00 ffda0008010100000000")
SIZ = "ff510029 4000 00000008 00000008 00000000 00000000 00000008 00000008 00000000 00000000 0001 0f0101"
JPEG_2000_CODE = bytes.fromhex(f"ff4f {SIZ} ff52000c 00 02 0001 00 05 04 04 40 01 ff90")


@pytest.mark.parametrize(("syntax", "code"), [(JPEG, JPEG_CODE), (JPEG_LS, JPEG_LS_CODE), (JPEG_2000, JPEG_2000_CODE)])
def test_size_and_depth_are_read_without_decoding(syntax: TransferSyntaxUid, code: bytes) -> None:
    assert examine(syntax, code, SMALL) == Frame(8, 8, 1, 16)


@pytest.mark.parametrize(
    ("syntax", "code"),
    [
        (JPEG, JPEG_CODE.replace(b"\xff\xc3", b"\xff\xc0")),
        (JPEG_LS, JPEG_LS_CODE[:-3] + b"\x02\0\0"),
        (JPEG_2000, JPEG_2000_CODE.replace(b"\x40\x01", b"\x40\x00")),
    ],
    ids=["baseline", "near lossless", "irreversible"],
)
def test_a_frame_that_is_lossy_against_its_label_is_refused(syntax: TransferSyntaxUid, code: bytes) -> None:
    with pytest.raises(SyntaxRefused):
        examine(syntax, code, SMALL)


@pytest.mark.parametrize(
    "image",
    [replace(SMALL, rows=65535), replace(SMALL, columns=7), replace(SMALL, samples=3), replace(SMALL, bits=8)],
    ids=["rows", "columns", "samples", "bits"],
)
@pytest.mark.parametrize(("syntax", "code"), [(JPEG, JPEG_CODE), (JPEG_LS, JPEG_LS_CODE), (JPEG_2000, JPEG_2000_CODE)])
def test_d_05_a_frame_of_another_size_than_declared_is_not_decoded(
    syntax: TransferSyntaxUid, code: bytes, image: Image
) -> None:
    with pytest.raises(InstanceFault, match=r"another size|deeper"):
        examine(syntax, code, image)


def test_colours_that_were_not_mixed_as_declared_are_not_taken_for_rgb() -> None:
    with pytest.raises(InstanceFault, match="other colours"):
        examine(JPEG_2000, JPEG_2000_CODE, replace(SMALL, photometric="YBR_RCT"))


@pytest.mark.parametrize("syntax", [JPEG, JPEG_LS, JPEG_2000])
@pytest.mark.parametrize(
    "code", [b"", b"MZ\x90\0", b"\xff\xd8", b"\xff\x4f\xff\x51\0", b"\xff\xd8\xff\xd9", b"\xff" * 99]
)
def test_d_05_what_is_no_frame_at_all_is_not_decoded(syntax: TransferSyntaxUid, code: bytes) -> None:
    with pytest.raises(InstanceFault):
        examine(syntax, code, SMALL)


@pytest.mark.parametrize(("syntax", "code"), [(JPEG, JPEG_CODE), (JPEG_LS, JPEG_LS_CODE), (JPEG_2000, JPEG_2000_CODE)])
def test_a_frame_that_is_cut_off_anywhere_is_found_out(syntax: TransferSyntaxUid, code: bytes) -> None:
    for length in range(len(code) - 12):
        with pytest.raises(InstanceFault):
            examine(syntax, code[:length], SMALL)


@pytest.mark.parametrize(
    ("name", "syntax", "refusal"),
    [
        ("JPEG-lossy.dcm", JPEG, SyntaxRefused),
        ("JPEGLSNearLossless_16.dcm", JPEG_LS, SyntaxRefused),
        ("SC_rgb_jls_lossy_line.dcm", JPEG_LS, SyntaxRefused),
        ("SC_rgb_jpeg_lossy_gdcm.dcm", JPEG, SyntaxRefused),
        ("JPEG2000.dcm", JPEG_2000, SyntaxRefused),
        ("GDCMJ2K_TextGBR.dcm", JPEG_2000, InstanceFault),
    ],
)
def test_shipped_lossy_images_are_seen_through_under_a_lossless_label(
    name: str, syntax: TransferSyntaxUid, refusal: type[Fault]
) -> None:
    ds = dcmread(transcodable.shipped(name))
    image = replace(SMALL, rows=ds.Rows, columns=ds.Columns, samples=ds.SamplesPerPixel, photometric="RGB")
    with pytest.raises(refusal):
        examine(syntax, next(generate_frames(ds.PixelData, number_of_frames=1)), image)
