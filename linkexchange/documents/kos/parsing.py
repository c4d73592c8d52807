"""Bytes → data set, under limits, before anything in it is believed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linkexchange.documents.parsing import BYTES_MAX
from linkexchange.errors import DocumentFault, InstanceFault

if TYPE_CHECKING:
    from linkexchange.documents.kos.view import View

SYNTAXES = {"1.2.840.10008.1.2": True, "1.2.840.10008.1.2.1": False}
"""Implicit and Explicit VR Little Endian. A deflated file could be small and still fill the memory."""
_HEAD_BYTES = 1024
_SPECIFIC_CHARACTER_SET = 0x00080005


def is_dicom(content: bytes) -> bool:
    """Whether bytes are a DICOM file (PS3.10 section 7.1)."""
    return content[128:132] == b"DICM"


def parse(content: bytes) -> View:
    """The data set of a DICOM file. Raises `DocumentFault` for what breaks a limit or is not well-formed."""
    from linkexchange.dataset import split_part10
    from linkexchange.documents.kos.encoding import decoded
    from linkexchange.documents.kos.view import View

    if len(content) > BYTES_MAX:
        raise DocumentFault("DICOM: size")
    try:
        meta, rest = split_part10([content[:_HEAD_BYTES], content[_HEAD_BYTES:]])
    except InstanceFault as fault:
        raise DocumentFault(f"DICOM: {fault.detail}") from None
    if meta.transfer_syntax not in SYNTAXES:
        raise DocumentFault("DICOM: transfer syntax")
    elements = decoded(b"".join(rest), implicit=SYNTAXES[meta.transfer_syntax])
    charset = elements.get(_SPECIFIC_CHARACTER_SET)
    return View(elements, charset.content if charset else b"", set())
