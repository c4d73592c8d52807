"""ADT messages as a hospital information system sends them, of patients that do not exist."""

from __future__ import annotations

from collections.abc import Sequence

KVNR_OID = "1.2.276.0.76.4.8"
KVNR = "A123456780"
LOCAL = "4711^^^KIS&1.2.276.0.1.1&ISO^PI"
INSURED = f"{KVNR}^^^&{KVNR_OID}&ISO^NH"


def pid(*numbers: str, name: str = "Müller^Jörg^Karl^^^^L", born: str = "19700102", sex: str = "M") -> str:
    return f"PID|1||{'~'.join(numbers or (LOCAL, INSURED))}||{name}||{born}|{sex}"


def mrg(*numbers: str) -> str:
    return f"MRG|{'~'.join(numbers)}"


def adt(trigger: str, segments: Sequence[str], *, term: str = "8859/1", codec: str = "latin-1") -> bytes:
    header = f"MSH|^~\\&|KIS|KLINIK|NODE|HAUS|202611240800||ADT^{trigger}|4711|P|2.5||||||{term}"
    return "".join(f"{line}\r" for line in (header, f"EVN|{trigger}|202611240800", *segments)).encode(codec)
