"""Whose record a study belongs to: sources are heard, a doubt waits for a person, a merge moves what is published.

Patients and questions have numbers of their own here: local numbers, names and KVNR never stand in a job, an event, an
audit entry or a log line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Self
from uuid import UUID, uuid4

import structlog

from linkexchange import publish
from linkexchange.errors import MessageFault, UnknownPatient
from linkexchange.model.audit import Action
from linkexchange.model.identifiers import Kvnr, StudyUid, TelematikId
from linkexchange.model.index import Doubt, Entry, Known, Objection, Question, Source, settle, told
from linkexchange.model.patient import LocalPatientId, PatientHeader, issuer_of
from linkexchange.model.release import OBJECTION
from linkexchange.model.watched import DOUBT_PAUSE, Wait, Watched, fingerprint
from linkexchange.model.watched import Source as Watching
from linkexchange.ports import Doubt as Doubted
from linkexchange.ports import Insured, InsuredCard, Node, Published, Store, UnitOfWork
from linkexchange.xdt import PatientFolder, patients_of

_AT_ONCE = 500
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Index:
    """The patient index of a participant, over its rows: `ports.PatientIndex`."""

    me: TelematikId
    store: Store
    now: Callable[[], datetime]

    @classmethod
    def of(cls, node: Node) -> Self:
        """That of a node."""
        return cls(node.me, node.store, node.now)

    def kvnr_of(self, header: PatientHeader, local: LocalPatientId) -> Kvnr | Doubted:
        """Whose record it is; a doubt waits from now on for a person. Raises `StateUnavailable`."""
        number = _as_one(local)
        with self.store.work(self.me) as work:
            found = whose(work, header, number)
            if isinstance(found, Kvnr):
                work.patients.settled(number, header)
            elif found is not Doubt.NOBODY:
                _ask(work, Question(uuid4(), number, header, found, self.now()))
        return Doubted(found.value) if isinstance(found, Doubt) else found

    def look(self, header: PatientHeader, local: LocalPatientId) -> Kvnr | Doubt:
        """As `kvnr_of`, without a trace: nobody is asked."""
        with self.store.work(self.me) as work:
            return whose(work, header, _as_one(local))

    def tell(self, entry: Entry) -> None:
        """A source says who a local patient is."""
        self.tell_all([entry])

    def tell_all(self, entries: Sequence[Entry]) -> None:
        """In one transaction. Whoever is named stands at the counter, perhaps with the card: records are told again."""
        with self.store.work(self.me) as work:
            for entry in entries:
                keep(work, entry, at=self.now())
            _tell_records(work, entries)

    def merge(self, gone: LocalPatientId, into: Entry) -> None:
        """A source says that two numbers are one patient (HL7 A40): `into` survives.

        What was published of the other is looked at once more. Said twice, it does no harm.
        """
        with self.store.work(self.me) as work:
            survivor = keep(work, into, at=self.now())
            _tell_records(work, [into])
            _merge(work, _ghost(work, gone, into.source, at=self.now()), survivor, at=self.now())

    def waiting(self) -> Sequence[tuple[Question, Sequence[Entry]]]:
        """The questions that wait, each with what is known of its number."""
        with self.store.work(self.me) as work:
            asked = work.patients.questions()
            return [(it, [known.entry for known in work.patients.meant_by(it.local)]) for it in asked]

    def decide(self, question: UUID, kvnr: Kvnr | None, *, user: str) -> None:
        """A person's answer: this KVNR, or None: nobody's. Raises `UnknownPatient` where it does not wait any more."""
        with self.store.work(self.me) as work:
            asked = work.patients.question(question)
            if not work.patients.answer(question, kvnr, self.now()):
                raise UnknownPatient("it does not wait any more")
            work.watched.suspect(asked.local, self.now())
            if kvnr:
                publish.queue_untold(work, kvnr)
            answer = "kvnr" if kvnr else "nobody"
            work.audit(Action.PATIENT_DECIDED, question=str(question), answer=answer, user=user)
            work.emit(Action.PATIENT_DECIDED.value, question=str(question), answer=answer)

    def assign(self, local: LocalPatientId, kvnr: Kvnr, *, user: str) -> None:
        """A person says whose number it is: from now on no message says otherwise."""
        self._assign(Entry(local, Source.PERSON, kvnr), user)

    def assign_by_card(self, local: LocalPatientId, card: InsuredCard, *, user: str) -> None:
        """The eGK that is in the reader now is this local patient's. Raises `CardUnavailable`.

        Reading it opens the record to this institution, so what waits for that is queued: links that a record has not
        been told of, and studies of this patient that wait to be published.
        """
        self._assign_insured(local, card.insured(), user)

    def admit(self, card: InsuredCard, local: LocalPatientId | None, *, user: str) -> datetime:
        """The patient is here and has shown the eGK: the record opens to this institution, until the moment returned.

        What waits for that is queued, and a local number is assigned on the way where one is named. Raises what the
        card raises.
        """
        insured, until = card.open_record()
        with self.store.work(self.me) as work:
            publish.queue_untold(work, insured.kvnr)
            work.audit(Action.RECORD_OPENED, until=until.isoformat(), user=user)
        if local:
            self._assign_insured(local, insured, user)
        return until

    def _assign_insured(self, local: LocalPatientId, insured: Insured, user: str) -> None:
        said = Entry(local, Source.EGK, insured.kvnr, insured.family, insured.given, insured.birth_date, insured.sex)
        self._assign(said, user)
        with self.store.work(self.me) as work:
            work.watched.suspect(local, self.now())

    def _assign(self, entry: Entry, user: str) -> None:
        with self.store.work(self.me) as work:
            known = keep(work, entry, at=self.now())
            _tell_records(work, [entry])
            work.audit(Action.PATIENT_ASSIGNED, patient=str(known.patient), source=entry.source.value, user=user)

    def object(self, kvnr: Kvnr, study: StudyUid | None, *, user: str) -> None:
        """The patient objects to a study, or to all, being published: what is published of it is withdrawn."""
        with self.store.work(self.me) as work:
            work.patients.object(Objection(kvnr, study, self.now()))
            work.audit(Action.OBJECTION_MADE, study=study or "", user=user)
            work.emit(Action.OBJECTION_MADE.value, study=study or "")
            for published in work.links.of_insured(kvnr):
                if study in (None, published.link.manifest.study):
                    _end(work, published, at=self.now())

    def withdraw_objection(self, kvnr: Kvnr, study: StudyUid | None, *, user: str) -> bool:
        """The patient objects no longer; False where there was no such objection."""
        with self.store.work(self.me) as work:
            if there := work.patients.withdraw_objection(kvnr, study):
                work.audit(Action.OBJECTION_WITHDRAWN, study=study or "", user=user)
                work.emit(Action.OBJECTION_WITHDRAWN.value, study=study or "")
        return there


def whose(work: UnitOfWork, header: PatientHeader, local: LocalPatientId) -> Kvnr | Doubt:
    """Whose record an image belongs to: as a person has said, or as the index and the header agree."""
    if answered := work.patients.answered(local, header):
        return answered.kvnr or Doubt.NOBODY
    known = work.patients.meant_by(local)
    sharing = [
        other
        for kvnr in {it.entry.kvnr for it in known if it.entry.kvnr}
        for other in work.patients.sharing(kvnr, [it.patient for it in known])
    ]
    return settle(header, [it.entry for it in known], sharing)


def _tell_records(work: UnitOfWork, entries: Sequence[Entry]) -> None:
    """What waits for the records of these patients is queued once more; what is still refused goes on waiting."""
    if named := {entry.kvnr for entry in entries if entry.kvnr}:
        publish.queue_untold(work, *named)


def _as_one(local: LocalPatientId) -> LocalPatientId:
    return LocalPatientId(local.value.strip(), issuer_of(local.issuer))


def _ask(work: UnitOfWork, question: Question) -> None:
    if work.patients.ask(question):
        work.audit(Action.PATIENT_DOUBTED, question=str(question.question), doubt=question.doubt.value)
        work.emit(Action.PATIENT_DOUBTED.value, question=str(question.question), doubt=question.doubt.value)


def keep(work: UnitOfWork, entry: Entry, *, at: datetime) -> Known:
    """Add what a source says to what was known of the number."""
    before = work.patients.find(entry.local)
    now = told(before.entry if before else None, entry)
    if before and before.entry == now:
        return before
    _look_again(work, before.entry if before and before.entry.kvnr != now.kvnr else replace(now, kvnr=None), at=at)
    return work.patients.put(now, at)


def _ghost(work: UnitOfWork, gone: LocalPatientId, source: Source, *, at: datetime) -> Known:
    """Also of a number that nobody has named: images under it may come later."""
    return work.patients.find(gone) or work.patients.put(Entry(gone, source), at)


def _merge(work: UnitOfWork, gone: Known, into: Known, *, at: datetime) -> None:
    if gone.patient == into.patient or (gone.into == into.patient and into.into is None):
        return
    kvnr = into.entry.kvnr or gone.entry.kvnr
    work.patients.put(replace(into.entry, kvnr=kvnr), at)
    work.patients.merge(gone.patient, into.patient)
    both = {"gone": str(gone.patient), "into": str(into.patient)}
    work.audit(Action.PATIENT_MERGED, **both)
    work.emit(Action.PATIENT_MERGED.value, **both)
    for known in (gone, into):
        _look_again(work, known.entry, at=at)


def _look_again(work: UnitOfWork, before: Entry, *, at: datetime) -> None:
    """What stands in a record under this number, and perhaps in the wrong one, is looked at once more.

    A link that nobody watches is watched from now on. Where a person had named the KVNR that was known then, the
    number's new one counts.
    """
    for published in work.links.of_insured(before.kvnr) if before.kvnr else ():
        if published.link.patient.local_id == before.local.value:
            _watch(work, published, before, at=at)
    work.watched.suspect(before.local, at)


def _watch(work: UnitOfWork, published: Published, before: Entry, *, at: datetime) -> None:
    link = published.link
    known = work.watched.of_link(link.link)
    if known is None:
        new = Watched(published.pacs, link.manifest.study, Watching.PERSON, at, before.local, link=link.link, due=at)
        work.watched.notice(replace(new, published=fingerprint(link.manifest.uids), kvnr=published.kvnr))
    elif known.asserted == before.kvnr:
        work.watched.change(known, replace(known, asserted=None))


def _end(work: UnitOfWork, published: Published, *, at: datetime) -> None:
    """The patient objects: the link ends now, and its study waits for as long as that lasts."""
    link = published.link
    publish.end(work, link.link, link.manifest.study)
    publish.unlink(work, link.link, Wait.RELEASE, detail=OBJECTION, due=at + DOUBT_PAUSE)


def take_files(index: Index, folder: PatientFolder) -> int:
    """Read what a practice system has left in the folder; how many patients that were.

    A file is removed when what it says is kept. Raises `StateUnavailable`; its file stays then.
    """
    return sum(_take(index, folder, file) for file in folder.ready())


def _take(index: Index, folder: PatientFolder, file: Path) -> int:
    """What cannot be read is put aside; what cannot be reached now is tried again."""
    try:
        entries = list(patients_of(folder.read(file)))
    except OSError as later:
        _log.warning("a file of the practice system cannot be reached", error=type(later).__name__)
        return 0
    except (MessageFault, ValueError) as wrong:
        _log.error("a file of the practice system cannot be read", aside=folder.put_aside(file), why=str(wrong))
        return 0
    for begin in range(0, len(entries), _AT_ONCE):
        index.tell_all(entries[begin : begin + _AT_ONCE])
    folder.done(file)
    return len(entries)
