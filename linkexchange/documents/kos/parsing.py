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
_CHARSET_BYTES = 256
ESCAPES_MAX = 20_000
"""Escape sequences of all texts together: each costs as much as a text of its own."""


def is_dicom(content: bytes) -> bool:
    """Whether bytes are a DICOM file (PS3.10 section 7.1)."""
    return content[128:132] == b"DICM"


def parse(content: bytes) -> View:
    """The data set of a DICOM file. Raises `DocumentFault` for what breaks a limit or is not well-formed."""
    from linkexchange.dataset import split_part10
    from linkexchange.documents.kos.decoding import decoded
    from linkexchange.documents.kos.view import View

    demand(len(content) <= BYTES_MAX, "size")
    demand(content.count(b"\x1b") <= ESCAPES_MAX, "number of escape sequences")
    try:
        meta, rest = split_part10([content[:_HEAD_BYTES], content[_HEAD_BYTES:]])
    except InstanceFault as fault:
        raise DocumentFault(f"DICOM: {fault.detail}") from None
    demand(meta.transfer_syntax in SYNTAXES, "transfer syntax")
    elements = decoded(b"".join(rest), implicit=SYNTAXES[meta.transfer_syntax])
    named = elements.get(_SPECIFIC_CHARACTER_SET)
    charset = named.content if named else b""
    demand(len(charset) <= _CHARSET_BYTES, "length of the Specific Character Set")
    return View(elements, charset, set())


def demand(met: bool, rule: str) -> None:
    """Raise `DocumentFault` where a rule is broken."""
    if not met:
        raise DocumentFault(f"DICOM: {rule}")
