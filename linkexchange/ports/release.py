"""Whose study it is, and whether it may be published: what is asked before a link is made by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from linkexchange.model.identifiers import Kvnr
from linkexchange.model.patient import LocalPatientId, PatientHeader
from linkexchange.model.study import StudySummary


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why nobody can say whose record a study belongs to: a code such as `unknown-patient`, never patient data."""

    reason: str


class PatientIndex(Protocol):
    """Which insured person a local patient is."""

    def kvnr_of(self, header: PatientHeader, local: LocalPatientId) -> Kvnr | Doubt:
        """The KVNR of the patient under a local Patient ID, where the image header does not speak against it.

        The same question may have another answer later: a message or a person has told more. Raises `Unavailable`
        where the index cannot be asked.
        """
        ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """A study that could be published. `department` is Institutional Department Name (0008,1040).

    `confidentiality` is Confidentiality Constraint on Patient Data Description (0040,3001). Empty where the image says
    nothing.
    """

    study: StudySummary
    header: PatientHeader
    kvnr: Kvnr
    pacs: str
    department: str = ""
    confidentiality: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether a study may be published, and the name of the rule that says so.

    `until` is the end of an embargo: then it is judged again. None where no day changes the answer.
    """

    released: bool
    rule: str
    until: datetime | None = None


class ReleaseRules(Protocol):
    """Which studies this institution publishes."""

    def judge(self, candidate: Candidate, at: datetime) -> Judgement:
        """Say whether the study may be published at this time. Raises `Unavailable` where the rules cannot be read."""
        ...
