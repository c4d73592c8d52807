"""Who the patient of a request is here, and which studies are meant. The local index decides; nothing is written.

A PACS is asked for a number of the index only, never for a name: what a PACS lists under a name may be anybody's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from linkexchange import publish
from linkexchange.errors import Refused
from linkexchange.model.identifiers import Kvnr
from linkexchange.model.index import Known
from linkexchange.model.letting import Hold
from linkexchange.model.passport import Passport
from linkexchange.model.patient import LocalPatientId
from linkexchange.model.release_request import Sought, Wanted
from linkexchange.patients import Index
from linkexchange.ports import Node, Sighting, StudyQuery, UnitOfWork
from linkexchange.publish import Found

OPTIONS_MAX = 30
"""So many studies of a patient are looked into; a request that means more is too wide."""
_FIRST, _LAST = date(1900, 1, 1), date(9999, 12, 31)


@dataclass(frozen=True, slots=True)
class Match:
    """Who a patient is here. `hold` is why that is in doubt; `numbers` are then empty."""

    kvnr: Kvnr | None = None
    numbers: tuple[LocalPatientId, ...] = ()
    hold: Hold | None = None


@dataclass(frozen=True, slots=True)
class Option:
    """A study that may be meant. `sure`: it is the patient's, and nothing that is wanted is unknown of it."""

    found: Found
    pacs: str
    sure: bool

    @property
    def modalities(self) -> frozenset[str]:
        """Modality (0008,0060) of its series."""
        return frozenset(series.modality for series in self.found.summary.manifest.series)


def match(work: UnitOfWork, sought: Sought) -> Match:
    """Whom the index knows under what is said of a patient; in doubt, nobody."""
    known = work.requests.known(sought.kvnr, sought.birth_date)
    alike = [it for it in known if not sought.differences(it.entry)]
    return _by_kvnr(sought.kvnr, known, alike) if sought.kvnr else _by_name(sought, alike)


def _by_kvnr(kvnr: Kvnr, known: Sequence[Known], alike: Sequence[Known]) -> Match:
    if not known:
        return Match(hold=Hold.UNKNOWN_PATIENT)
    if len(alike) < len(known):
        return Match(hold=Hold.PATIENT_DIFFERS)
    return Match(kvnr, tuple(it.entry.local for it in alike))


def _by_name(sought: Sought, alike: Sequence[Known]) -> Match:
    """One person only: who shares name and birth date with another, or with a number without a KVNR, is in doubt."""
    same = [it for it in alike if sought.is_named(it.entry)]
    kvnrs = {it.entry.kvnr for it in same}
    if not same:
        return Match(hold=Hold.UNKNOWN_PATIENT)
    if len(kvnrs) > 1:
        return Match(hold=Hold.AMBIGUOUS_PATIENT)
    kvnr = kvnrs.pop()
    if kvnr is None:
        return Match(hold=Hold.NO_KVNR if len(same) == 1 else Hold.AMBIGUOUS_PATIENT)
    return Match(kvnr, tuple(it.entry.local for it in same))


def find(node: Node, sought: Sought, wanted: Wanted) -> tuple[Match, Sequence[Option]]:
    """Who the patient is, and which of their studies fit what is wanted, PACS by PACS.

    Raises `PacsUnavailable` where one of the PACS does not answer: without it nobody knows whether there is another.
    """
    with node.store.work(node.me) as work:
        known, passports = match(work, sought), work.pacs.all()
    listed = [(it, sighting) for it in passports for sighting in _sighted(node, it, known, wanted)]
    options = [_option(node, passport, sighting, known, wanted) for passport, sighting in listed[:OPTIONS_MAX]]
    return known, [it for it in options if it]


def _sighted(node: Node, passport: Passport, known: Match, wanted: Wanted) -> Iterator[Sighting]:
    """What a PACS lists under the numbers of the patient. Some PACS take a number for a pattern."""
    some = wanted.first or wanted.last
    first, last = (wanted.first or _FIRST, wanted.last or _LAST) if some else (None, None)
    for local in known.numbers:
        for it in node.sightings(passport, StudyQuery(first, last, wanted.accession, local.value)):
            if it.local.value.strip() == local.value and wanted.study in (None, it.study):
                yield it


def _option(node: Node, passport: Passport, sighting: Sighting, known: Match, wanted: Wanted) -> Option | None:
    """None for a study that does not fit, or of which nothing can be read."""
    try:
        found = publish.find(node, sighting.study, pacs=passport.name)
    except Refused:
        return None
    modalities = {series.modality for series in found.summary.manifest.series}
    parts = {it.casefold() for it in found.summary.body_parts}
    wanted_part = wanted.body_part.strip().casefold()
    if wanted.modality and wanted.modality.strip().upper() not in modalities:
        return None
    if wanted_part and parts and wanted_part not in parts:
        return None
    is_theirs = Index.of(node).look(found.header, found.local) == known.kvnr
    return Option(found, passport.name, is_theirs and (not wanted_part or wanted_part in parts))
