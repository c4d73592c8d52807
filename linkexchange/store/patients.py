"""Who local patients are, what a person must settle, and who objects."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Column, ColumnElement, Connection, Row, Table, and_, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from linkexchange.errors import UnknownPatient
from linkexchange.model.identifiers import Kvnr, StudyUid, TelematikId
from linkexchange.model.index import Doubt, Entry, Known, Objection, Question, Source, likeness
from linkexchange.model.patient import LocalPatientId, PatientHeader
from linkexchange.model.release import ReleaseRule
from linkexchange.store.tables import objections, patients, release_rules
from linkexchange.store.tables import patient_questions as asked

_CHAIN_MAX = 100


class PatientRows:
    """`ports.Patients` over one transaction."""

    def __init__(self, connection: Connection, participant: TelematikId) -> None:
        self._connection = connection
        self._me = participant

    # --- entries

    def get(self, patient: UUID) -> Known:
        """Read one."""
        return known_of(self._row(patient))

    def find(self, local: LocalPatientId) -> Known | None:
        """Of exactly this number."""
        row = self._connection.execute(select(patients).where(*_exactly(patients, local))).one_or_none()
        return known_of(row) if row else None

    def meant_by(self, local: LocalPatientId) -> Sequence[Known]:
        """Each once, though two numbers may lead to it."""
        if not local.value:
            return []
        theirs = select(patients).where(may_mean(patients.c.local_id, patients.c.issuer, local))
        rows = self._connection.execute(theirs.order_by(patients.c.patient))
        survivors = [self._survivor(row) for row in rows.all()]
        return list({row.patient: known_of(row) for row in survivors}.values())

    def sharing(self, kvnr: Kvnr, besides: Collection[UUID]) -> Sequence[Entry]:
        """Those that were merged are somebody's past."""
        others = patients.c.kvnr == kvnr, patients.c.merged_into.is_(None), patients.c.patient.not_in(besides)
        return [known_of(row).entry for row in self._connection.execute(select(patients).where(*others))]

    def put(self, entry: Entry, at: datetime) -> Known:
        """Write or overwrite."""
        before = self.find(entry.local)
        if before and before.entry.kvnr != entry.kvnr:
            self._forget_answers(entry.local)
        values = _values(entry) | {"participant": self._me, "patient": uuid4(), "told": at}
        row = insert(patients).values(values)
        newest = {name: row.excluded[name] for name in values if name not in {"participant", "patient"}}
        key = ["participant", "local_id", "issuer"]
        written = row.on_conflict_do_update(index_elements=key, set_=newest).returning(patients)
        return known_of(self._connection.execute(written).one())

    def merge(self, gone: UUID, into: UUID) -> None:
        """Whoever survives leads to nobody: so no chain ever comes back to where it began."""
        if gone == into:
            return
        lead = update(patients).where(patients.c.patient == into).values(merged_into=None)
        follow = update(patients).where(patients.c.patient == gone).values(merged_into=into)
        for statement in (lead, follow):
            self._connection.execute(statement)
        for patient in (gone, into):
            self._forget_answers(self.get(patient).entry.local)

    def _row(self, patient: UUID) -> Row[Any]:
        row = self._connection.execute(select(patients).where(patients.c.patient == patient)).one_or_none()
        if row is None:
            raise UnknownPatient
        return row

    def _survivor(self, row: Row[Any]) -> Row[Any]:
        for _ in range(_CHAIN_MAX):
            if row.merged_into is None:
                break
            row = self._row(row.merged_into)
        return row

    def _forget_answers(self, local: LocalPatientId) -> None:
        given = may_mean(asked.c.local_id, asked.c.issuer, local), asked.c.answered.is_not(None)
        self._connection.execute(delete(asked).where(*given))

    # --- questions

    def ask(self, question: Question) -> bool:
        """The doubt may have changed since; an answer stays."""
        values = _question_values(question) | {"participant": self._me, "question": question.question}
        row = insert(asked).values(values | {"asked": question.asked})
        new = row.on_conflict_do_nothing().returning(asked.c.question)
        if self._connection.execute(new).one_or_none():
            return True
        waits = *_same_header(question.local, question.header), asked.c.answered.is_(None)
        self._connection.execute(update(asked).where(*waits).values(doubt=question.doubt.value))
        return False

    def question(self, question: UUID) -> Question:
        """Read one."""
        row = self._connection.execute(select(asked).where(asked.c.question == question)).one_or_none()
        if row is None:
            raise UnknownPatient
        return _question(row)

    def questions(self) -> Sequence[Question]:
        """The oldest first."""
        waiting = select(asked).where(asked.c.answered.is_(None)).order_by(asked.c.asked, asked.c.question)
        return [_question(row) for row in self._connection.execute(waiting)]

    def answer(self, question: UUID, kvnr: Kvnr | None, at: datetime) -> bool:
        """Once."""
        waits = asked.c.question == question, asked.c.answered.is_(None)
        return self._connection.execute(update(asked).where(*waits).values(answered=at, kvnr=kvnr)).rowcount > 0

    def answered(self, local: LocalPatientId, header: PatientHeader) -> Question | None:
        """What a person has said."""
        given = *_same_header(local, header), asked.c.answered.is_not(None)
        row = self._connection.execute(select(asked).where(*given)).one_or_none()
        return _question(row) if row else None

    def settled(self, local: LocalPatientId, header: PatientHeader) -> None:
        """Nobody needs to say anything any more."""
        waits = *_same_header(local, header), asked.c.answered.is_(None)
        self._connection.execute(delete(asked).where(*waits))

    # --- objections

    def object(self, objection: Objection) -> None:
        """Once."""
        row = {"kvnr": objection.kvnr, "study": objection.study or "", "since": objection.since}
        self._connection.execute(insert(objections).values(participant=self._me, **row).on_conflict_do_nothing())

    def withdraw_objection(self, kvnr: Kvnr, study: StudyUid | None) -> bool:
        """That very one."""
        one = objections.c.kvnr == kvnr, objections.c.study == (study or "")
        return self._connection.execute(delete(objections).where(*one)).rowcount > 0

    def objects(self, kvnr: Kvnr, study: StudyUid) -> bool:
        """To this one or to all."""
        any_of = select(objections.c.kvnr).where(objections.c.kvnr == kvnr, objections.c.study.in_(["", study]))
        return self._connection.execute(any_of.limit(1)).one_or_none() is not None


class RuleRows:
    """`ports.RuleRows` over one transaction."""

    def __init__(self, connection: Connection, participant: TelematikId) -> None:
        self._connection = connection
        self._me = participant

    def all(self) -> Sequence[ReleaseRule]:
        """In their order."""
        rows = self._connection.execute(select(release_rules.c.rule).order_by(release_rules.c.position)).scalars()
        return [ReleaseRule.from_row(row) for row in rows]

    def replace(self, rules: Sequence[ReleaseRule]) -> None:
        """All of them in one transaction."""
        self._connection.execute(delete(release_rules))
        rows = [
            {"participant": self._me, "position": number, "rule": rule.to_row()} for number, rule in enumerate(rules)
        ]
        if rows:
            self._connection.execute(insert(release_rules), rows)


def _exactly(table: Table, local: LocalPatientId) -> tuple[ColumnElement[bool], ...]:
    return table.c.local_id == local.value, table.c.issuer == local.issuer


def may_mean(number: Column[str], issuer: Column[str], local: LocalPatientId) -> ColumnElement[bool]:
    """Whether a row may be about this patient: where one side names no issuer, the number counts."""
    same_number = number == local.value
    return and_(same_number, issuer.in_(["", local.issuer])) if local.issuer else same_number


def _same_header(local: LocalPatientId, header: PatientHeader) -> tuple[ColumnElement[bool], ...]:
    return *_exactly(asked, local), asked.c.likeness == likeness(header)


def _values(entry: Entry) -> dict[str, object]:
    return {
        "issuer": entry.local.issuer,
        "local_id": entry.local.value,
        "source": entry.source.value,
        "kvnr": entry.kvnr,
        "family": entry.family,
        "given": entry.given,
        "birth_date": entry.birth_date,
        "sex": entry.sex,
    }


def known_of(row: Row[Any]) -> Known:
    """An entry of the index, as its row has it."""
    entry = Entry(
        local=LocalPatientId(row.local_id, row.issuer),
        source=Source(row.source),
        kvnr=Kvnr(row.kvnr) if row.kvnr else None,
        family=row.family,
        given=row.given,
        birth_date=row.birth_date,
        sex=row.sex,
    )
    return Known(row.patient, entry, row.merged_into)


def _question_values(question: Question) -> dict[str, object]:
    header = question.header
    return {
        "issuer": question.local.issuer,
        "local_id": question.local.value,
        "likeness": likeness(header),
        "header": {
            "name": header.name,
            "birth_date": header.birth_date and header.birth_date.isoformat(),
            "sex": header.sex,
            "kvnr": header.kvnr,
        },
        "doubt": question.doubt.value,
    }


def _question(row: Row[Any]) -> Question:
    said = row.header
    born = date.fromisoformat(said["birth_date"]) if said["birth_date"] else None
    return Question(
        question=row.question,
        local=LocalPatientId(row.local_id, row.issuer),
        header=PatientHeader(row.local_id, row.issuer, said["kvnr"], said["name"], born, said["sex"]),
        doubt=Doubt(row.doubt),
        asked=row.asked,
        answered=row.answered,
        kvnr=Kvnr(row.kvnr) if row.kvnr else None,
    )
