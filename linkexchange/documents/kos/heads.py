"""What a Key Object Selection says beside its listing: patient, institution, times, orders."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from typing import TypeVar

from linkexchange.documents.elements import coded, demand, typed
from linkexchange.documents.envelope.metadata import TELEMATIK_ID_ISSUER
from linkexchange.documents.kos.defects import Defect
from linkexchange.documents.kos.manifest import Creator, PatientIds, Subject
from linkexchange.documents.kos.private import Private
from linkexchange.documents.kos.view import View
from linkexchange.errors import DocumentFault
from linkexchange.model.identifiers import Bsnr, Iknr, LinkId, Oid, PlainUrl, Sha256, TelematikId
from linkexchange.model.link import Confidentiality, Order, Particulars

T = TypeVar("T")

_SEXES = frozenset({"", "M", "F", "O"})
_DAY = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})")
_TIME = re.compile(r"(\d{2}):?(\d{2})?:?(\d{2})?(?:\.(\d{1,6}))?")
_ZONE = re.compile(r"([+-])(\d{2})(\d{2})")
_MOMENT = re.compile(r"(\d{8})(\d{6}(?:\.\d{1,6})?)([+-]\d{4})")
_XON_AUTHORITY, _XON_IDENTIFIER = 5, 9


def subject(document: View) -> Subject:
    """The patient; the Patient ID of the header comes first."""
    own = [document, *document.items("OtherPatientIDsSequence")]
    identifiers = dict.fromkeys(it for one in own for it in _identifiers(one))
    family, _, rest = document.text("PatientName").partition("=")[0].partition("^")
    given = " ".join(" ".join(rest.split("^")[:2]).split())
    sex = coded(document.text("PatientSex"), _SEXES, "PatientSex")
    return Subject(tuple(identifiers), family.strip(), given, _day(document.text("PatientBirthDate")), sex)


def _identifiers(item: View) -> Iterator[PatientIds]:
    value = item.text("PatientID")
    if not value:
        return
    qualifiers = [it.words("UniversalEntityID") for it in item.items("IssuerOfPatientIDQualifiersSequence")]
    issuer = next((it for it in qualifiers if it), "")
    if not issuer:
        item.seen.add(Defect.ISSUER_MISSING)
    yield PatientIds(value, issuer)


def creator(document: View) -> Creator:
    """The institution: what is written for us, or else the name with an identifier as HL7 has it (XON)."""
    name, telematik_id = _institution(document.text("InstitutionName"))
    return Creator(
        name=document.private(Private.NAME) or name,
        telematik_id=_private(TelematikId, document, Private.TELEMATIK_ID) or telematik_id,
        bsnr=_private(Bsnr, document, Private.BSNR),
        iknr=_private(Iknr, document, Private.IKNR),
        home_community=_private(Oid, document, Private.HOME_COMMUNITY),
    )


def _institution(text: str) -> tuple[str, TelematikId | None]:
    parts = text.split("^")
    if len(parts) <= _XON_IDENTIFIER or parts[_XON_AUTHORITY] != f"&{TELEMATIK_ID_ISSUER}&ISO":
        return parts[0].strip(), None
    return parts[0].strip(), typed(TelematikId, parts[_XON_IDENTIFIER], "InstitutionName")


def orders(document: View) -> tuple[Order, ...]:
    """Of the Referenced Request Sequence; where there is none, of the Accession Number."""
    listed = tuple(
        Order(
            it.text("AccessionNumber"),
            it.text("PlacerOrderNumberImagingServiceRequest"),
            it.text("FillerOrderNumberImagingServiceRequest"),
        )
        for it in document.items("ReferencedRequestSequence")
    )
    said = tuple(it for it in listed if it != Order())
    accession = document.text("AccessionNumber")
    return said or ((Order(accession),) if accession else ())


def started(document: View) -> datetime | None:
    """Study Date and Time, None where there is no date."""
    return _moment(document, "Study")


def published(document: View) -> datetime:
    """Content Date and Time. Raises `DocumentFault` without them."""
    moment = _moment(document, "Content")
    if moment is None:
        raise DocumentFault("ContentDate: a date is wanted")
    return moment


def expires(document: View) -> datetime | None:
    """When the link expires, which only our own manifests say."""
    text = document.private(Private.EXPIRES)
    if not text:
        return None
    found = _MOMENT.fullmatch(text)
    demand(found, "expiry", "a time with its zone is wanted")
    return _combined(found[1], found[2], found[3], "expiry") if found else None


def replaces(document: View) -> LinkId | None:
    """The version before, which only our own manifests say."""
    return _private(LinkId.from_oid, document, Private.REPLACES)


def particulars(document: View) -> Particulars:
    """What the origin says in all of its links, which only our own manifests say."""
    return Particulars(
        _private(PlainUrl, document, Private.RESOLVER),
        _private(PlainUrl, document, Private.VIEWER),
        _private(Confidentiality, document, Private.CONFIDENTIALITY),
    )


def digest(document: View) -> Sha256 | None:
    """The manifest digest, which only our own manifests say."""
    return _private(Sha256, document, Private.DIGEST)


def _private(kind: Callable[[str], T], document: View, element: Private) -> T | None:
    value = document.private(element)
    try:
        return kind(value) if value else None
    except ValueError:
        raise DocumentFault(f"private element {element.name}: syntax") from None


def _moment(document: View, of: str) -> datetime | None:
    day, time = document.text(f"{of}Date"), document.text(f"{of}Time")
    zone = document.text("TimezoneOffsetFromUTC")
    if not zone:
        document.seen.add(Defect.ZONE_MISSING)
    return _combined(day, time, zone, f"{of}Date") if day else None


def _combined(day: str, time: str, zone: str, path: str) -> datetime:
    """DA, TM and an offset as a moment; a time that is cut short begins its hour or minute."""
    clock, offset = _TIME.fullmatch(time or "00"), _ZONE.fullmatch(zone)
    on = _day(day)
    try:
        if on is None or clock is None or (zone and offset is None):
            raise ValueError
        fraction = int((clock[4] or "0").ljust(6, "0"))
        at = datetime(on.year, on.month, on.day, int(clock[1]), int(clock[2] or 0), int(clock[3] or 0), fraction)  # noqa: DTZ001
        moment = at.replace(tzinfo=_zone(offset)) if offset else at.astimezone()
        moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise DocumentFault(f"{path}: no date and time") from None
    return moment


def _zone(offset: re.Match[str]) -> timezone:
    shift = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
    return timezone(-shift if offset[1] == "-" else shift)


def _day(text: str) -> date | None:
    found = _DAY.fullmatch(text)
    try:
        return date(int(found[1]), int(found[2]), int(found[3])) if found else None
    except ValueError:
        return None
