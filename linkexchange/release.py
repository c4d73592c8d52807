"""Which studies this institution publishes: its rules, the patient's objection, and a dry run that explains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from linkexchange import patients, publish
from linkexchange.model import release
from linkexchange.model.audit import Action
from linkexchange.model.identifiers import Kvnr, StudyUid, TelematikId
from linkexchange.model.index import Doubt
from linkexchange.model.release import Facts, Opinion, ReleaseRule
from linkexchange.ports import Candidate, Judgement, Node, Store


@dataclass(frozen=True, slots=True)
class Rules:
    """The release rules of a participant, over their rows: `ports.ReleaseRules`."""

    me: TelematikId
    store: Store

    def judge(self, candidate: Candidate, at: datetime) -> Judgement:
        """The first that says no, and when it ends. Raises `StateUnavailable`."""
        rules, facts = self._look(candidate)
        no = release.withheld(rules, facts, at)
        return Judgement(False, no.rule, no.until) if no else Judgement(True, "")

    def explain(self, candidate: Candidate, at: datetime) -> Sequence[Opinion]:
        """What every rule says; nothing is published and nothing is written."""
        rules, facts = self._look(candidate)
        return release.explain(rules, facts, at)

    def all(self) -> Sequence[ReleaseRule]:
        """In their order."""
        with self.store.work(self.me) as work:
            return work.rules.all()

    def replace(self, rules: Sequence[ReleaseRule], *, user: str) -> None:
        """Put these in the place of those that were there."""
        with self.store.work(self.me) as work:
            work.rules.replace(rules)
            work.audit(Action.RULES_CHANGED, rules=len(rules), names=" ".join(it.name for it in rules), user=user)
            work.emit(Action.RULES_CHANGED.value, rules=len(rules))

    def _look(self, candidate: Candidate) -> tuple[Sequence[ReleaseRule], Facts]:
        with self.store.work(self.me) as work:
            objects = work.patients.objects(candidate.kvnr, candidate.study.manifest.study)
            return work.rules.all(), facts_of(candidate, objects=objects)


def facts_of(candidate: Candidate, *, objects: bool) -> Facts:
    """What rules look at."""
    return Facts(
        modalities=frozenset(series.modality for series in candidate.study.manifest.series),
        birth_date=candidate.header.birth_date,
        department=candidate.department,
        confidentiality=candidate.confidentiality,
        started=candidate.study.started,
        objects=objects,
    )


@dataclass(frozen=True, slots=True)
class Explained:
    """A dry run: what every rule says, or why nobody can say whose record it is. `opinions` are empty then."""

    opinions: Sequence[Opinion] = ()
    doubt: Doubt | None = None

    @property
    def withheld(self) -> Opinion | None:
        """The first that says no."""
        return next((it for it in self.opinions if it.withholds), None)

    @property
    def sentence(self) -> str:
        """What would become of the study now."""
        if self.doubt:
            return f"waits for a person: {self.doubt}"
        return f"withheld by {self.withheld.rule}" if self.withheld else "would be published"


def explain(node: Node, study: StudyUid, *, pacs: str, kvnr: Kvnr | None = None) -> Explained:
    """What would become of a study, and why; without `kvnr` as the patient index says. Writes nothing.

    Raises `UnknownPacs`, `UnknownStudy` or `PacsUnavailable`.
    """
    found = publish.find(node, study, pacs=pacs)
    answer = kvnr or patients.Index.of(node).look(found.header, found.local)
    if isinstance(answer, Doubt):
        return Explained(doubt=answer)
    asked = candidate(found, answer, pacs=pacs)
    return Explained(Rules(node.me, node.store).explain(asked, node.now()))


def candidate(found: publish.Found, kvnr: Kvnr, *, pacs: str) -> Candidate:
    """What is judged of a study that was found."""
    labels = found.labels
    return Candidate(found.summary, found.header, kvnr, pacs, labels.department, labels.confidentiality)
