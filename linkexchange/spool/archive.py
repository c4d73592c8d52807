"""The spool as a source, as a PACS would be: it lists what waits in the outbox, and gives it out."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, suppress
from itertools import chain

import structlog

from linkexchange.dataset.elements import Content
from linkexchange.errors import InstanceFault, PacsUnavailable, SpoolDamaged, UnknownStudy
from linkexchange.model.identifiers import SopInstanceUid, StudyUid, TelematikId
from linkexchange.model.outbox import Spooled
from linkexchange.model.patient import PatientHeader
from linkexchange.model.study import Manifest, StudySummary
from linkexchange.ports import Brake, IncomingInstance, Store
from linkexchange.spool import summary
from linkexchange.spool.folder import Folder

_log = structlog.get_logger(__name__)


class SpoolArchive:
    """`ports.Archive` over what waits in the outbox."""

    def __init__(self, me: TelematikId, store: Store, folder: Folder) -> None:
        self._me = me
        self._store = store
        self._folder = folder

    def summary(self, study: StudyUid) -> tuple[StudySummary, PatientHeader]:
        """List the study down to its instances, from their headers. Raises `UnknownStudy`."""
        headers = {it: self._header(it) for it in self._of(study)}
        if not headers:
            raise UnknownStudy("nothing of it waits in the outbox")
        return summary.summary(study, headers), summary.patient(headers)

    def studies(self) -> Sequence[tuple[StudyUid, str]]:
        """All studies that wait, with the description that one of their images has."""
        with self._store.work(self._me) as work:
            first = [work.outbox.of_study(it.study)[0] for it in work.outbox.waiting()]
        return [(it.study, summary.description(self._header(it))) for it in first]

    def retrieve(
        self, manifest: Manifest, wanted: frozenset[SopInstanceUid], *, brake: Brake | None = None
    ) -> Generator[IncomingInstance, None, None]:
        """Yield the wanted instances; one that is gone or damaged is left out.

        Raises `PacsUnavailable` when the brake is pulled, and `SpoolDamaged` in the middle of an instance whose damage
        shows only there.
        """
        held = brake or Brake()
        for spooled in self._of(manifest.study):
            if spooled.sop_instance in wanted & manifest.uids:
                yield from self._give(spooled, held)

    def _give(self, spooled: Spooled, brake: Brake) -> Generator[IncomingInstance, None, None]:
        with closing(_heeding(self._folder.read(spooled.file), brake)) as blocks:
            try:
                first = next(blocks)
            except SpoolDamaged as damaged:
                _log.error("an image of the outbox is left out", why=damaged.detail)
                return
            whole = chain([first], blocks)
            yield IncomingInstance(spooled.sop_class, spooled.sop_instance, spooled.transfer_syntax, whole)

    def _of(self, study: StudyUid) -> Sequence[Spooled]:
        with self._store.work(self._me) as work:
            return work.outbox.of_study(study)

    def _header(self, spooled: Spooled) -> Content:
        """Nothing of an image that cannot be read."""
        with suppress(SpoolDamaged, InstanceFault), closing(self._folder.read(spooled.file)) as blocks:
            return summary.read(spooled.transfer_syntax, blocks)
        return {}


def _heeding(blocks: Iterator[bytes], brake: Brake) -> Generator[bytes, None, None]:
    for block in blocks:
        if brake.pulled:
            raise PacsUnavailable("stopped")
        yield block
