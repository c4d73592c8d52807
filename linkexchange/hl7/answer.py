"""The one acknowledgement that a message gets (HL7 v2.5.1 section 2.9.2, original mode)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import uuid4

from linkexchange.errors import Fault, Unavailable
from linkexchange.hl7.encoding import Encoding
from linkexchange.hl7.message import Header


class Code(StrEnum):
    """Acknowledgment code (table 0008): taken for good, send it once more later, or do not send it again."""

    ACCEPT = "AA"
    ERROR = "AE"
    REJECT = "AR"


def code_of(fault: Fault | None) -> Code:
    """What a fault means for the sender."""
    if fault is None:
        return Code.ACCEPT
    return Code.ERROR if isinstance(fault, Unavailable) else Code.REJECT


def acknowledgement(header: Header | None, code: Code, *, at: datetime, reason: str = "") -> bytes:
    """The answer to a message, in its character set; None as header where not even that could be read.

    `reason` is a code of ours (MSA-3), which a sender writes into its log.
    """
    encoding = header.encoding if header else Encoding()
    lines = [_header(header, encoding, at), encoding.field.join(["MSA", code, _said(header, 10), reason])]
    return "".join(line + "\r" for line in lines).encode(encoding.codec)


def _header(header: Header | None, encoding: Encoding, at: datetime) -> str:
    marks = encoding.component + encoding.repetition + encoding.escape + encoding.subcomponent
    kind = encoding.component.join(["ACK", header.trigger, "ACK"] if header and header.trigger else ["ACK"])
    parties = [_said(header, number) for number in (5, 6, 3, 4)]
    told = [f"{at:%Y%m%d%H%M%S}", "", kind, uuid4().hex[:20], _said(header, 11) or "P", _said(header, 12) or "2.5"]
    character_set = ["", "", "", "", "", _said(header, 18)] if _said(header, 18) else []
    return encoding.field.join(["MSH", marks, *parties, *told, *character_set])


def _said(header: Header | None, number: int) -> str:
    """A field of the message as it is written: it goes back as it came."""
    return header.segment.field(number) if header else ""
