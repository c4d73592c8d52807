"""What a PACS says about a study, level by level (C-FIND in the study root model, PS3.4 section C.6.2).

Counts are never asked for. Every instance is listed, and an answer about another study or series than the one that
was asked about is refused. Answers that come twice count once: some archives give one per instance at every level.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from linkexchange.dataset.elements import Content
from linkexchange.dataset.header import PATIENT, patient_of
from linkexchange.dataset.moment import study_begin
from linkexchange.dicom import identifier
from linkexchange.dicom.association import Association
from linkexchange.dicom.dimse import STUDY_ROOT_FIND, Query, find
from linkexchange.dicom.identifier import items, text, texts
from linkexchange.errors import InstanceFault, MessageFault, PacsUnavailable, UnknownStudy
from linkexchange.model.identifiers import SeriesUid, SopClassUid, SopInstanceUid, StudyUid, Uid
from linkexchange.model.patient import PatientHeader
from linkexchange.model.study import Instance, Manifest, Series, StudySummary, distinct

_PATIENT_KEYS = (
    identifier.PATIENT_NAME,
    identifier.PATIENT_ID,
    identifier.ISSUER,
    identifier.BIRTH_DATE,
    identifier.SEX,
)
_STUDY_KEYS = (
    identifier.STUDY_DATE,
    identifier.STUDY_TIME,
    identifier.ACCESSION,
    identifier.STUDY_DESCRIPTION,
    identifier.CLASSES_IN_STUDY,
    identifier.TIMEZONE,
)

_BEGIN = (identifier.STUDY_DATE, identifier.STUDY_TIME, identifier.TIMEZONE)
_SERIES_KEYS = (identifier.MODALITY, identifier.SERIES_NUMBER, identifier.SERIES_DESCRIPTION)
_MORE_OF_SERIES = (identifier.BODY_PART, identifier.REQUESTS)
_REQUESTS = {identifier.REQUESTS: {identifier.ACCESSION: None}}
_INSTANCE_KEYS = (identifier.SOP_CLASS, identifier.INSTANCE_NUMBER)

_Uid = TypeVar("_Uid", bound=Uid)


@dataclass(frozen=True, slots=True)
class Listing:
    """The answers of all three levels, before it is known which class every instance has."""

    study: StudyUid
    described: Content
    series: Mapping[SeriesUid, Content]
    instances: Mapping[SeriesUid, Mapping[SopInstanceUid, Content]]

    @property
    def classes(self) -> dict[SopInstanceUid, SopClassUid]:
        """Of which class an instance is, as far as the PACS tells: per instance, or one for the whole study."""
        of_study = text(self.described, identifier.CLASSES_IN_STUDY)
        only = "" if "\\" in of_study else of_study
        rows = {uid: row for of_series in self.instances.values() for uid, row in of_series.items()}
        told = {uid: text(row, identifier.SOP_CLASS) or only for uid, row in rows.items()}
        return {uid: _uid(SopClassUid, sop_class) for uid, sop_class in told.items() if sop_class}

    @property
    def members(self) -> dict[SeriesUid, list[SopInstanceUid]]:
        """The instances of every series."""
        return {series: list(rows) for series, rows in self.instances.items()}

    def summary(self, classes: Mapping[SopInstanceUid, SopClassUid]) -> StudySummary:
        """Put together, in the order of the numbers; raises `MessageFault` when an instance is in two series."""
        return StudySummary(
            manifest=self._manifest(classes),
            description=text(self.described, identifier.STUDY_DESCRIPTION),
            accessions=distinct(self._accessions()),
            started=study_begin(*(text(self.described, tag) for tag in _BEGIN)),
            body_parts=distinct(part for row in self.series.values() for part in texts(row, identifier.BODY_PART)),
        )

    def _accessions(self) -> Iterator[str]:
        """Those of the study, then those that the requests of its series name beside."""
        yield from texts(self.described, identifier.ACCESSION)
        for row in self.series.values():
            for request in items(row, identifier.REQUESTS):
                yield from texts(request, identifier.ACCESSION)

    @property
    def patient(self) -> PatientHeader:
        """What the study level says about the patient."""
        return patient(self.described)

    def _manifest(self, classes: Mapping[SopInstanceUid, SopClassUid]) -> Manifest:
        series = [self._series(uid, classes) for uid in self.instances]
        try:
            return Manifest(self.study, tuple(sorted(series, key=lambda one: _rank(one.number, one.series))))
        except ValueError as wrong:
            raise MessageFault(f"C-FIND: {wrong}") from wrong

    def _series(self, uid: SeriesUid, classes: Mapping[SopInstanceUid, SopClassUid]) -> Series:
        row = self.series[uid]
        instances = [
            Instance(instance, classes[instance], _number(of_it, identifier.INSTANCE_NUMBER))
            for instance, of_it in self.instances[uid].items()
        ]
        return Series(
            series=uid,
            modality=text(row, identifier.MODALITY),
            instances=tuple(sorted(instances, key=lambda one: _rank(one.number, one.sop_instance))),
            number=_number(row, identifier.SERIES_NUMBER),
            description=text(row, identifier.SERIES_DESCRIPTION),
        )


def listing(association: Association, study: StudyUid) -> Listing:
    """Ask on all three levels. Raises `UnknownStudy`, `PacsUnavailable`, or `MessageFault` for wrong answers."""
    above = {identifier.STUDY: str(study)}
    studies = _ask(association, "STUDY", above, (*_STUDY_KEYS, *_PATIENT_KEYS))
    if not studies:
        raise UnknownStudy
    rows = _series_rows(association, {**above, identifier.SERIES: ""})
    series = {_uid(SeriesUid, text(row, identifier.SERIES)): row for row in rows}
    instances = {uid: _instances(association, {**above, identifier.SERIES: str(uid)}) for uid in series}
    if not any(instances.values()):
        raise UnknownStudy("it has no instances")
    if not all(instances.values()):
        # What is left out of a manifest is missed by nobody.
        raise MessageFault("C-FIND: it lists a series, and none of its instances")
    return Listing(study, studies[0], series, instances)


def studies(association: Association) -> list[tuple[StudyUid, str]]:
    """All studies with their descriptions."""
    rows = _ask(association, "STUDY", {identifier.STUDY: ""}, (identifier.STUDY_DESCRIPTION,))
    described = {_uid(StudyUid, text(row, identifier.STUDY)): text(row, identifier.STUDY_DESCRIPTION) for row in rows}
    return list(described.items())


def patient(content: Content) -> PatientHeader:
    """The patient of an answer; raises `MessageFault` when it names two."""
    try:
        return patient_of(content)
    except InstanceFault as fault:
        raise MessageFault(f"C-FIND: {fault.detail}") from fault


def _series_rows(association: Association, unique: Mapping[int, str]) -> list[Content]:
    """A PACS need not know all keys, and passes over those it does not; one that refuses them is asked for less."""
    try:
        return _ask(association, "SERIES", unique, (*_SERIES_KEYS, *_MORE_OF_SERIES))
    except PacsUnavailable:
        return _ask(association, "SERIES", unique, _SERIES_KEYS)


def _instances(association: Association, above: Mapping[int, str]) -> dict[SopInstanceUid, Content]:
    rows = _ask(association, "IMAGE", {**above, identifier.SOP_INSTANCE: ""}, _INSTANCE_KEYS)
    return {_uid(SopInstanceUid, text(row, identifier.SOP_INSTANCE)): row for row in rows}


def _ask(association: Association, level: str, unique: Mapping[int, str], told: Iterable[int]) -> list[Content]:
    """The answers at a level; `unique` are its keys, empty where they are to be told, and they must match."""
    keys = {identifier.LEVEL: level, **unique, **dict.fromkeys(told, "")}
    rows = find(association, Query(STUDY_ROOT_FIND, keys, {**PATIENT, **dict.fromkeys(keys), **_REQUESTS}))
    for tag, asked in unique.items():
        if asked and any(text(row, tag) not in ("", asked) for row in rows):
            raise MessageFault("C-FIND: an answer about something else than was asked")
    return rows


def _uid(kind: type[_Uid], value: str) -> _Uid:
    try:
        return kind(value)
    except ValueError as wrong:
        raise MessageFault(f"C-FIND: {wrong}") from wrong


def _rank(number: int | None, uid: str) -> tuple[bool, int, str]:
    return number is None, number or 0, uid


def _number(row: Content, tag: int) -> int | None:
    try:
        return int(text(row, tag))
    except ValueError:
        return None
