"""The rows of the patient index, and those of the release rules."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from linkexchange.model.identifiers import Kvnr, StudyUid
from linkexchange.model.index import Entry, Known, Objection, Question
from linkexchange.model.patient import LocalPatientId, PatientHeader
from linkexchange.model.release import ReleaseRule


class Patients(Protocol):
    """Who the local patients of this participant are, and what a person must settle."""

    def get(self, patient: UUID) -> Known:
        """Read one. Raises `UnknownPatient`."""
        ...

    def find(self, local: LocalPatientId) -> Known | None:
        """The entry of exactly this number and issuer, whether or not it was merged."""
        ...

    def meant_by(self, local: LocalPatientId) -> Sequence[Known]:
        """Whom a number may mean: where one side names no issuer the number counts, and who was merged has gone on."""
        ...

    def sharing(self, kvnr: Kvnr, besides: Collection[UUID]) -> Sequence[Entry]:
        """Other entries with this KVNR that were not merged."""
        ...

    def put(self, entry: Entry, at: datetime) -> Known:
        """Write or overwrite; an answer that relied on another KVNR is forgotten."""
        ...

    def merge(self, gone: UUID, into: UUID) -> None:
        """From now on one leads to the other, which leads to nobody; answers for both are forgotten."""
        ...

    def ask(self, question: Question) -> bool:
        """Let a question wait; False where it waits already, which then has the newest doubt."""
        ...

    def question(self, question: UUID) -> Question:
        """Read one. Raises `UnknownPatient`."""
        ...

    def questions(self) -> Sequence[Question]:
        """Those that wait, the oldest first."""
        ...

    def answer(self, question: UUID, kvnr: Kvnr | None, at: datetime) -> bool:
        """Note a person's answer, None: nobody's. False where it does not wait any more."""
        ...

    def answered(self, local: LocalPatientId, header: PatientHeader) -> Question | None:
        """The question that a person has answered for this number with this header."""
        ...

    def settled(self, local: LocalPatientId, header: PatientHeader) -> None:
        """A question that waits has answered itself."""
        ...

    def object(self, objection: Objection) -> None:
        """Keep an objection. Safe to repeat."""
        ...

    def withdraw_objection(self, kvnr: Kvnr, study: StudyUid | None) -> bool:
        """End an objection; False where there is none."""
        ...

    def objects(self, kvnr: Kvnr, study: StudyUid) -> bool:
        """Whether the patient objects to this study, or to all."""
        ...


class RuleRows(Protocol):
    """The release rules of this participant, in their order."""

    def all(self) -> Sequence[ReleaseRule]:
        """Read them."""
        ...

    def replace(self, rules: Sequence[ReleaseRule]) -> None:
        """Put these in the place of all that were there."""
        ...
