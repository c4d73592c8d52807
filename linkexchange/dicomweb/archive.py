"""The own PACS through its DICOMweb service: QIDO-RS says what a study has, WADO-RS brings it."""

from __future__ import annotations

import ssl
from collections.abc import Generator, Iterator, Sequence
from urllib.parse import urlencode

from linkexchange.dicomweb import qido
from linkexchange.dicomweb.connection import IDLE_SECONDS, Connection, Faults
from linkexchange.errors import Fault, MessageFault, PacsUnavailable, UnknownStudy
from linkexchange.model.identifiers import SopInstanceUid, StudyUid
from linkexchange.model.passport import Passport
from linkexchange.model.patient import PatientHeader
from linkexchange.model.study import Manifest, StudySummary
from linkexchange.ports import IncomingInstance

PAGE = 1000
_JSON = "application/dicom+json"
_PAGE_MAX_BYTES = 32 * 1024 * 1024


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
            found = _listing(pacs, qido.STUDY, "studies", StudyInstanceUID=study)
            # A service that knows no matching by UID answers with all studies.
            described = next((row for row in found if qido.text(row, qido.STUDY_INSTANCE_UID) == study), None)
            if described is None:
                raise UnknownStudy
            series = list(_listing(pacs, qido.SERIES, f"studies/{study}/series"))
            instances = list(_listing(pacs, qido.INSTANCE, f"studies/{study}/instances"))
        return qido.study_summary(study, described, series, instances), qido.patient_header(described)

    def studies(self) -> Sequence[tuple[StudyUid, str]]:
        """All studies with their description. Raises `PacsUnavailable` or `MessageFault`."""
        with self._connection() as pacs:
            rows = list(_listing(pacs, qido.STUDY, "studies"))
        try:
            return [
                (StudyUid(qido.text(row, qido.STUDY_INSTANCE_UID)), qido.text(row, qido.STUDY_DESCRIPTION))
                for row in rows
            ]
        except ValueError as wrong:
            raise MessageFault(f"QIDO-RS: {wrong}") from wrong

    def retrieve(
        self, manifest: Manifest, wanted: frozenset[SopInstanceUid]
    ) -> Generator[IncomingInstance, None, None]:
        """Yield the wanted instances, as `ports.ImageSource` promises. Raises `PacsUnavailable`."""
        with self._connection() as pacs:
            yield from pacs.retrieve(manifest, wanted)

    def _connection(self) -> Connection:
        return Connection(self._url, _FAULTS, context=self._context, idle_seconds=self._idle_seconds)


def _listing(pacs: Connection, level: qido.Level, path: str, **match: str) -> Iterator[qido.Row]:
    """All rows, page by page, each once.

    A short page does not mean the last one, since a service may give fewer rows than it is asked for. A page without
    anything new does: it is empty, or the service knows no pages and answers the same again.
    """
    seen: set[str] = set()
    while True:
        # Orthanc does not see a list of fields in one parameter when its commas are encoded, as they should be.
        query = {**match, "includefield": level.fields, "limit": PAGE, "offset": len(seen)}
        answer = pacs.read(f"{path}?{urlencode(query, doseq=True)}", _JSON, max_bytes=_PAGE_MAX_BYTES)
        page = {qido.text(row, level.uid): row for row in qido.rows(answer[0] if answer else b"")}
        fresh = page.keys() - seen
        if not fresh:
            return
        yield from (page[uid] for uid in page if uid in fresh)
        seen |= fresh


def _refused(status: int, _: bytes) -> Fault:
    return PacsUnavailable(f"DICOMweb answered HTTP {status}")


_FAULTS = Faults(unreachable=PacsUnavailable, broken=PacsUnavailable, refused=_refused)
