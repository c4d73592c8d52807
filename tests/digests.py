"""The digest of a data set as docs/reference/proof.md describes it, by code that imports nothing of the product."""

from __future__ import annotations

import hashlib
from io import BytesIO

import peers
from pydicom import dcmread
from pydicom.filereader import data_element_generator

IMPLICIT, BIG_ENDIAN = "1.2.840.10008.1.2", "1.2.840.10008.1.2.2"
DEFLATED = {"1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205"}
PIXELS = {0x7FE00008, 0x7FE00009, 0x7FE00010}


def digest_of(content: bytes, syntax: str) -> str:
    """Of an encoded data set."""
    parts = [hashlib.sha256(part).digest() for part in _parts(content, syntax)]
    return hashlib.sha256(b"".join(parts)).hexdigest()


def digest_of_file(part10: bytes) -> str:
    """Of the data set in a DICOM file."""
    meta = dcmread(BytesIO(part10), stop_before_pixels=True).file_meta
    return digest_of(peers.data_set(part10), meta.TransferSyntaxUID)


def _parts(content: bytes, syntax: str) -> tuple[bytes, bytes, bytes]:
    elements = data_element_generator(BytesIO(content), syntax == IMPLICIT, syntax != BIG_ENDIAN)
    for element in () if syntax in DEFLATED else elements:
        if element.tag in PIXELS:
            begin = element.value_tell
            end = begin + len(element.value or b"")
            return content[:begin], content[begin:end], content[end:]
    return content, b"", b""
