"""Where PACS encode an instance anew, found out with Orthanc 1.10.1, DCMTK 3.6.7 and pynetdicom 3.0.4.

| who | when | what changes |
|---|---|---|
| Orthanc | C-STORE received | sequences and items of undefined length get their length; the VR of encapsulated pixel data becomes OB; a deflated data set is deflated again |
| Orthanc | REST upload, DICOMweb sent | nothing |
| Orthanc, dcmqrscp, storescu | C-GET or C-STORE sent | the same, and Data Set Trailing Padding (FFFC,FFFC) is left out |
| dcmqrscp | C-GET sent, stored uncompressed | the first accepted uncompressed syntax of the class is used |
| dcmqrscp, storescp (with --bit-preserving) | C-STORE received | nothing |
| qrscp | C-STORE received, C-GET sent | whatever pydicom writes differently; values stay |

Values never change. `explained` says which of these lie between two files of one instance.
"""  # noqa: E501

from __future__ import annotations

import copy
import io

import peers
from pydicom import dcmread
from pydicom.config import disable_value_validation
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian

LENGTHS = "lengths of sequences"
PADDING = "trailing padding"
PIXEL_VR = "VR of encapsulated pixel data"
DEFLATED_AGAIN = "deflated again"
SYNTAX = "uncompressed transfer syntax"
VALUE_PADDING = "surplus padding of values"

_PADDING_TAG, _PIXEL_TAG = 0xFFFCFFFC, 0x7FE00010


def explained(one: bytes, other: bytes) -> frozenset[str]:
    """What differs between two DICOM files; raises AssertionError when that is more than the table says."""
    if peers.data_set(one) == peers.data_set(other):
        return frozenset()
    with disable_value_validation():
        first, second = dcmread(io.BytesIO(one)), dcmread(io.BytesIO(other))
        assert _canonical(first) == _canonical(second), "a value differs"
        found = {name for name, differs in _differences(first, second) if differs}
    # Nothing is left but spaces and zeros behind a value, which mean nothing (PS3.5 section 6.2).
    return frozenset(found or {VALUE_PADDING})


def _differences(one: Dataset, other: Dataset) -> list[tuple[str, bool]]:
    syntaxes = {one.file_meta.TransferSyntaxUID, other.file_meta.TransferSyntaxUID}
    assert len(syntaxes) == 1 or not any(uid.is_encapsulated for uid in syntaxes), "it was compressed or decompressed"
    return [
        (SYNTAX, len(syntaxes) > 1),
        (DEFLATED_AGAIN, syntaxes == {DeflatedExplicitVRLittleEndian}),
        (LENGTHS, _lengths(one) != _lengths(other)),
        (PADDING, (_PADDING_TAG in one) != (_PADDING_TAG in other)),
        (PIXEL_VR, _pixel_vr(one) != _pixel_vr(other)),
    ]


def _canonical(ds: Dataset) -> bytes:
    """The same values always in the same bytes: explicit VR, little endian, all lengths defined, pixels as bytes."""
    plain = copy.deepcopy(ds)
    plain.walk(_with_length)
    if _PADDING_TAG in plain:
        del plain[_PADDING_TAG]
    if _PIXEL_TAG in plain:
        plain[_PIXEL_TAG].value = _little_endian(ds)
        plain[_PIXEL_TAG].VR = "OB"
    file = DicomBytesIO()
    file.is_implicit_VR, file.is_little_endian = False, True
    write_dataset(file, plain)
    return bytes(file.getvalue())


def _little_endian(ds: Dataset) -> bytes:
    pixels = bytearray(ds[_PIXEL_TAG].value)
    if ds.original_encoding[1] is False and ds[_PIXEL_TAG].VR == "OW":
        pixels[::2], pixels[1::2] = pixels[1::2], pixels[::2]
    return bytes(pixels)


def _with_length(_: Dataset, element: object) -> None:
    if getattr(element, "VR", "") == "SQ":
        element.is_undefined_length = False  # type: ignore[attr-defined]
        for item in element.value:  # type: ignore[attr-defined]
            item.is_undefined_length_sequence_item = False


def _lengths(ds: Dataset) -> list[bool]:
    found: list[bool] = []

    def note(_: Dataset, element: object) -> None:
        if getattr(element, "VR", "") == "SQ":
            found.append(element.is_undefined_length)  # type: ignore[attr-defined]
            found.extend(item.is_undefined_length_sequence_item for item in element.value)  # type: ignore[attr-defined]

    ds.walk(note)
    return found


def _pixel_vr(ds: Dataset) -> str:
    return str(ds[_PIXEL_TAG].VR) if _PIXEL_TAG in ds else ""
