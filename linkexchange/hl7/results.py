"""Results of imaging (ORU, HL7 v2.5.1 chapter 7): which study a report is about."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from linkexchange.errors import MessageFault
from linkexchange.hl7.message import Message
from linkexchange.hl7.mllp import Hear
from linkexchange.model.identifiers import StudyUid
from linkexchange.model.patient import LocalPatientId

_STUDY_CODES = frozenset({"113014", "110180"})
"""DICOM codes under which an OBX names a study: DICOM Study, Study Instance UID."""
_ACCESSION_MAX = 16


@dataclass(frozen=True, slots=True)
class Result:
    """What a message says: studies by their UID, or else by accession number, and whose they are."""

    studies: tuple[StudyUid, ...]
    accessions: tuple[str, ...]
    local: LocalPatientId


def result_of(message: Message) -> Result:
    """Read ZDS-1 and OBX-5 (Study Instance UID), OBR-18 (accession number), PID-3. Raises `MessageFault`."""
    studies = tuple(dict.fromkeys(_studies(message)))
    accessions = tuple(dict.fromkeys(filter(None, (order.text(18) for order in message.all("OBR")))))
    if not studies and not accessions:
        raise MessageFault("no study is named in ZDS-1, OBX-5 or OBR-18")
    if any(len(number) > _ACCESSION_MAX for number in accessions):
        raise MessageFault("OBR-18 is no accession number")
    number = message.one("PID").first(3)
    return Result(studies, accessions, LocalPatientId(number.component(), number.component(4, sub=2)))


def by_kind(heard: Mapping[str, Hear]) -> Hear:
    """Messages of several kinds at one port; raises `MessageFault` for one that nobody takes."""

    def hear(message: Message) -> None:
        if message.header.kind not in heard:
            raise MessageFault("messages of this kind are not taken here")
        heard[message.header.kind](message)

    return hear


def results(told: Callable[[Result], object]) -> Hear:
    """What is done with an ORU."""

    def hear(message: Message) -> None:
        told(result_of(message))

    return hear


def _studies(message: Message) -> Iterator[StudyUid]:
    named = [segment.text(1) for segment in message.all("ZDS")]
    named += [it.text(5) for it in message.all("OBX") if it.text(3) in _STUDY_CODES]
    for uid in filter(None, named):
        try:
            yield StudyUid(uid)
        except ValueError as wrong:
            raise MessageFault("ZDS-1 or OBX-5: not a Study Instance UID") from wrong
