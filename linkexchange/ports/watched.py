"""Studies that are watched, and how a PACS is asked which ones it has."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from linkexchange.model.identifiers import LinkId, StudyUid
from linkexchange.model.patient import LocalPatientId
from linkexchange.model.watched import Wait, Watched


@dataclass(frozen=True, slots=True)
class Sighting:
    """A study in the list of a PACS. `counted` is Number of Study Related Instances, which many PACS get wrong."""

    study: StudyUid
    local: LocalPatientId
    counted: int | None = None


@dataclass(frozen=True, slots=True)
class StudyQuery:
    """Which studies are asked for: those of some days, the last one included, or those of an accession number.

    `patient` is a Patient ID (0010,0020).
    """

    first: date | None = None
    last: date | None = None
    accession: str = ""
    patient: str = ""

    @property
    def dates(self) -> str:
        """As DICOM writes a range of days (PS3.4 section C.2.2.2.5); empty where no days are asked for."""
        return f"{self.first:%Y%m%d}-{self.last:%Y%m%d}" if self.first and self.last else ""


class WatchList(Protocol):
    """The watched studies of this participant."""

    def notice(self, new: Watched) -> bool:
        """Watch a study; False where it is watched already, and nothing is changed."""
        ...

    def get(self, pacs: str, study: StudyUid) -> Watched:
        """Read one. Raises `UnknownStudy`."""
        ...

    def change(self, before: Watched, after: Watched) -> bool:
        """Write one, if nobody has written it since `before` was read; False where somebody has."""
        ...

    def hasten(self, pacs: str, study: StudyUid, at: datetime) -> None:
        """Let it be looked at now."""
        ...

    def suspect(self, local: LocalPatientId, at: datetime) -> int:
        """Let all studies of a local patient be looked at now, since it may be somebody else; how many those are.

        Without an issuer those of all issuers are meant, and those that were noticed without one are always meant.
        """
        ...

    def sight(self, pacs: str, sightings: Collection[Sighting], at: datetime) -> int:
        """Compare a list of the PACS with what is watched; how many are to be looked at now for it.

        Those that stood in the list before and do not now, or the other way round, and those whose number of images or
        patient has changed.
        """
        ...

    def due(self, at: datetime, limit: int) -> Sequence[Watched]:
        """Those that are to be looked at, the longest due first."""
        ...

    def of_link(self, link: LinkId) -> Watched | None:
        """The one that a link is of."""
        ...

    def admitted(self, since: datetime) -> int:
        """How many of a back-fill have had their turn since then."""
        ...

    def admit(self, at: datetime, limit: int) -> int:
        """Give so many of a back-fill their turn, in the order in which they were found; how many there were."""
        ...

    def waiting(self, limit: int = 200) -> Sequence[Watched]:
        """Those that wait, for pages, the oldest first."""
        ...

    def counts(self) -> Mapping[Wait, int]:
        """How many wait for what."""
        ...
