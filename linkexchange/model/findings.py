"""What a probe found out about one PACS, with its evidence, and what has changed since the last one.

Wire format: the JSON of `Findings.to_json`, described in docs/reference/passport.md. New keys and checks may be added,
and older readers pass over them; a key never changes its meaning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from linkexchange.model.identifiers import AeTitle, SopClassUid, StudyUid, TransferSyntaxUid

VERSION = 1


class Check(StrEnum):
    """Everything that is looked at."""

    ECHO = "c-echo"
    PDU = "pdu"
    STUDY_FIND = "c-find-study"
    PATIENT_FIND = "c-find-patient"
    CANCEL = "cancel"
    IMAGE_FIND = "c-find-image"
    SOP_CLASSES = "sop-classes"
    COUNTS = "counts"
    CHARSET = "character-set"
    GET = "c-get"
    MOVE = "c-move"
    MOVE_DESTINATION = "move-destination"
    STORE = "c-store"
    COMMITMENT = "storage-commitment"
    ASSOCIATIONS = "associations"
    TEST_OBJECT = "test-object"
    QIDO = "qido-rs"
    WADO = "wado-rs"


class Answer(StrEnum):
    """How a check ended."""

    YES = "yes"
    NO = "no"
    OPEN = "open"
    """It could not be found out, for instance because there is no study to look at."""
    UNANSWERED = "not answered"
    """The PACS gave no answer, or broke off."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check. `evidence` is what was seen: statuses, counts and names of formats, never patient data."""

    check: Check
    answer: Answer
    evidence: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """Under which transfer syntaxes a PACS takes a class."""

    sop_class: SopClassUid
    syntaxes: tuple[TransferSyntaxUid, ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """What a probe may do: look at this study instead of the first one found, store a test object."""

    study: StudyUid | None = None
    store: bool = False


@dataclass(frozen=True, slots=True)
class Findings:
    """All that one probe found out.

    `max_associations` is how many could be held open at once, None where none could. `max_pdu_bytes` is what the PACS
    takes in one PDU, 0 where it sets no limit. `character_set` is the one in which it answered. `study` is the one that
    was looked at.
    """

    pacs: str
    calling_ae: AeTitle
    checks: tuple[Finding, ...]
    accepted: tuple[Accepted, ...] = ()
    max_associations: int | None = None
    max_pdu_bytes: int | None = None
    character_set: str = ""
    study: StudyUid | None = None

    def finding(self, check: Check) -> Finding | None:
        """One check, None where it was not made."""
        return next((it for it in self.checks if it.check is check), None)

    def says(self, check: Check, *answers: Answer) -> bool:
        """Whether a check was made and ended so; without answers: with yes."""
        found = self.finding(check)
        return found is not None and found.answer in (answers or (Answer.YES,))

    @property
    def syntaxes(self) -> tuple[TransferSyntaxUid, ...]:
        """The transfer syntaxes that the PACS takes for some class."""
        return tuple(dict.fromkeys(syntax for it in self.accepted for syntax in it.syntaxes))

    def to_json(self) -> dict[str, Any]:
        """As it is stored and shown."""
        return {
            "version": VERSION,
            "pacs": self.pacs,
            "calling_ae": str(self.calling_ae),
            "checks": [
                {"check": it.check.value, "answer": it.answer.value, "evidence": it.evidence} for it in self.checks
            ],
            "accepted": {str(it.sop_class): [str(uid) for uid in it.syntaxes] for it in self.accepted},
            "max_associations": self.max_associations,
            "max_pdu_bytes": self.max_pdu_bytes,
            "character_set": self.character_set,
            "study": self.study and str(self.study),
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Self:
        """Read it back; raises ValueError or KeyError where a value is wrong, missing or of another version."""
        if row["version"] != VERSION:
            raise ValueError("not a version of findings that is known here")
        return cls(
            pacs=row["pacs"],
            calling_ae=AeTitle(row["calling_ae"]),
            checks=tuple(_finding(it) for it in row["checks"] if it["check"] in set(Check)),
            accepted=tuple(_accepted(*pair) for pair in row["accepted"].items()),
            max_associations=row["max_associations"],
            max_pdu_bytes=row["max_pdu_bytes"],
            character_set=row["character_set"],
            study=row["study"] and StudyUid(row["study"]),
        )


def _finding(row: Mapping[str, str]) -> Finding:
    return Finding(Check(row["check"]), Answer(row["answer"]), row["evidence"])


def _accepted(sop_class: str, syntaxes: list[str]) -> Accepted:
    return Accepted(SopClassUid(sop_class), tuple(map(TransferSyntaxUid, syntaxes)))


def differences(old: Findings, new: Findings) -> list[str]:
    """What has changed, in sentences. What only one of both has looked at is no change."""
    return [*_answers(old, new), *_syntaxes(old, new), *_values(old, new)]


def _answers(old: Findings, new: Findings) -> Iterator[str]:
    for now in new.checks:
        before = old.finding(now.check)
        if before and before.answer is not now.answer:
            yield f"{now.check}: {before.answer} before, {now.answer} now ({now.evidence})"


def _syntaxes(old: Findings, new: Findings) -> Iterator[str]:
    """Syntax by syntax, since a change of configuration concerns many classes alike."""
    if not (old.says(Check.STORE) and new.says(Check.STORE)):
        return
    for syntax in dict.fromkeys((*old.syntaxes, *new.syntaxes)):
        before, now = ({it.sop_class for it in found.accepted if syntax in it.syntaxes} for found in (old, new))
        if lost := len(before - now):
            yield f"transfer syntax {syntax}: no longer taken for {lost} SOP classes"
        if gained := len(now - before):
            yield f"transfer syntax {syntax}: now taken for {gained} more SOP classes"


def _values(old: Findings, new: Findings) -> Iterator[str]:
    values = (
        ("associations at once", old.max_associations, new.max_associations),
        ("bytes in a PDU", old.max_pdu_bytes, new.max_pdu_bytes),
        ("character set", old.character_set or None, new.character_set or None),
    )
    for name, before, now in values:
        if before is not None and now is not None and before != now:
            yield f"{name}: {before} before, {now} now"
