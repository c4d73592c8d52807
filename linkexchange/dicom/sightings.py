"""Which studies a PACS has: C-FIND at STUDY level by day or by accession number (PS3.4 section C.6.2)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from linkexchange.dataset.elements import Content
from linkexchange.dicom import identifier
from linkexchange.dicom.association import associate
from linkexchange.dicom.dimse import FIND, STUDY_ROOT_FIND, Query, find
from linkexchange.dicom.identifier import text
from linkexchange.dicom.line import Line
from linkexchange.errors import MessageFault
from linkexchange.model.identifiers import StudyUid
from linkexchange.model.patient import LocalPatientId
from linkexchange.ports import Sighting, StudyQuery

_TOLD = (identifier.STUDY, identifier.PATIENT_ID, identifier.ISSUER, identifier.INSTANCE_COUNT)


def sightings(line: Line, query: StudyQuery) -> Sequence[Sighting]:
    """The studies that match. Raises `PacsUnavailable` or `MessageFault`."""
    asked = {
        identifier.LEVEL: "STUDY",
        identifier.STUDY_DATE: query.dates,
        identifier.ACCESSION: query.accession,
        identifier.PATIENT_ID: query.patient,
    }
    keys = {**dict.fromkeys(_TOLD, ""), **asked}
    with associate(line, [FIND]) as association:
        rows = find(association, Query(STUDY_ROOT_FIND, keys, dict.fromkeys(keys)))
    return [_sighting(row) for row in rows if text(row, identifier.ACCESSION) == query.accession or not query.accession]


def _sighting(row: Content) -> Sighting:
    try:
        study = StudyUid(text(row, identifier.STUDY))
    except ValueError as wrong:
        raise MessageFault(f"C-FIND: {wrong}") from wrong
    counted = None
    with suppress(ValueError):
        counted = int(text(row, identifier.INSTANCE_COUNT))
    return Sighting(study, LocalPatientId(text(row, identifier.PATIENT_ID), text(row, identifier.ISSUER)), counted)
