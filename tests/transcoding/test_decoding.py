"""The decoded bytes beside those of an independent decoder: DCMTK's, or the image that was compressed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import jpeg_ls
import numpy as np
import openjpeg
import pytest
import transcodable
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate

from linkexchange.errors import InstanceFault
from linkexchange.model.identifiers import TransferSyntaxUid
from linkexchange.model.syntaxes import EXPLICIT_LITTLE
from linkexchange.transcoding.conversion import convert, gather
from linkexchange.transcoding.decoding import decode
from linkexchange.transcoding.image import Image

ROOM_BYTES = 1 << 28
JPEG_LS, JPEG_2000, HTJ2K = (f"1.2.840.10008.1.2.4.{end}" for end in ("80", "90", "201"))
KINDS = [
    {"bits": 8, "stored": 8},
    {"bits": 16, "stored": 10},
    {"bits": 16, "stored": 12, "signed": True, "frames": 3},
    {"bits": 16, "stored": 16, "signed": True},
    {"bits": 8, "stored": 8, "photometric": "RGB", "frames": 3},
    {"bits": 8, "stored": 8, "photometric": "YBR_FULL"},
    {"bits": 16, "stored": 16, "photometric": "RGB"},
]
GRADIENT = np.add.outer(np.arange(8) * 8 + 300, np.arange(8) * 3).astype("<u2")
"""The image that OpenJPH 0.26 has made the next bytes of, reversibly."""
HTJ2K_CODE = bytes.fromhex(
    "ff4fff51002940000000000800000008000000000000000000000008000000080000000000000000"
    "00010f0101ff50000800020000000aff52000c00020001000504044001ff5c0013208890909090909090909090909088"
    "8888ff64001700014f70656e4a50482056657220302e32362e332eff90000a00000000004e0001ff93c0002673fd0507"
    "74000000c00012c0001280fa00c77400c800877400c00012c0001300e400427400a2f800035400c0002580004e00a9e2"
    "74006efbc049ecb500ffd9"
)


def converted(file: bytes) -> Dataset:
    instance = transcodable.incoming(file)
    gathered = gather(instance.transfer_syntax, instance.chunks, room_bytes=ROOM_BYTES)
    pieces = convert(instance.transfer_syntax, EXPLICIT_LITTLE, gathered).pieces
    return transcodable.opened(replace(instance, transfer_syntax=EXPLICIT_LITTLE, chunks=iter(map(bytes, pieces))))


@pytest.mark.peers
@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize(
    ("encoder", "decoder"),
    [
        ("dcmcjpeg +e1", "dcmdjpeg +cn"),
        ("dcmcjpeg +el", "dcmdjpeg +cn"),
        ("dcmcjpls +el", "dcmdjpls"),
        ("dcmcrle", "dcmdrle"),
    ],
)
def test_the_decoded_bytes_are_those_that_dcmtk_decodes_and_those_that_were_compressed(
    encoder: str, decoder: str, kind: dict[str, int], tmp_path: Path
) -> None:
    original = transcodable.noise(**kind)
    file = transcodable.dcmtk(encoder, tmp_path, transcodable.part10(original))
    theirs = transcodable.opened(transcodable.incoming(transcodable.dcmtk(decoder, tmp_path, file)))
    assert converted(file).PixelData == theirs.PixelData == original.PixelData


def j2k(ds: Dataset, content: bytes) -> bytes:
    code = openjpeg.encode_pixel_data(
        content,
        rows=ds.Rows,
        columns=ds.Columns,
        samples_per_pixel=ds.SamplesPerPixel,
        bits_allocated=ds.BitsAllocated,
        bits_stored=ds.BitsStored,
        pixel_representation=ds.PixelRepresentation,
        photometric_interpretation=ds.PhotometricInterpretation,
    )
    return bytes(code)


def jls(ds: Dataset, content: bytes) -> bytes:
    code = jpeg_ls.encode_pixel_data(
        content,
        rows=ds.Rows,
        columns=ds.Columns,
        samples_per_pixel=ds.SamplesPerPixel,
        bits_stored=ds.BitsStored,
        planar_configuration=0,
    )
    return bytes(code)


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize(("encoder", "syntax"), [(j2k, JPEG_2000), (jls, JPEG_LS)])
def test_the_decoded_bytes_are_those_that_were_compressed(
    encoder: Callable[[Dataset, bytes], bytes], syntax: str, kind: dict[str, int]
) -> None:
    ds = transcodable.noise(**kind)
    original, size = ds.PixelData, ds.Rows * ds.Columns * ds.SamplesPerPixel * ds.BitsAllocated // 8
    codes = [encoder(ds, original[at * size : (at + 1) * size]) for at in range(ds.NumberOfFrames)]
    assert converted(transcodable.compressed(ds, codes, syntax)).PixelData == original


def test_colours_that_were_mixed_reversibly_become_rgb_and_are_called_so() -> None:
    ds = transcodable.noise(bits=8, stored=8, photometric="RGB")
    original, ds.PhotometricInterpretation = ds.PixelData, "YBR_RCT"
    code = j2k(ds, ds.PixelData[:-1])
    found = converted(transcodable.compressed(ds, [code], JPEG_2000))
    assert (found.PhotometricInterpretation, found.PixelData) == ("RGB", original)


def test_colours_go_into_planes_where_the_header_says_planes() -> None:
    ds = transcodable.noise(bits=8, stored=8, photometric="RGB")
    ds.PlanarConfiguration = 1
    pixels, code = np.frombuffer(ds.PixelData[:-1], "u1"), j2k(ds, ds.PixelData[:-1])
    found = converted(transcodable.compressed(ds, [code], JPEG_2000))
    assert found.PlanarConfiguration == 1
    assert found.PixelData[:-1] == pixels.reshape(-1, 3).T.tobytes()


@pytest.mark.parametrize("interleave", [0, 1, 2])
def test_jpeg_ls_is_decoded_whichever_way_its_colours_are_interleaved(interleave: int) -> None:
    ds = transcodable.noise(bits=16, stored=12, photometric="RGB")
    original = np.frombuffer(ds.PixelData, "<u2").reshape(ds.Rows, ds.Columns, 3)
    ordered = np.moveaxis(original, 2, 0).copy() if interleave == 0 else original
    code = bytes(jpeg_ls.encode_array(ordered, interleave_mode=interleave))
    assert converted(transcodable.compressed(ds, [code], JPEG_LS)).PixelData == original.tobytes()


def small(frames: int = 1, **changes: int) -> Image:
    return replace(
        Image(8, 8, frames=frames, samples=1, bits=16, bits_stored=16, signed=False, planar=False, photometric="RGB"),
        **changes,
    )


def test_high_throughput_jpeg_2000_is_decoded() -> None:
    decoded = decode(TransferSyntaxUid(HTJ2K), small(), encapsulate([HTJ2K_CODE], has_bot=True))
    assert bytes(decoded) == GRADIENT.tobytes()


def test_frames_are_found_by_the_extended_offset_table_too() -> None:
    code = HTJ2K_CODE + b"\0"
    value = encapsulate([code, code], has_bot=False)
    table, lengths = (np.array(numbers, "<u8").tobytes() for numbers in ((0, 8 + len(code)), (len(code), len(code))))
    decoded = decode(TransferSyntaxUid(HTJ2K), small(2), value, offsets=(table, lengths))
    assert bytes(decoded) == GRADIENT.tobytes() * 2


def test_signs_that_the_codestream_does_not_know_are_those_that_pydicom_finds() -> None:
    file = transcodable.shipped("J2K_pixelrep_mismatch.dcm")
    assert np.array_equal(converted(file.read_bytes()).pixel_array, dcmread(file).pixel_array)


@pytest.mark.parametrize("frames", [1, 3])
def test_fewer_or_more_frames_than_declared_are_no_image(frames: int) -> None:
    value = encapsulate([HTJ2K_CODE + b"\0"] * 2, has_bot=True)
    with pytest.raises((InstanceFault, ValueError)):
        decode(TransferSyntaxUid(HTJ2K), small(frames), value)


@pytest.mark.parametrize("name", ["MR_small_jp2klossless.dcm", "MR_small_jpeg_ls_lossless.dcm", "MR_small_RLE.dcm"])
def test_half_a_codestream_is_never_given_out_as_an_image(name: str) -> None:
    ds = dcmread(transcodable.shipped(name))
    image = small(rows=64, columns=64, signed=True)
    syntax, code = TransferSyntaxUid(ds.file_meta.TransferSyntaxUID), ds.PixelData[16:]
    for length in (len(code) // 2, len(code) // 4):
        with pytest.raises(Exception):  # noqa: B017, PT011
            decode(syntax, image, encapsulate([code[: length & ~1]], has_bot=False))
