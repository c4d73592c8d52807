"""Every element keeps its value, whatever is around it changes into."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
import rawdicom as raw
import transcodable
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate

from linkexchange.dataset import Meter
from linkexchange.dataset.inflate import RATIO_FREE_BYTES
from linkexchange.errors import Fault, InstanceFault, SyntaxRefused
from linkexchange.model.identifiers import TransferSyntaxUid
from linkexchange.model.syntaxes import EXPLICIT_LITTLE, IMPLICIT_LITTLE, Transcode, way
from linkexchange.ports import IncomingInstance
from linkexchange.transcoding import conversion
from linkexchange.transcoding.conversion import Converted, convert, gather

ROOM_BYTES = 1 << 28
PIXELS, PHOTOMETRIC = 0x7FE00010, 0x00280004
# Cut off; JPEG 2000 in a file format around its codestream; big endian pixels of 32 bits.
REFUSED = {
    "MR_truncated.dcm": InstanceFault,
    "rtplan_truncated.dcm": InstanceFault,
    "GDCMJ2K_TextGBR.dcm": InstanceFault,
    "rtdose_expb.dcm": SyntaxRefused,
    "rtdose_expb_1frame.dcm": SyntaxRefused,
}
UNREADABLE = {"badVR.dcm", "empty_charset_LEI.dcm", "meta_missing_tsyntax.dcm", "nested_priv_SQ.dcm", "winter.dcm"}


def convertible(target: TransferSyntaxUid) -> list[Path]:
    files = [file for file in raw.shipped_files() if file.name not in UNREADABLE]
    return [file for file in files if isinstance(way(transcodable.incoming(file).transfer_syntax, {target}), Transcode)]


def converted(instance: IncomingInstance, target: TransferSyntaxUid = EXPLICIT_LITTLE) -> tuple[Converted, Dataset]:
    gathered = gather(instance.transfer_syntax, instance.chunks, room_bytes=ROOM_BYTES)
    found = convert(instance.transfer_syntax, target, gathered)
    outgoing = replace(instance, transfer_syntax=target, chunks=iter([bytes(piece) for piece in found.pieces]))
    return found, transcodable.opened(outgoing)


def changed(old: Dataset, new: Dataset) -> set[int]:
    """Which elements differ, group lengths aside; of private ones, whose VR may be lost, the bytes are compared."""
    tags = {element.tag for ds in (old, new) for element in ds.values() if element.tag & 0xFFFF}
    raw_equal = {tag for tag in tags if tag in old and tag in new and value_of(old, tag) == value_of(new, tag)}
    return {tag for tag in tags - raw_equal if tag not in old or tag not in new or old[tag] != new[tag]}


def value_of(ds: Dataset, tag: int) -> object:
    return ds.get_item(tag).value or b"" if tag >> 16 & 1 else object()


SHIPPED = [(file, target) for target in (EXPLICIT_LITTLE, IMPLICIT_LITTLE) for file in convertible(target)]


@pytest.mark.filterwarnings("ignore::UserWarning:pydicom")
@pytest.mark.parametrize(("file", "target"), SHIPPED, ids=lambda value: getattr(value, "name", value))
def test_of_every_shipped_file_only_the_pixels_and_their_colours_change(file: Path, target: TransferSyntaxUid) -> None:
    if refusal := REFUSED.get(file.name):
        with pytest.raises(refusal):
            converted(transcodable.incoming(file), target)
        return
    old, new = dcmread(file), converted(transcodable.incoming(file), target)[1]
    assert changed(old, new) <= {PIXELS, PHOTOMETRIC}
    if "PixelData" in old:
        assert (old.pixel_array == new.pixel_array).all()


@pytest.mark.parametrize(
    "name", ["MR_small_RLE.dcm", "MR_small_bigendian.dcm", "image_dfl.dcm", "CT_small.dcm", "SC_rgb_rle_2frame.dcm"]
)
def test_both_pixel_digests_are_those_that_a_meter_finds(name: str) -> None:
    instance = transcodable.incoming(transcodable.shipped(name))
    chunks = list(instance.chunks)
    found, _ = converted(replace(instance, chunks=iter(chunks)), IMPLICIT_LITTLE)
    before, after = Meter(instance.transfer_syntax), Meter(IMPLICIT_LITTLE)
    list(before.through(chunks)), list(after.through(bytes(piece) for piece in found.pieces))
    assert (found.before, found.after) == (before.pixels, after.pixels)


@pytest.mark.parametrize("name", ["CT_small.dcm", "image_dfl.dcm", "MR_small_implicit.dcm", "liver_1frame.dcm"])
def test_pixels_that_need_no_decoding_stay_byte_equal(name: str) -> None:
    target = EXPLICIT_LITTLE if name in ("image_dfl.dcm", "MR_small_implicit.dcm") else IMPLICIT_LITTLE
    found, new = converted(transcodable.incoming(transcodable.shipped(name)), target)
    assert new.PixelData == dcmread(transcodable.shipped(name)).PixelData
    assert found.before == found.after == hashlib.sha256(new.PixelData).hexdigest()


@pytest.mark.peers
@pytest.mark.parametrize("name", ["MR_small_bigendian.dcm", "ExplVR_BigEnd.dcm", "liver_expb_1frame.dcm"])
def test_big_endian_images_become_what_dcmtk_makes_of_them(name: str, tmp_path: Path) -> None:
    file = transcodable.shipped(name)
    theirs = transcodable.opened(transcodable.incoming(transcodable.dcmtk("dcmconv +te", tmp_path, file.read_bytes())))
    assert converted(transcodable.incoming(file))[1].PixelData == theirs.PixelData


def test_what_stands_before_the_pixels_of_a_compressed_image_stays_byte_equal() -> None:
    instance = transcodable.incoming(transcodable.shipped("MR_small_RLE.dcm"))
    before = b"".join(instance.chunks)
    found, _ = converted(replace(instance, chunks=iter([before])))
    after = b"".join(map(bytes, found.pieces))
    head = before.index(b"\xe0\x7f\x10\x00")
    assert after[:head] == before[:head]


def test_tables_of_offsets_go_with_the_fragments_that_they_point_into() -> None:
    ds = dcmread(transcodable.shipped("SC_rgb_rle_2frame.dcm"))
    codes = [bytes(code) for code in transcodable.frames(ds)]
    ds.PixelData, ds.ExtendedOffsetTable, ds.ExtendedOffsetTableLengths = encapsulated(codes)
    file = transcodable.part10(ds, str(ds.file_meta.TransferSyntaxUID))
    found = converted(transcodable.incoming(file))[1]
    assert "ExtendedOffsetTable" not in found
    assert (found.pixel_array == ds.pixel_array).all()


def encapsulated(codes: list[bytes]) -> tuple[bytes, bytes, bytes]:
    lengths = [len(code) for code in codes]
    offsets = [sum(lengths[:place]) + 8 * place for place in range(len(codes))]
    tables = (b"".join(number.to_bytes(8, "little") for number in numbers) for numbers in (offsets, lengths))
    return encapsulate(codes, has_bot=False), *tables


IMAGE = b"".join(
    (
        raw.element(0x00280002, "US", b"\1\0"),
        raw.element(PHOTOMETRIC, "CS", b"MONOCHROME2 "),
        raw.element(0x00280010, "US", b"%b"),
        raw.element(0x00280011, "US", b"%b"),
        raw.element(0x00280100, "US", b"\x10\0"),
        raw.element(0x00280101, "US", b"\x10\0"),
        raw.element(0x00280103, "US", b"\0\0"),
    )
)
FRAGMENTS = raw.sequence(PIXELS, raw.item(b""), raw.item(b"\xff\x4f\xff\x51"), undefined=True, vr="OB")


def by_hand(*, rows: int = 8, frames: bytes = b"", icons: bytes = b"", pixels: bytes = FRAGMENTS) -> IncomingInstance:
    number = rows.to_bytes(2, "little")
    content = raw.element(0x00280008, "IS", frames) if frames else b""
    image = IMAGE[:30] + content + (IMAGE[30:] % (number, number)) + icons + pixels
    return transcodable.by_hand(image, raw.JPEG_2000)


@pytest.mark.parametrize(
    ("instance", "refusal"),
    [
        (by_hand(rows=65535), SyntaxRefused),
        (by_hand(frames=b"2147483647"), SyntaxRefused),
        (by_hand(frames=b"-3"), InstanceFault),
        (by_hand(rows=0), InstanceFault),
        (by_hand(), InstanceFault),
        (by_hand(pixels=FRAGMENTS[:-8]), InstanceFault),
        (by_hand(pixels=raw.element(PIXELS, "OW", bytes(128))), InstanceFault),
    ],
    ids=["65535 rows", "frames", "negative frames", "no rows", "no frame", "no end", "not compressed"],
)
def test_d_05_no_decoder_is_called_for_hostile_declarations(
    instance: IncomingInstance, refusal: type[Fault], monkeypatch: pytest.MonkeyPatch
) -> None:
    from linkexchange.transcoding import decoding

    monkeypatch.setattr(decoding, "get_decoder", lambda _: pytest.fail("a decoder was called"))
    with pytest.raises(refusal):
        converted(instance)


def test_d_05_an_encoded_image_larger_than_the_room_is_refused_before_all_of_it_is_held() -> None:
    def chunks() -> object:
        yield raw.element(PIXELS, "OW", length=0x7FFFFFF0)
        for taken in range(1000):
            assert taken < 10, "much more was taken than there is room for"
            yield bytes(1 << 20)

    with pytest.raises(SyntaxRefused, match="too large"):
        gather(EXPLICIT_LITTLE, chunks(), room_bytes=8 << 20)  # type: ignore[arg-type]


def test_d_04_a_deflated_bomb_is_refused() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    zeros = bytes(RATIO_FREE_BYTES + (4 << 20))
    bomb = packer.compress(raw.element(PIXELS, "OW", length=0x7FFFFFF0) + zeros) + packer.flush()
    with pytest.raises(InstanceFault, match="inflates beyond"):
        converted(transcodable.by_hand(bomb, raw.DEFLATED))


def test_an_icon_that_is_compressed_too_is_not_left_compressed_in_an_uncompressed_image() -> None:
    icons = raw.sequence(0x00880200, raw.item(FRAGMENTS))
    with pytest.raises(SyntaxRefused, match="inside a sequence"):
        converted(by_hand(icons=icons))


def test_compressed_pixels_under_an_uncompressed_label_are_refused() -> None:
    with pytest.raises(InstanceFault, match="compressed"):
        converted(transcodable.by_hand(FRAGMENTS, raw.EXPLICIT), IMPLICIT_LITTLE)


def test_an_object_without_pixels_has_no_digests() -> None:
    found, _ = converted(transcodable.incoming(transcodable.shipped("test-SR.dcm")), IMPLICIT_LITTLE)
    assert (found.before, found.after) == (None, None)


def test_all_pieces_are_as_long_as_was_promised() -> None:
    found, _ = converted(transcodable.incoming(transcodable.shipped("examples_jpeg2k.dcm")))
    assert found.length == sum(len(bytes(piece)) for piece in found.pieces)
    assert conversion.Converted([], None, None).length == 0
