"""The data sets of queries (PS3.4 annex C): a handful of short elements, written and read without pydicom.

pydicom would warn about values it dislikes, and quote them: they are patient data.
"""

from __future__ import annotations

from collections.abc import Mapping

from linkexchange.dataset.elements import Content, Wanted
from linkexchange.dataset.scan import Scanner
from linkexchange.dataset.syntax import encoding_of
from linkexchange.dataset.text import decode as decode_text
from linkexchange.errors import InstanceFault, MessageFault
from linkexchange.model.identifiers import TransferSyntaxUid

CHARSET, SOP_CLASS, SOP_INSTANCE = 0x00080005, 0x00080016, 0x00080018
STUDY_DATE, STUDY_TIME, ACCESSION, LEVEL = 0x00080020, 0x00080030, 0x00080050, 0x00080052
MODALITY, CLASSES_IN_STUDY, TIMEZONE = 0x00080060, 0x00080062, 0x00080201
STUDY_DESCRIPTION, SERIES_DESCRIPTION = 0x00081030, 0x0008103E
PATIENT_NAME, PATIENT_ID, ISSUER, BIRTH_DATE, SEX = 0x00100010, 0x00100020, 0x00100021, 0x00100030, 0x00100040
STUDY, SERIES, SERIES_NUMBER, INSTANCE_NUMBER = 0x0020000D, 0x0020000E, 0x00200011, 0x00200013
SERIES_COUNT, INSTANCE_COUNT = 0x00201206, 0x00201208
BODY_PART, REQUESTS = 0x00180015, 0x00400275

_VR = {
    **dict.fromkeys((CHARSET, LEVEL, MODALITY, SEX, BODY_PART), b"CS"),
    **dict.fromkeys((SOP_CLASS, SOP_INSTANCE, CLASSES_IN_STUDY, STUDY, SERIES), b"UI"),
    **dict.fromkeys((STUDY_DATE, BIRTH_DATE), b"DA"),
    **dict.fromkeys((ACCESSION, TIMEZONE), b"SH"),
    **dict.fromkeys((STUDY_DESCRIPTION, SERIES_DESCRIPTION, PATIENT_ID, ISSUER), b"LO"),
    **dict.fromkeys((SERIES_NUMBER, INSTANCE_NUMBER, SERIES_COUNT, INSTANCE_COUNT), b"IS"),
    STUDY_TIME: b"TM",
    PATIENT_NAME: b"PN",
    REQUESTS: b"SQ",
}


def encode(keys: Mapping[int, str], transfer_syntax: str) -> bytes:
    """Write the keys of a request, in UTF-8, so that a PACS that follows the request's character set loses nothing."""
    explicit = encoding_of(TransferSyntaxUid(transfer_syntax)).explicit
    return b"".join(element(tag, value, explicit) for tag, value in sorted({CHARSET: "ISO_IR 192", **keys}.items()))


def decode(answer: bytes, transfer_syntax: str, wanted: Wanted) -> Content:
    """Read the wanted values of an answer; raises `MessageFault`, with tags and never with values."""
    scanner = Scanner(TransferSyntaxUid(transfer_syntax), wanted={**wanted, CHARSET: None})
    try:
        scanner.feed(answer)
        scanner.close()
    except InstanceFault as fault:
        raise MessageFault(f"C-FIND: {fault.detail}") from fault
    return scanner.content


def text(content: Content, tag: int) -> str:
    """One value of an answer as text, empty where there is none."""
    value, charset = content.get(tag, b""), content.get(CHARSET, b"")
    return decode_text(value, charset) if isinstance(value, bytes) and isinstance(charset, bytes) else ""


def texts(content: Content, tag: int) -> list[str]:
    """All values of an answer's attribute, in which a backslash stands between two of them."""
    return text(content, tag).split("\\")


def items(content: Content, tag: int) -> list[Content]:
    """The items of a sequence in an answer, in the character set of the whole."""
    found, charset = content.get(tag), content.get(CHARSET, b"")
    return [{CHARSET: charset, **item} for item in found] if isinstance(found, list) else []


def element(tag: int, value: str, explicit: bool) -> bytes:
    """One element of a request, or of an answer that is padded as the standard says; a sequence has no items."""
    vr, encoded = _VR[tag], value.encode()
    if len(encoded) % 2:
        encoded += b"\0" if vr == b"UI" else b" "
    head = (tag >> 16).to_bytes(2, "little") + (tag & 0xFFFF).to_bytes(2, "little")
    if explicit and vr == b"SQ":
        return head + vr + bytes(6)
    if explicit:
        return head + vr + len(encoded).to_bytes(2, "little") + encoded
    return head + len(encoded).to_bytes(4, "little") + encoded
