"""Who the patients of a house are (ADT, HL7 v2.5.1 chapter 3): admissions, changes and merges as index entries."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from linkexchange.errors import MessageFault
from linkexchange.hl7.message import NULL, Field, Message, Segment
from linkexchange.hl7.mllp import Hear
from linkexchange.model.identifiers import Kvnr
from linkexchange.model.index import Entry, Source
from linkexchange.model.patient import KVNR_ISSUER, LocalPatientId

KIND = "ADT"
TOLD = frozenset({"A01", "A04", "A05", "A08", "A28", "A31"})
"""Triggers that say who a patient is."""
MERGED = frozenset({"A18", "A30", "A34", "A36", "A40"})
"""Triggers that say that the numbers of MRG-1 are now the patient of the PID before it. Others say nothing here."""
_LOCAL_TYPES = frozenset({"", "PI", "MR", "PT"})
"""Identifier types (table 0203) of a patient; others count visits, cases, accounts and insurances."""
_KVNR_TYPES = frozenset({"KVNR", "KVZ10"})
_SEXES = {"M": "M", "F": "F", "W": "F", "O": "O", "D": "O"}


def admissions(tell: Callable[[Sequence[Entry]], object], merge: Callable[[LocalPatientId, Entry], object]) -> Hear:
    """What is done with an ADT; raises `MessageFault` where it names no patient."""

    def hear(message: Message) -> None:
        if message.header.trigger in TOLD:
            tell(entries(message.one("PID")))
        elif message.header.trigger in MERGED:
            for gone, into in merges(message):
                merge(gone, into)

    return hear


def entries(pid: Segment) -> Sequence[Entry]:
    """What PID says: one entry for each number of the patient, since each may stand in an image."""
    locals_, kvnr, name = _locals(pid.repetitions(3)), _kvnr(pid.repetitions(3)), _name(pid)
    if not locals_:
        raise MessageFault("PID-3 holds no number of a patient")
    return [
        Entry(
            local=local,
            source=Source.HL7,
            kvnr=kvnr,
            family=_said(name, 1),
            given=" ".join(filter(None, (_said(name, 2), _said(name, 3)))),
            birth_date=pid.first(7).day,
            sex=_SEXES.get(pid.text(8).upper(), ""),
        )
        for local in locals_
    ]


def merges(message: Message) -> Iterator[tuple[LocalPatientId, Entry]]:
    """Every number that is gone, with the entry that survives: of the same issuer where PID-3 has one."""
    pid: Segment | None = None
    for segment in message.segments:
        if segment.name == "PID":
            pid = segment
        elif segment.name == "MRG":
            if pid is None:
                raise MessageFault("MRG stands before PID")
            yield from _pairs(_locals(segment.repetitions(1)), entries(pid))
    if pid is None:
        raise MessageFault("PID is missing")


def _pairs(gone: Sequence[LocalPatientId], surviving: Sequence[Entry]) -> Iterator[tuple[LocalPatientId, Entry]]:
    if not gone:
        raise MessageFault("MRG-1 holds no number of a patient")
    for number in gone:
        into = next((it for it in surviving if it.local.issuer == number.issuer), surviving[0])
        if number != into.local:
            yield number, into


def local_id(number: Field) -> LocalPatientId:
    """A number with its assigning authority (CX-4): its universal ID, or its name where it has none."""
    issuer = number.component(4, sub=2) or number.component(4)
    return LocalPatientId(number.component().strip(), issuer.strip())


def _locals(numbers: Sequence[Field]) -> Sequence[LocalPatientId]:
    own = [it for it in numbers if it.component(5) in _LOCAL_TYPES and not _is_kvnr(it)]
    return list(dict.fromkeys(local_id(it) for it in own if it.component().strip() not in {"", NULL}))


def _kvnr(numbers: Sequence[Field]) -> Kvnr | None:
    """One with a wrong check digit is none, and so are two."""
    found: set[Kvnr] = set()
    for number in filter(_is_kvnr, numbers):
        with suppress(ValueError):
            found.add(Kvnr(number.component().strip().upper()))
    return found.pop() if len(found) == 1 else None


def _is_kvnr(number: Field) -> bool:
    authority = {number.component(4), number.component(4, sub=2)}
    return KVNR_ISSUER in authority or number.component(5) in _KVNR_TYPES


def _name(pid: Segment) -> Field:
    """The legal name (XPN-7 `L`), or the first."""
    names = pid.repetitions(5)
    return next((it for it in names if it.component(7) == "L"), names[0] if names else pid.first(5))


def _said(name: Field, number: int) -> str:
    text = name.component(number).strip()
    return "" if text == NULL else text
