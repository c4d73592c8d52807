"""Decodes pixel data into the bytes that an uncompressed image has. Imported by workers only: codecs are behind it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import generate_frames
from pydicom.pixels import get_decoder

from linkexchange.errors import InstanceFault
from linkexchange.model.identifiers import TransferSyntaxUid
from linkexchange.model.syntaxes import JPEG_2000_LOSSLESS, JPEG_LOSSLESS, JPEG_LS_LOSSLESS, RLE_LOSSLESS
from linkexchange.transcoding.codestream import Frame, examine
from linkexchange.transcoding.image import Image

Samples: TypeAlias = NDArray[np.integer]
Offsets: TypeAlias = tuple[bytes, bytes] | None
"""The values of Extended Offset Table and Extended Offset Table Lengths."""

_PLUGINS = {
    **dict.fromkeys(JPEG_LOSSLESS, "gdcm"),
    **dict.fromkeys(JPEG_LS_LOSSLESS, "gdcm"),
    **dict.fromkeys(JPEG_2000_LOSSLESS, "pylibjpeg"),
    **dict.fromkeys(RLE_LOSSLESS, "pydicom"),
}


def decode(syntax: TransferSyntaxUid, image: Image, value: bytes, *, offsets: Offsets = None) -> bytearray:
    """All frames of encapsulated pixel data as their native value, padded to an even length.

    Every frame is examined before the first is decoded, and measured afterwards. Raises `InstanceFault` where there
    are fewer or more frames than declared, or where one has another size.
    """
    frames = [examine(syntax, code, image) for code in _codes(value, image, offsets)]
    if len(frames) != image.frames:
        raise InstanceFault("another number of frames than declared")
    decoded = bytearray(image.bytes + image.bytes % 2)
    at = 0
    for frame, samples in zip(frames, _decoded(syntax, image, value, offsets=offsets), strict=True):
        laid_out = _laid_out(samples, image, frame)
        if len(laid_out) != image.frame_bytes:
            raise InstanceFault("a decoded frame has another size than declared")
        decoded[at : at + len(laid_out)] = laid_out
        at += len(laid_out)
    return decoded


def _codes(value: bytes, image: Image, offsets: Offsets) -> Iterator[bytes]:
    yield from generate_frames(value, number_of_frames=image.frames, extended_offsets=offsets)


def _decoded(syntax: TransferSyntaxUid, image: Image, value: bytes, *, offsets: Offsets) -> Iterator[Samples]:
    """Samples as the codec gives them, by rows, columns and colours; nothing is corrected or converted on the way."""
    source = _source(syntax, image, value, offsets=offsets)
    decoder, plugin = get_decoder(syntax), _PLUGINS[syntax]
    untouched = dict.fromkeys(("apply_j2k_sign_correction", "apply_jls_sign_correction", "correct_unused_bits"), False)
    for samples, _ in decoder.iter_array(source, raw=True, decoding_plugin=plugin, **untouched):
        yield samples


def _source(syntax: TransferSyntaxUid, image: Image, value: bytes, *, offsets: Offsets) -> Dataset:
    """A data set of nothing but the image. All bits count as used, so that no codec masks any."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    ds.Rows, ds.Columns, ds.NumberOfFrames = image.rows, image.columns, image.frames
    ds.SamplesPerPixel, ds.PhotometricInterpretation = image.samples, image.photometric
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = image.bits, image.bits, image.bits - 1
    ds.PixelRepresentation, ds.PlanarConfiguration = int(image.signed), 0
    if offsets:
        ds.ExtendedOffsetTable, ds.ExtendedOffsetTableLengths = offsets
    ds.PixelData = value
    return ds


def _laid_out(samples: Samples, image: Image, frame: Frame) -> bytes:
    """The bytes of a frame: samples in containers of Bits Allocated, colours as Planar Configuration says.

    Codecs differ in what they write above the bits they know, and some codestreams do not say that numbers are
    signed; so the sign, or zeros, are brought up from the precision of the frame.
    """
    contained = samples.astype(f"<{'i' if image.signed else 'u'}{image.bits // 8}")
    if surplus := image.bits - frame.precision:
        contained = (contained << surplus) >> surplus
    return (np.moveaxis(contained, 2, 0) if image.planar and image.samples > 1 else contained).tobytes()
