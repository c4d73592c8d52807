"""Small questions to a PACS: is it there, and whose is a Patient ID?"""

from __future__ import annotations

from linkexchange.dataset.elements import Content
from linkexchange.dataset.header import PATIENT
from linkexchange.dicom import identifier
from linkexchange.dicom.association import Association, associate
from linkexchange.dicom.dimse import ECHO, FIND, PATIENT_FIND, PATIENT_ROOT_FIND, STUDY_ROOT_FIND, Query, find
from linkexchange.dicom.dimse import echo as ask_echo
from linkexchange.dicom.identifier import text
from linkexchange.dicom.line import Line
from linkexchange.dicom.summary import patient
from linkexchange.errors import MessageFault
from linkexchange.model.patient import PatientHeader
from linkexchange.ports import Brake

_KEYS = (identifier.PATIENT_NAME, identifier.ISSUER, identifier.BIRTH_DATE, identifier.SEX)
# Each of these would make more than one identifier of it.
_SPECIAL = frozenset("*?\\")
_LONGEST = 64
"""PS3.5 VR LO."""
_FINDING = {PATIENT_ROOT_FIND, STUDY_ROOT_FIND}


def echo(line: Line) -> None:
    """Verify that a PACS answers this calling AE title; raises `PacsUnavailable` with the reason."""
    with associate(line, [ECHO]) as association:
        ask_echo(association)


def holder_of(line: Line, patient_id: str, *, brake: Brake | None = None) -> PatientHeader | None:
    """Whom a PACS has under a Patient ID; None where it has nobody, or answers no C-FIND at all.

    Raises `PacsUnavailable` or `MessageFault`.
    """
    if not 0 < len(patient_id.strip()) <= _LONGEST or not patient_id.isprintable() or _SPECIAL & set(patient_id):
        raise MessageFault("not a Patient ID that can be asked for")
    with associate(line, [PATIENT_FIND, FIND, ECHO], brake) as association:
        # An echo is always taken, so that a PACS without C-FIND is told from one that is not there.
        services = {context.abstract_syntax for context in association.contexts}
        rows = _ask(association, patient_id.strip()) if services & _FINDING else []
    return next((patient(row) for row in rows if text(row, identifier.PATIENT_ID) == patient_id.strip()), None)


def _ask(association: Association, patient_id: str) -> list[Content]:
    """Ask in the patient root model, or for studies where a PACS has only the study root."""
    by_patient = any(cx.abstract_syntax == PATIENT_ROOT_FIND for cx in association.contexts)
    keys = {identifier.PATIENT_ID: patient_id, **dict.fromkeys(_KEYS, "")}
    if by_patient:
        query = Query(PATIENT_ROOT_FIND, {identifier.LEVEL: "PATIENT", **keys}, PATIENT)
    else:
        query = Query(STUDY_ROOT_FIND, {identifier.LEVEL: "STUDY", identifier.STUDY: "", **keys}, PATIENT)
    return find(association, query)
