"""Answers of QIDO-RS in the DICOM JSON model (PS3.18 annex F), read into values.

An answer is believed as far as a C-FIND answer is: UIDs are checked, the rest is text for people. What is missing or
odd there is left out, since many PACS hold dates and names that are.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from linkexchange.dataset.moment import study_begin
from linkexchange.errors import MessageFault
from linkexchange.model.identifiers import SeriesUid, SopClassUid, SopInstanceUid, StudyUid
from linkexchange.model.patient import KVNR_ISSUER, PatientHeader
from linkexchange.model.study import Instance, Manifest, Series, StudySummary, distinct

Row = Mapping[str, Any]

SOP_CLASS_UID = "00080016"
SOP_INSTANCE_UID = "00080018"
STUDY_DATE = "00080020"
STUDY_TIME = "00080030"
ACCESSION_NUMBER = "00080050"
MODALITY = "00080060"
TIMEZONE_OFFSET = "00080201"
STUDY_DESCRIPTION = "00081030"
SERIES_DESCRIPTION = "0008103E"
PATIENT_NAME = "00100010"
PATIENT_ID = "00100020"
ISSUER_OF_PATIENT_ID = "00100021"
PATIENT_BIRTH_DATE = "00100030"
PATIENT_SEX = "00100040"
OTHER_PATIENT_IDS = "00101002"
STUDY_INSTANCE_UID = "0020000D"
SERIES_INSTANCE_UID = "0020000E"
SERIES_NUMBER = "00200011"
INSTANCE_NUMBER = "00200013"
STUDY_INSTANCES = "00201208"
BODY_PART_EXAMINED = "00180015"
REQUEST_ATTRIBUTES = "00400275"


@dataclass(frozen=True, slots=True)
class Level:
    """A level of the query: the UID that tells its rows apart, and what is asked for beyond it."""

    uid: str
    fields: tuple[str, ...]


STUDY = Level(
    STUDY_INSTANCE_UID,
    (
        STUDY_DATE,
        STUDY_TIME,
        ACCESSION_NUMBER,
        TIMEZONE_OFFSET,
        STUDY_DESCRIPTION,
        PATIENT_NAME,
        PATIENT_ID,
        ISSUER_OF_PATIENT_ID,
        PATIENT_BIRTH_DATE,
        PATIENT_SEX,
        OTHER_PATIENT_IDS,
    ),
)
SERIES = Level(
    SERIES_INSTANCE_UID, (MODALITY, SERIES_DESCRIPTION, SERIES_NUMBER, BODY_PART_EXAMINED, REQUEST_ATTRIBUTES)
)
INSTANCE = Level(SOP_INSTANCE_UID, (SOP_CLASS_UID, SERIES_INSTANCE_UID, INSTANCE_NUMBER))


def rows(body: bytes) -> list[Row]:
    """Parse one answer; raises `MessageFault` when it is no list of objects."""
    try:
        answer = json.loads(body) if body else []
    except (ValueError, RecursionError) as wrong:
        raise MessageFault("QIDO-RS: not JSON") from wrong
    if not isinstance(answer, list) or not all(isinstance(row, dict) for row in answer):
        raise MessageFault("QIDO-RS: not a list of objects")
    return answer


def text(row: Row, tag: str) -> str:
    """The first value of an attribute as text; of a person's name the alphabetic group. Empty where there is none."""
    value = next(iter(values(row, tag)), None)
    if isinstance(value, dict):
        value = value.get("Alphabetic", "")
    return str(value).strip() if isinstance(value, str | int | float) else ""


def texts(row: Row, tag: str) -> list[str]:
    """All values of an attribute that are texts."""
    return [value for value in values(row, tag) if isinstance(value, str)]


def values(row: Row, tag: str) -> list[object]:
    """All values of an attribute; empty where there are none."""
    element = row.get(tag)
    values = element.get("Value") if isinstance(element, dict) else None
    return values if isinstance(values, list) else []


def study_summary(study: StudyUid, found: Row, series: Iterable[Row], instances: Iterable[Row]) -> StudySummary:
    """Put the three levels together; raises `MessageFault` where a UID is missing or wrong, or nothing is in it."""
    described = list(series)
    return StudySummary(
        manifest=_manifest(study, described, instances),
        description=text(found, STUDY_DESCRIPTION),
        accessions=distinct(_accessions(found, described)),
        started=study_begin(*(text(found, tag) for tag in (STUDY_DATE, STUDY_TIME, TIMEZONE_OFFSET))),
        body_parts=distinct(part for row in described for part in texts(row, BODY_PART_EXAMINED)),
    )


def _accessions(found: Row, series: Iterable[Row]) -> Iterator[str]:
    """Those of the study, then those that the requests of its series name beside."""
    yield from texts(found, ACCESSION_NUMBER)
    for row in series:
        for request in values(row, REQUEST_ATTRIBUTES):
            if isinstance(request, dict):
                yield from texts(request, ACCESSION_NUMBER)


def patient_header(row: Row) -> PatientHeader:
    """What the study level says about the patient."""
    return PatientHeader(
        patient_id=text(row, PATIENT_ID),
        issuer=text(row, ISSUER_OF_PATIENT_ID),
        kvnr=_kvnr(row),
        name=text(row, PATIENT_NAME),
        birth_date=_date(text(row, PATIENT_BIRTH_DATE)),
        sex=text(row, PATIENT_SEX),
    )


def _manifest(study: StudyUid, series: Iterable[Row], instances: Iterable[Row]) -> Manifest:
    try:
        members: dict[str, list[Instance]] = defaultdict(list)
        for row in instances:
            members[text(row, SERIES_INSTANCE_UID)].append(_instance(row))
        described = {text(row, SERIES_INSTANCE_UID): row for row in series}
        listed = [_series(uid, described.get(uid, {}), of_it) for uid, of_it in members.items()]
        return Manifest(study, tuple(sorted(listed, key=lambda one: _rank(one.number, one.series))))
    except ValueError as wrong:
        raise MessageFault(f"QIDO-RS: {wrong}") from wrong


def _series(uid: str, row: Row, instances: Sequence[Instance]) -> Series:
    return Series(
        series=SeriesUid(uid),
        modality=text(row, MODALITY),
        instances=tuple(sorted(instances, key=lambda one: _rank(one.number, one.sop_instance))),
        number=_number(row, SERIES_NUMBER),
        description=text(row, SERIES_DESCRIPTION),
    )


def _instance(row: Row) -> Instance:
    return Instance(
        sop_instance=SopInstanceUid(text(row, SOP_INSTANCE_UID)),
        sop_class=SopClassUid(text(row, SOP_CLASS_UID)),
        number=_number(row, INSTANCE_NUMBER),
    )


def _rank(number: int | None, uid: str) -> tuple[bool, int, str]:
    return number is None, number or 0, uid


def _number(row: Row, tag: str) -> int | None:
    try:
        return int(text(row, tag))
    except ValueError:
        return None


def _kvnr(row: Row) -> str:
    """The KVNR, told by who issued it, from the Patient ID or from the others."""
    if text(row, ISSUER_OF_PATIENT_ID) == KVNR_ISSUER:
        return text(row, PATIENT_ID)
    others = (item for item in values(row, OTHER_PATIENT_IDS) if isinstance(item, dict))
    return next((text(item, PATIENT_ID) for item in others if text(item, ISSUER_OF_PATIENT_ID) == KVNR_ISSUER), "")


def _date(value: str) -> date | None:
    try:
        return datetime.strptime(value, "%Y%m%d").replace(tzinfo=UTC).date()
    except ValueError:
        return None
