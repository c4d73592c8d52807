"""The own PACS as a source: C-FIND says what a study has, C-GET brings it."""

from __future__ import annotations

import ssl
from collections.abc import Generator, Sequence

from linkexchange.dicom import bulk
from linkexchange.dicom.association import associate
from linkexchange.dicom.dimse import FIND, GET
from linkexchange.dicom.getting import get
from linkexchange.dicom.line import DEFAULT_TIMEOUTS, Line, Timeouts
from linkexchange.dicom.plan import Members, by_series, candidates
from linkexchange.dicom.retrieval import Retrieval
from linkexchange.dicom.summary import Listing, listing, studies
from linkexchange.errors import MessageFault
from linkexchange.model.identifiers import AeTitle, SopClassUid, SopInstanceUid, StudyUid
from linkexchange.model.passport import Passport
from linkexchange.model.patient import PatientHeader
from linkexchange.model.study import Manifest, StudySummary
from linkexchange.ports import Brake, IncomingInstance


class CGetArchive:
    """`ports.Archive` over C-FIND and C-GET."""

    def __init__(
        self,
        passport: Passport,
        *,
        calling_ae: AeTitle,
        timeouts: Timeouts = DEFAULT_TIMEOUTS,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._line = Line(passport, calling_ae, timeouts, tls)

    def summary(self, study: StudyUid) -> tuple[StudySummary, PatientHeader]:
        """List the study down to its instances. Raises `UnknownStudy`, `PacsUnavailable` or `MessageFault`.

        A PACS need not tell SOP Class UIDs. Then they are learnt by retrieving those instances, whose bytes are let
        pass: slow, but the manifest of a link must be right.
        """
        with associate(self._line, [FIND]) as association:
            found = listing(association, study)
        classes = self._classes(found)
        return found.summary(classes), found.patient

    def studies(self) -> Sequence[tuple[StudyUid, str]]:
        """All studies with their description. Raises `PacsUnavailable` or `MessageFault`."""
        with associate(self._line, [FIND]) as association:
            return studies(association)

    def retrieve(
        self, manifest: Manifest, wanted: frozenset[SopInstanceUid], *, brake: Brake | None = None
    ) -> Generator[IncomingInstance, None, None]:
        """Yield the wanted instances, as `ports.ImageSource` promises. Raises `PacsUnavailable`."""
        return Retrieval(self._line, manifest, set(wanted & manifest.uids), brake or Brake()).run()

    def _classes(self, found: Listing) -> dict[SopInstanceUid, SopClassUid]:
        """The class of every instance; raises `MessageFault` when some stay unknown."""
        classes = found.classes
        rounds = candidates()
        while unknown := {uid: of_it for uid, of_it in found.members.items() if not classes.keys() >= set(of_it)}:
            proposals = next(rounds, None)
            if proposals is None:
                raise MessageFault("the PACS tells no SOP Class UID and does not send all instances")
            with bulk.associate(self._line, [GET, *proposals], Brake()) as association:
                classes |= _learn(association, found.study, unknown)
        return classes


def _learn(association: bulk.Association, study: StudyUid, members: Members) -> dict[SopInstanceUid, SopClassUid]:
    """What comes of these series. Whole series are asked for, since not every archive knows lists of UIDs."""
    everything = {uid for uids in members.values() for uid in uids}
    return {
        incoming.sop_instance: incoming.sop_class
        for request in by_series(study, members)
        for incoming in get(association, request.keys, everything)
    }
