"""Reads from the first bytes of an instance whose it is and where it belongs, and gives the bytes back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from linkexchange.dataset.elements import Content, Wanted, name
from linkexchange.dataset.meter import Meter
from linkexchange.dataset.replay import Replay
from linkexchange.dataset.scan import Scanner
from linkexchange.dataset.text import day, decode, identifier
from linkexchange.errors import InstanceFault
from linkexchange.model.identifiers import SeriesUid, SopClassUid, SopInstanceUid, StudyUid, TransferSyntaxUid, Uid
from linkexchange.model.patient import KVNR_ISSUER, PatientHeader

HEADER_MAX_BYTES = 4 << 20
"""Lists of referenced images stand before the study's UID: some hundred bytes each, and there may be thousands."""

_CHARSET, _SOP_CLASS, _SOP_INSTANCE = 0x00080005, 0x00080016, 0x00080018
_NAME, _PATIENT_ID, _ISSUER, _QUALIFIERS = 0x00100010, 0x00100020, 0x00100021, 0x00100024
_BIRTH_DATE, _SEX, _OTHER_IDS = 0x00100030, 0x00100040, 0x00101002
_UNIVERSAL_ID = 0x00400032
_STUDY, _SERIES = 0x0020000D, 0x0020000E

_NUMBER: Wanted = {_PATIENT_ID: None, _ISSUER: None, _QUALIFIERS: {_UNIVERSAL_ID: None}}
PATIENT: Wanted = {**dict.fromkeys((_CHARSET, _NAME, _BIRTH_DATE, _SEX)), **_NUMBER, _OTHER_IDS: _NUMBER}
"""What `patient_of` looks at."""
_WANTED: Wanted = {**PATIENT, **dict.fromkeys((_SOP_CLASS, _SOP_INSTANCE, _STUDY, _SERIES))}

_DEPARTMENT, _CONFIDENTIALITY = 0x00081040, 0x00403001
_LABELS: Wanted = dict.fromkeys((_CHARSET, _DEPARTMENT, _CONFIDENTIALITY))

_Uid = TypeVar("_Uid", bound=Uid)


@dataclass(frozen=True, slots=True)
class InstanceHeader:
    """What an instance says about itself."""

    study: StudyUid
    series: SeriesUid
    sop_class: SopClassUid
    sop_instance: SopInstanceUid
    patient: PatientHeader


@dataclass(frozen=True, slots=True)
class Labels:
    """What decides whether an instance may be published, beside its patient. Empty where it says nothing.

    Institutional Department Name (0008,1040) and Confidentiality Constraint on Patient Data Description (0040,3001).
    """

    department: str = ""
    confidentiality: str = ""


def read_labels(transfer_syntax: TransferSyntaxUid, chunks: Iterable[bytes]) -> Labels:
    """Read them from an encoded data set, behind its series as well; raises `InstanceFault` as `read_header` does."""
    scanner = Scanner(transfer_syntax, wanted=_LABELS, until=_CONFIDENTIALITY + 1)
    _scan(scanner, chunks, _CONFIDENTIALITY)
    charset = _bytes(scanner.content, _CHARSET)
    return Labels(*(decode(_bytes(scanner.content, tag), charset) for tag in (_DEPARTMENT, _CONFIDENTIALITY)))


def read_header(transfer_syntax: TransferSyntaxUid, chunks: Iterable[bytes]) -> tuple[InstanceHeader, Iterator[bytes]]:
    """Read the header of an encoded data set; the iterator that comes back yields every byte of it from the start.

    Takes no more chunks than it needs to pass Series Instance UID. Raises `InstanceFault`, with tags and never with
    values, when the header is malformed, contradicts itself or is larger than `HEADER_MAX_BYTES`.
    """
    return _read(Scanner(transfer_syntax, wanted=_WANTED, until=_SERIES + 1), chunks)


def examine(
    transfer_syntax: TransferSyntaxUid, chunks: Iterable[bytes]
) -> tuple[InstanceHeader, Meter, Iterator[bytes]]:
    """As `read_header`; the bytes are measured when they are taken, without being followed a second time."""
    meter = Meter(transfer_syntax, wanted=_WANTED)
    header, whole = _read(meter.scanner, chunks)
    return header, meter, meter.through(whole, followed=whole.size)


def _read(scanner: Scanner, chunks: Iterable[bytes]) -> tuple[InstanceHeader, Replay]:
    source = iter(chunks)
    taken = _scan(scanner, source, _SERIES)
    return _header(scanner.content), Replay(taken, source)


def _scan(scanner: Scanner, source: Iterable[bytes], last: int) -> list[bytes]:
    """Take no more chunks than are needed to pass an element."""
    taken: list[bytes] = []
    size = 0
    for chunk in source:
        taken.append(chunk)
        size += len(chunk)
        scanner.feed(chunk)
        if scanner.is_behind(last):
            break
        if size > HEADER_MAX_BYTES:
            raise InstanceFault("the header is too large")
    else:
        scanner.close()
    return taken


def _header(content: Content) -> InstanceHeader:
    return InstanceHeader(
        study=_uid(content, _STUDY, StudyUid),
        series=_uid(content, _SERIES, SeriesUid),
        sop_class=_uid(content, _SOP_CLASS, SopClassUid),
        sop_instance=_uid(content, _SOP_INSTANCE, SopInstanceUid),
        patient=patient_of(content),
    )


def _uid(content: Content, tag: int, kind: type[_Uid]) -> _Uid:
    try:
        return kind(identifier(_bytes(content, tag)))
    except ValueError as wrong:
        raise InstanceFault(f"{name(tag)} is missing or malformed") from wrong


def patient_of(content: Content) -> PatientHeader:
    """Who the patient is, from what was kept of a header; raises `InstanceFault` when it names two."""
    charset = _bytes(content, _CHARSET)
    return PatientHeader(
        patient_id=decode(_bytes(content, _PATIENT_ID), charset),
        issuer=decode(_bytes(content, _ISSUER), charset),
        kvnr=_kvnr(content),
        name=decode(_bytes(content, _NAME), charset),
        birth_date=day(_bytes(content, _BIRTH_DATE)),
        sex=decode(_bytes(content, _SEX), b""),
    )


def _kvnr(content: Content) -> str:
    """The KVNR, wherever it stands with its issuer; raises `InstanceFault` when the header has two."""
    numbers = {_number(holder) for holder in (content, *_items(content, _OTHER_IDS)) if _issued_as_kvnr(holder)}
    if len(numbers - {""}) > 1:
        raise InstanceFault(f"{name(_OTHER_IDS)} and {name(_PATIENT_ID)} name two insured persons")
    return max(numbers, default="")


def _number(holder: Content) -> str:
    return decode(_bytes(holder, _PATIENT_ID), b"").upper()


def _issued_as_kvnr(holder: Content) -> bool:
    """Issuers are written as a plain OID, or as HL7 writes them: namespace&OID&ISO."""
    named = (_bytes(holder, _ISSUER), *(_bytes(item, _UNIVERSAL_ID) for item in _items(holder, _QUALIFIERS)))
    return any(KVNR_ISSUER in decode(issuer, b"").split("&") for issuer in named)


def _bytes(content: Content, tag: int) -> bytes:
    value = content.get(tag, b"")
    return value if isinstance(value, bytes) else b""


def _items(content: Content, tag: int) -> list[Content]:
    value = content.get(tag, b"")
    return value if isinstance(value, list) else []
