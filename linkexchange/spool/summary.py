"""What a study in the spool has, and whose it is, read from the headers of its images: no row says it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from linkexchange.dataset.elements import Content, Wanted
from linkexchange.dataset.header import PATIENT, patient_of
from linkexchange.dataset.moment import study_begin
from linkexchange.dataset.scan import Scanner
from linkexchange.dataset.text import decode
from linkexchange.model.identifiers import SeriesUid, StudyUid, TransferSyntaxUid
from linkexchange.model.outbox import Spooled
from linkexchange.model.patient import PatientHeader
from linkexchange.model.study import Instance, Manifest, Series, StudySummary, distinct

_CHARSET, _DATE, _TIME, _ACCESSION, _MODALITY = 0x00080005, 0x00080020, 0x00080030, 0x00080050, 0x00080060
_ZONE, _DESCRIPTION, _SERIES_DESCRIPTION = 0x00080201, 0x00081030, 0x0008103E
_BODY_PART, _SERIES_NUMBER, _NUMBER = 0x00180015, 0x00200011, 0x00200013
_OF_STUDY = (_DATE, _TIME, _ACCESSION, _ZONE, _DESCRIPTION)
_TAGS = (*_OF_STUDY, _MODALITY, _SERIES_DESCRIPTION, _BODY_PART, _SERIES_NUMBER, _NUMBER)
_WANTED: Wanted = {**PATIENT, **dict.fromkeys(_TAGS)}

Headers = Mapping[Spooled, Content]
"""Images, and what was read of each; nothing of one that is damaged."""


def read(transfer_syntax: TransferSyntaxUid, chunks: Iterable[bytes]) -> Content:
    """The header of one image. Raises `InstanceFault`, and whatever reading the chunks raises."""
    scanner = Scanner(transfer_syntax, wanted=_WANTED, until=_NUMBER + 1)
    for chunk in chunks:
        scanner.feed(chunk)
        if scanner.is_behind(_NUMBER):
            break
    return scanner.content


def summary(study: StudyUid, headers: Headers) -> StudySummary:
    """Every image of the study is in the manifest, the damaged ones as well: else nobody would miss them."""
    homes: dict[SeriesUid, list[Spooled]] = {}
    for spooled in headers:
        homes.setdefault(spooled.series, []).append(spooled)
    series = [_series(uid, {it: headers[it] for it in members}) for uid, members in homes.items()]
    first = _first(headers.values())
    return StudySummary(
        manifest=Manifest(study, tuple(sorted(series, key=lambda it: (it.number is None, it.number or 0, it.series)))),
        description=_text(first, _DESCRIPTION),
        accessions=distinct(number for it in headers.values() for number in _text(it, _ACCESSION).split("\\")),
        started=study_begin(*(_text(first, tag) for tag in (_DATE, _TIME, _ZONE))),
        body_parts=distinct(_text(it, _BODY_PART) for it in headers.values()),
    )


def patient(headers: Headers) -> PatientHeader:
    """The patient of the first image that can be read."""
    return patient_of(_first(headers.values()))


def description(content: Content) -> str:
    """Of a study, from one of its images."""
    return _text(content, _DESCRIPTION)


def _series(uid: SeriesUid, headers: Headers) -> Series:
    first = _first(headers.values())
    instances = [Instance(it.sop_instance, it.sop_class, _number(content, _NUMBER)) for it, content in headers.items()]
    return Series(
        series=uid,
        modality=_text(first, _MODALITY),
        instances=tuple(sorted(instances, key=lambda it: (it.number is None, it.number or 0, it.sop_instance))),
        number=_number(first, _SERIES_NUMBER),
        description=_text(first, _SERIES_DESCRIPTION),
    )


def _first(contents: Collection[Content]) -> Content:
    return next(filter(None, contents), {})


def _text(content: Content, tag: int) -> str:
    value, charset = content.get(tag, b""), content.get(_CHARSET, b"")
    return decode(value, charset) if isinstance(value, bytes) and isinstance(charset, bytes) else ""


def _number(content: Content, tag: int) -> int | None:
    try:
        return int(_text(content, tag))
    except ValueError:
        return None
