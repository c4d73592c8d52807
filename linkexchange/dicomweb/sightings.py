"""Which studies a PACS has: QIDO-RS by day or by accession number (PS3.18 section 10.6)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from linkexchange.dicomweb import qido
from linkexchange.dicomweb.connection import Connection
from linkexchange.dicomweb.search import listing
from linkexchange.errors import MessageFault
from linkexchange.model.identifiers import StudyUid
from linkexchange.model.patient import LocalPatientId
from linkexchange.ports import Sighting, StudyQuery

_LEVEL = qido.Level(
    qido.STUDY_INSTANCE_UID,
    (qido.ACCESSION_NUMBER, qido.PATIENT_ID, qido.ISSUER_OF_PATIENT_ID, qido.STUDY_INSTANCES),
)


def sightings(pacs: Connection, query: StudyQuery) -> Sequence[Sighting]:
    """The studies that match. Raises `PacsUnavailable` or `MessageFault`."""
    match = {"StudyDate": query.dates, "AccessionNumber": query.accession, "PatientID": query.patient}
    rows = listing(pacs, _LEVEL, "studies", **{key: value for key, value in match.items() if value})
    wanted = query.accession
    return [_sighting(row) for row in rows if not wanted or qido.text(row, qido.ACCESSION_NUMBER) == wanted]


def _sighting(row: qido.Row) -> Sighting:
    try:
        study = StudyUid(qido.text(row, qido.STUDY_INSTANCE_UID))
    except ValueError as wrong:
        raise MessageFault(f"QIDO-RS: {wrong}") from wrong
    counted = None
    with suppress(ValueError):
        counted = int(qido.text(row, qido.STUDY_INSTANCES))
    local = LocalPatientId(qido.text(row, qido.PATIENT_ID), qido.text(row, qido.ISSUER_OF_PATIENT_ID))
    return Sighting(study, local, counted)
