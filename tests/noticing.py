"""The hospital of a world, with a PACS of many studies, a patient index and release rules: studies publish themselves.

ward = Ward(world)
ward.shelf.put("1.2.3", 1, 2)
ward.round()                  # the worker goes round once, and every job that is due is run
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Generator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import text
from world import CT, EXPLICIT, HOSPITAL, KVNR, World, data_set, in_chunks

from linkexchange import notice, publish, record
from linkexchange.errors import Fault, PacsUnavailable, UnknownStudy
from linkexchange.model.identifiers import Kvnr, LinkId, SeriesUid, SopInstanceUid, StudyUid
from linkexchange.model.patient import LocalPatientId, PatientHeader
from linkexchange.model.study import Instance, Manifest, Series, StudySummary
from linkexchange.model.watched import Plan, Watched
from linkexchange.ports import Brake, Candidate, Doubt, IncomingInstance, Judgement, Node, Sighting, StudyQuery

QUIET = timedelta(minutes=10)
LOCAL = LocalPatientId("4711")


@dataclass
class Shelf:
    """A PACS in memory: studies as numbers of their instances. `owner` is the Patient ID that it says.

    `asked` counts questions; `meanwhile` is called while it answers one.
    """

    studies: dict[StudyUid, set[int]] = field(default_factory=lambda: defaultdict(set))
    owner: str = LOCAL.value
    changes: dict[str, str] = field(default_factory=dict)
    down: bool = False
    asked: int = 0
    meanwhile: Callable[[], object] = lambda: None

    def put(self, study: StudyUid, *numbers: int) -> None:
        self.studies[study] |= set(numbers)

    def sightings(self, query: StudyQuery) -> Sequence[Sighting]:
        self._answer()
        return [Sighting(study, LocalPatientId(self.owner), len(them)) for study, them in self.studies.items()]

    def held(self, study: StudyUid, *, brake: Brake | None = None) -> frozenset[SopInstanceUid] | None:
        self._answer()
        return frozenset(_uid(study, number) for number in self.studies.get(study, ()))

    def summary(self, study: StudyUid) -> tuple[StudySummary, PatientHeader]:
        self._answer()
        if not self.studies.get(study):
            raise UnknownStudy
        instances = tuple(Instance(_uid(study, number), CT, number) for number in sorted(self.studies[study]))
        series = Series(SeriesUid(f"{study}.1"), "CT", instances)
        return StudySummary(Manifest(study, (series,))), PatientHeader(patient_id=self.owner)

    def retrieve(
        self, manifest: Manifest, wanted: frozenset[SopInstanceUid], *, brake: Brake | None = None
    ) -> Generator[IncomingInstance, None, None]:
        for uid in wanted:
            named = {"StudyInstanceUID": manifest.study, "SOPInstanceUID": uid, **self.changes}
            yield IncomingInstance(CT, uid, EXPLICIT, in_chunks(data_set(1, **named)))

    def _answer(self) -> None:
        self.asked += 1
        self.meanwhile()
        if self.down:
            raise PacsUnavailable


@dataclass
class Index:
    """A patient index that gives one answer to all."""

    answer: Kvnr | Doubt = KVNR
    asked: list[LocalPatientId] = field(default_factory=list)

    def kvnr_of(self, header: PatientHeader, local: LocalPatientId) -> Kvnr | Doubt:
        self.asked.append(local)
        return self.answer


@dataclass
class Rules:
    """Release rules that give one answer to all."""

    answer: Judgement = field(default_factory=lambda: Judgement(True, "all"))

    def judge(self, candidate: Candidate, at: datetime) -> Judgement:
        return self.answer


class Ward:
    """A hospital whose worker is this test."""

    def __init__(self, world: World, **plan: object) -> None:
        self.world, self.shelf, self.index, self.rules = world, Shelf(), Index(), Rules()
        self.plan = replace(Plan(pacs=("hospital",), quiet=QUIET), **plan)
        self.node: Node = replace(
            world.hospital,
            plan=self.plan,
            index=self.index,
            rules=self.rules,
            archive=lambda _: self.shelf,
            destination=lambda _: self.shelf,
            sightings=lambda _, query: self.shelf.sightings(query),
        )
        self.tasks: dict[str, Callable[..., object]] = {
            notice.POLL_JOB: lambda pacs: notice.poll(self.node, pacs),
            notice.LOOK_JOB: lambda pacs, study: notice.look(self.node, pacs, StudyUid(study)),
            notice.FIND_JOB: lambda pacs, accession: notice.find_studies(self.node, pacs, accession),
            publish.ANNOUNCE_JOB: lambda link: publish.announce(self.node, LinkId(link)),
            record.WITHDRAW_JOB: lambda link: publish.carry_withdrawal(self.node, LinkId(link)),
            record.CLOSE_JOB: lambda link: record.close(self.node, LinkId(link)),
        }

    def round(self, **later: float) -> None:
        """Go round once, so much later, and run what is queued; what fails stays in the queue."""
        if later:
            self.world.clock.advance(**later)  # type: ignore[attr-defined]
        notice.go_round(self.node)
        self.work()

    def work(self) -> None:
        """Run what is queued, in its order, until only what fails is left."""
        failed: set[int] = set()
        while job := self._next(failed):
            number, task, args = job
            try:
                self.tasks[task](**args)
            except Fault:
                failed.add(number)
            else:
                self._delete(number)

    def published(self) -> list[tuple[str, str]]:
        """What the record shows: title and insured person of each current document."""
        return sorted((title, owner) for owner, _, title in self.world.held.values())

    def watched(self, study: StudyUid) -> Watched:
        with self.node.store.work(HOSPITAL) as work:
            return work.watched.get("hospital", study)

    def _next(self, but: Collection[int]) -> tuple[int, str, dict[str, str]] | None:
        query = "SELECT id, task_name, args FROM procrastinate_jobs WHERE id <> ALL(:but) ORDER BY id LIMIT 1"
        with self.world.nodes.engine.connect() as connection:
            row = connection.execute(text(query), {"but": list(but)}).one_or_none()
        return tuple(row) if row else None  # type: ignore[return-value]

    def _delete(self, number: int) -> None:
        with self.world.nodes.engine.begin() as connection:
            connection.execute(text("DELETE FROM procrastinate_jobs WHERE id = :number"), {"number": number})


def _uid(study: StudyUid, number: int) -> SopInstanceUid:
    return SopInstanceUid(f"{study}.1.{number}")
