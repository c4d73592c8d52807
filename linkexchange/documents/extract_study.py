"""The study out of the R4B model: its listing, what it says about the listing, its regions and its orders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from linkexchange.documents import names
from linkexchange.documents.elements import (
    at_most_one,
    coded,
    demand,
    extension,
    identifier,
    only,
    text,
    typed,
    with_system,
    without_urn,
)
from linkexchange.errors import DocumentFault
from linkexchange.model.identifiers import SeriesUid, Sha256, SopClassUid, SopInstanceUid, StudyUid, TelematikId
from linkexchange.model.link import Code, Order
from linkexchange.model.regions import REGIONS, SNOMED_CT
from linkexchange.model.study import Instance, ListingLevel, Manifest, Series

_DIGEST_PATH = "ImagingStudy.extension(manifest-digest)"
_LEVEL_PATH = "ImagingStudy.extension(listing-level)"
_REGION_PATH = "ImagingStudy.extension(anatomical-region)"
_ORDER_PATH = "ImagingStudy.basedOn.identifier"


def manifest(study: Any) -> Manifest:
    """The listing, whose counts and digest the document states beside it."""
    path = "ImagingStudy.identifier"
    uid = typed(StudyUid, without_urn(identifier(study.identifier, names.DICOM_UID, path)), path)
    outlined = _level(study) is ListingLevel.SERIES
    listed = tuple(_series(it, place, outlined=outlined) for place, it in enumerate(study.series or ()))
    demand(len({it.series for it in listed}) == len(listed), "ImagingStudy.series.uid", "must be unique")
    stated = Sha256(_digest(study).hex())
    found = _outline(uid, listed, stated) if outlined else _listing(uid, listed)
    demand(study.numberOfSeries == len(listed), "ImagingStudy.numberOfSeries", "must equal the listing")
    demand(study.numberOfInstances == found.size, "ImagingStudy.numberOfInstances", "must equal the listing")
    demand(stated == found.digest, _DIGEST_PATH, "must equal the listing")
    return found


def _outline(uid: StudyUid, listed: tuple[Series, ...], stated: Sha256) -> Manifest:
    try:
        return Manifest(uid, listed, stated)
    except ValueError:
        raise DocumentFault("ImagingStudy.series.numberOfInstances: nothing is counted") from None


def _listing(uid: StudyUid, listed: tuple[Series, ...]) -> Manifest:
    try:
        return Manifest(uid, listed)
    except ValueError:
        raise DocumentFault("ImagingStudy.series.instance: none, or one listed twice") from None


def _level(study: Any) -> ListingLevel:
    """Documents of before there were levels list every instance."""
    found = extension(study, names.LISTING_LEVEL, _LEVEL_PATH)
    return ListingLevel(coded(found.valueCode, set(ListingLevel), _LEVEL_PATH)) if found else ListingLevel.INSTANCE


def _digest(study: Any) -> bytes:
    found = only([it for it in study.extension or () if it.url == names.MANIFEST_DIGEST], _DIGEST_PATH)
    stated = {it.url: it for it in found.extension or ()}
    demand(stated.keys() == {"algorithm", "value"}, _DIGEST_PATH, "algorithm and value are wanted")
    coded(stated["algorithm"].valueCode, {"sha-256"}, f"{_DIGEST_PATH}.algorithm")
    value: bytes | None = stated["value"].valueBase64Binary
    demand(value is not None and len(value) == 32, _DIGEST_PATH, "must equal the listing")
    return value or b""


def _series(series: Any, place: int, *, outlined: bool) -> Series:
    path = f"ImagingStudy.series[{place}]"
    instances = tuple(_instance(it, f"{path}.instance[{at}]") for at, it in enumerate(series.instance or ()))
    demand(not (outlined and instances), f"{path}.instance", "none is wanted at level series")
    counted = outlined or series.numberOfInstances == len(instances)
    demand(counted, f"{path}.numberOfInstances", "must equal the listing")
    return Series(
        series=typed(SeriesUid, series.uid, f"{path}.uid"),
        modality=text(series.modality.code, f"{path}.modality"),
        instances=instances,
        number=series.number,
        description=text(series.description, f"{path}.description"),
        unlisted=(series.numberOfInstances or 0) if outlined else 0,
    )


def _instance(instance: Any, path: str) -> Instance:
    return Instance(
        sop_instance=typed(SopInstanceUid, instance.uid, f"{path}.uid"),
        sop_class=typed(SopClassUid, without_urn(instance.sopClass.code), f"{path}.sopClass"),
        number=instance.number,
    )


def regions(study: Any) -> tuple[Code, ...]:
    """The regions of the body; those of the value set are called as it calls them."""
    stated = [it.valueCodeableConcept for it in study.extension or () if it.url == names.ANATOMICAL_REGION]
    codings = [next((it for it in found.coding or () if it.system == SNOMED_CT), None) for found in stated if found]
    return tuple(REGIONS.get(it.code) or _code(it) for it in codings if it)


def _code(coding: Any) -> Code:
    return Code(SNOMED_CT, text(coding.code, _REGION_PATH), text(coding.display, _REGION_PATH))


def orders(study: Any, requests: Mapping[str, Any], origin: TelematikId) -> tuple[Order, ...]:
    """What the study was made for. Documents of before there were ServiceRequests name the accession number only."""
    found = (_order(it, requests, origin) for it in study.basedOn or ())
    return tuple(it for it in found if it != Order())


def _order(based_on: Any, requests: Mapping[str, Any], origin: TelematikId) -> Order:
    named = _number([based_on.identifier] if based_on.identifier else [], names.accession_system(origin))
    request = requests.get(based_on.reference or "")
    if request is None:
        return Order(named)
    numbers = request.identifier
    accession = _number(numbers, names.accession_system(origin))
    demand(not named or named == accession, _ORDER_PATH, "must be that of the ServiceRequest")
    placer, filler = (_number(numbers, it(origin)) for it in (names.placer_system, names.filler_system))
    return Order(accession, placer, filler)


def _number(identifiers: Any, system: str) -> str:
    return text(at_most_one(with_system(identifiers, system), _ORDER_PATH), _ORDER_PATH)
