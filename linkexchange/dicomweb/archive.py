"""The own PACS through its DICOMweb service: QIDO-RS says what a study has, WADO-RS brings it."""

from __future__ import annotations

import ssl
from collections.abc import Generator, Sequence

from linkexchange.dicomweb import qido
from linkexchange.dicomweb.connection import IDLE_SECONDS, Connection
from linkexchange.dicomweb.search import FAULTS, listing
from linkexchange.dicomweb.sightings import sightings
from linkexchange.errors import MessageFault, UnknownStudy
from linkexchange.model.identifiers import SopInstanceUid, StudyUid
from linkexchange.model.passport import Passport
from linkexchange.model.patient import PatientHeader
from linkexchange.model.study import Manifest, StudySummary
from linkexchange.ports import Brake, IncomingInstance, Sighting, StudyQuery


class DicomwebArchive:
    """`ports.Archive` over the DICOMweb service of a passport. `context` is for a PACS that speaks TLS."""

    def __init__(
        self, passport: Passport, *, context: ssl.SSLContext | None = None, idle_seconds: float = IDLE_SECONDS
    ) -> None:
        self._url = passport.dicomweb_url
        self._context = context
        self._idle_seconds = idle_seconds

    def summary(self, study: StudyUid) -> tuple[StudySummary, PatientHeader]:
        """List the study down to its instances. Raises `UnknownStudy`, `PacsUnavailable` or `MessageFault`."""
        with self._connection() as pacs:
            found = listing(pacs, qido.STUDY, "studies", StudyInstanceUID=study)
            # A service that knows no matching by UID answers with all studies.
            described = next((row for row in found if qido.text(row, qido.STUDY_INSTANCE_UID) == study), None)
            if described is None:
                raise UnknownStudy
            series = listing(pacs, qido.SERIES, f"studies/{study}/series")
            instances = listing(pacs, qido.INSTANCE, f"studies/{study}/instances")
        return qido.study_summary(study, described, series, instances), qido.patient_header(described)

    def studies(self) -> Sequence[tuple[StudyUid, str]]:
        """All studies with their description. Raises `PacsUnavailable` or `MessageFault`."""
        with self._connection() as pacs:
            rows = listing(pacs, qido.STUDY, "studies")
        try:
            return [
                (StudyUid(qido.text(row, qido.STUDY_INSTANCE_UID)), qido.text(row, qido.STUDY_DESCRIPTION))
                for row in rows
            ]
        except ValueError as wrong:
            raise MessageFault(f"QIDO-RS: {wrong}") from wrong

    def sightings(self, query: StudyQuery) -> Sequence[Sighting]:
        """Which studies it has. Raises `PacsUnavailable` or `MessageFault`."""
        with self._connection() as pacs:
            return sightings(pacs, query)

    def retrieve(
        self, manifest: Manifest, wanted: frozenset[SopInstanceUid], *, brake: Brake | None = None
    ) -> Generator[IncomingInstance, None, None]:
        """Yield the wanted instances, as `ports.ImageSource` promises. Raises `PacsUnavailable`."""
        with self._connection() as pacs:
            yield from pacs.retrieve(manifest, wanted, brake=brake)

    def _connection(self) -> Connection:
        return Connection(self._url, FAULTS, context=self._context, idle_seconds=self._idle_seconds)
