"""The patient index: which insured person a local patient is, and what a person must settle.

1. An *entry* is what one source says about a local patient; the newest message counts, and a person before any message.
2. The KVNR of an entry holds for an image only where image header and entry are the same person (`differences`).
3. A patient that was merged (HL7 A40) leads to the one that survives; whoever survives leads to nobody.
4. What cannot be settled so is a *question*. Its answer holds for this local number with this very header, no longer
   than the KVNR of the entry stays what it was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from linkexchange.model.identifiers import Kvnr, Sha256, StudyUid
from linkexchange.model.patient import LocalPatientId, Patient, PatientHeader, differences, plain


class Source(StrEnum):
    """Who says it."""

    HL7 = "hl7"
    XDT = "xdt"
    EGK = "egk"
    PERSON = "person"


class Doubt(StrEnum):
    """Why a study waits for a person. Public: names no patient."""

    UNKNOWN = "unknown-patient"
    NO_KVNR = "no-kvnr"
    AMBIGUOUS = "ambiguous-patient-id"
    DIFFERS = "header-differs"
    KVNR_DIFFERS = "kvnr-differs"
    KVNR_SHARED = "kvnr-shared"
    NOBODY = "nobody"
    """A person has said that it is none of ours."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a source says about a local patient. Empty and None where it says nothing."""

    local: LocalPatientId
    source: Source
    kvnr: Kvnr | None = None
    family: str = ""
    given: str = ""
    birth_date: date | None = None
    sex: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """An entry as the index has it, under a number that names nobody. `into`: the patient that it was merged into."""

    patient: UUID
    entry: Entry
    into: UUID | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What waits for a person: whose record the images under this local number and with this header belong to.

    `known` is what the index says of the number. `answered` is None while it waits; `kvnr` is the answer, None: nobody.
    """

    question: UUID
    local: LocalPatientId
    header: PatientHeader
    doubt: Doubt
    asked: datetime
    answered: datetime | None = None
    kvnr: Kvnr | None = None


def told(before: Entry | None, now: Entry) -> Entry:
    """The entry after a source has said something: what it is silent about stays, and so does a person's KVNR."""
    if before is None:
        return now
    keeps = before.source is Source.PERSON and now.source is not Source.PERSON
    return Entry(
        local=before.local,
        source=before.source if keeps else now.source,
        kvnr=before.kvnr if keeps or now.kvnr is None else now.kvnr,
        family=now.family or before.family,
        given=now.given or before.given,
        birth_date=now.birth_date or before.birth_date,
        sex=now.sex or before.sex,
    )


def settle(header: PatientHeader, known: Sequence[Entry], sharing: Collection[Entry] = ()) -> Kvnr | Doubt:
    """Whose record an image belongs to, from what the index says of its local number.

    `known` are the entries that the number may mean, `sharing` other entries with the same KVNR. Where the index knows
    nothing, an image that names the KVNR with its issuer speaks for itself.
    """
    kvnrs = {it.kvnr for it in known if it.kvnr}
    if len(kvnrs) > 1:
        return Doubt.AMBIGUOUS
    if not kvnrs:
        return _by_itself(header, known)
    kvnr = kvnrs.pop()
    assert kvnr is not None
    return _compared(header, kvnr, [it for it in known if it.kvnr]) or _shared(kvnr, known, sharing)


def _by_itself(header: PatientHeader, known: Sequence[Entry]) -> Kvnr | Doubt:
    try:
        kvnr = Kvnr(header.kvnr)
    except ValueError:
        return Doubt.NO_KVNR if known else Doubt.UNKNOWN
    return _compared(header, kvnr, known) or kvnr


def _compared(header: PatientHeader, kvnr: Kvnr, known: Sequence[Entry]) -> Doubt | None:
    for entry in known:
        wrong = differences(header, _patient(entry, kvnr, header))
        if wrong:
            return Doubt.KVNR_DIFFERS if "OtherPatientIDsSequence" in wrong else Doubt.DIFFERS
    return None


def _shared(kvnr: Kvnr, known: Sequence[Entry], sharing: Collection[Entry]) -> Kvnr | Doubt:
    """Two local numbers may be one person, but not two persons: then one of them has a wrong KVNR."""
    for one in known:
        for other in sharing:
            as_header = PatientHeader("", "", kvnr, f"{other.family}^{other.given}", other.birth_date, other.sex)
            if differences(as_header, _patient(one, kvnr, as_header)):
                return Doubt.KVNR_SHARED
    return kvnr


def _patient(entry: Entry, kvnr: Kvnr, header: PatientHeader) -> Patient:
    """As `differences` wants it. A name that the entry does not have speaks against nobody.

    A birth date is needed, but where a person has said who it is.
    """
    family, _, rest = header.name.partition("=")[0].partition("^")
    by_person = header.birth_date if entry.source is Source.PERSON else None
    return Patient(
        kvnr=kvnr,
        family=entry.family or family,
        given=entry.given or rest.partition("^")[0],
        birth_date=entry.birth_date or by_person,
        sex=entry.sex,
        local_id=header.patient_id,
    )


def likeness(header: PatientHeader) -> Sha256:
    """Under which an answer is kept: SHA-256 of what the header says of the person, however umlauts are spelt."""
    family, _, rest = header.name.partition("=")[0].partition("^")
    born = header.birth_date.isoformat() if header.birth_date else ""
    said = (plain(family), plain(rest.partition("^")[0]), born, header.sex, header.kvnr)
    return Sha256.of(hashlib.sha256("\n".join(said).encode()))


@dataclass(frozen=True, slots=True)
class Objection:
    """The patient does not want a study published; `study` is None where it is about all of them (§ 353 SGB V)."""

    kvnr: Kvnr
    study: StudyUid | None
    since: datetime
