"""Who the patient is, in the record and in an image header, and whether both are the same person."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date

from linkexchange.model.identifiers import Kvnr

KVNR_ISSUER = "1.2.276.0.76.4.8"
"""OID of the KVNR as an identifier system (DICOM Issuer of Patient ID, HL7 assigning authority)."""

_UMLAUTS = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "ae", "Ö": "oe", "Ü": "ue"}
_WITHOUT_MARKS = {"ı": "i", "ł": "l", "Ł": "l"}
"""Letters that Unicode does not take apart into a letter and a mark; in capitals or in Latin-1 they look so."""
_PLAIN = str.maketrans({**_UMLAUTS, **_WITHOUT_MARKS})


@dataclass(frozen=True, slots=True)
class Patient:
    """The patient of a record, and the local number at the origin where the images were made."""

    kvnr: Kvnr
    family: str
    given: str
    birth_date: date | None
    sex: str = ""
    local_id: str = ""


@dataclass(frozen=True, slots=True)
class LocalPatientId:
    """Patient ID (0010,0020) with Issuer of Patient ID (0010,0021), or PID-3 with its assigning authority.

    The issuer is empty where the system that names the number leaves it to its surroundings.
    """

    value: str
    issuer: str = ""


def issuer_of(text: str) -> str:
    """An issuer as one word: the universal ID where it is written `namespace&universal ID&type` (PS3.3, HL7 HD)."""
    namespace, _, rest = text.strip().partition("&")
    return rest.partition("&")[0] or namespace


@dataclass(frozen=True, slots=True)
class PatientHeader:
    """What an image header says. Empty strings and None where it says nothing."""

    patient_id: str = ""
    issuer: str = ""
    kvnr: str = ""
    name: str = ""
    birth_date: date | None = None
    sex: str = ""


def differences(header: PatientHeader, patient: Patient) -> tuple[str, ...]:
    """Names of the DICOM attributes in which an image header contradicts the record; empty means the same person.

    An image needs one proof that it is the patient's (the KVNR, or the origin's own Patient ID with the same birth
    date), and nothing that speaks against it. Names of the attributes only: the values are patient data.
    """
    wrong = [keyword for keyword, clash in _clashes(header, patient) if clash]
    if not wrong and not _anchored(header, patient):
        wrong.append("PatientID")
    return tuple(wrong)


def contradictions(holder: PatientHeader, patient: Patient) -> tuple[str, ...]:
    """In what the holder of the same Patient ID in another PACS differs; empty means the same person.

    A holder of whom neither name nor birth date is known counts as somebody else.
    """
    wrong = tuple(keyword for keyword, clash in _clashes(holder, patient) if clash)
    return wrong if wrong or holder.name or holder.birth_date else ("PatientID",)


def _clashes(header: PatientHeader, patient: Patient) -> tuple[tuple[str, bool], ...]:
    return (
        ("OtherPatientIDsSequence", bool(header.kvnr) and header.kvnr != patient.kvnr),
        ("PatientName", _name_clashes(header.name, patient)),
        ("PatientBirthDate", _differ(header.birth_date, patient.birth_date)),
        ("PatientSex", {header.sex, patient.sex} == {"M", "F"}),
    )


def _anchored(header: PatientHeader, patient: Patient) -> bool:
    if header.kvnr:
        return True
    same_id = bool(patient.local_id) and header.patient_id == patient.local_id
    return same_id and header.birth_date is not None and header.birth_date == patient.birth_date


def _differ(one: date | None, other: date | None) -> bool:
    return one is not None and other is not None and one != other


def _name_clashes(name: str, patient: Patient) -> bool:
    """Family and first given name must agree where the header has them; the spelling of umlauts does not matter."""
    family, _, rest = name.partition("=")[0].partition("^")
    given = plain(rest.partition("^")[0]).split()
    if plain(family) not in {"", plain(patient.family)}:
        return True
    known = plain(patient.given).split()
    return bool(given and known) and given[0] != known[0]


def plain(name: str) -> str:
    """A name without what spelling may change: capitals, umlauts, accents, hyphens, spaces."""
    folded = unicodedata.normalize("NFC", name).translate(_PLAIN)
    letters = unicodedata.normalize("NFKD", folded).casefold()
    return " ".join("".join(c for c in letters if not unicodedata.combining(c)).replace("-", " ").split())
