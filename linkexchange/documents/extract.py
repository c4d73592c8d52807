"""The R4B model of a document → link: each element is converted once, here, and must agree with the others."""

from __future__ import annotations

from datetime import date
from typing import Any

from linkexchange.documents import names
from linkexchange.documents.compose import GENDERS
from linkexchange.documents.elements import (
    at_most_one,
    coded,
    day_or_moment,
    demand,
    identifier,
    moment,
    only,
    text,
    typed,
    with_system,
)
from linkexchange.documents.parts import Parts, find_parts
from linkexchange.errors import DocumentFault
from linkexchange.model.identifiers import Kvnr, LinkId, SeriesUid, SopClassUid, SopInstanceUid, StudyUid, TelematikId
from linkexchange.model.link import Link, LinkStatus, Order, Origin
from linkexchange.model.patient import Patient
from linkexchange.model.study import Instance, Manifest, Series

_STATUS = {
    ("final", "available"): LinkStatus.AVAILABLE,
    ("amended", "available"): LinkStatus.AVAILABLE,
    ("entered-in-error", "cancelled"): LinkStatus.CANCELLED,
}
_SEXES = {gender: sex for sex, gender in GENDERS.items()} | {"unknown": ""}
_ENDPOINT_STATUS = frozenset({"active", "suspended", "error", "off", "entered-in-error", "test"})
_DIGEST_PATH = "ImagingStudy.extension(manifest-digest)"
_RELATIONS = frozenset({"replaces", "transforms", "signs", "appends"})


def extract(bundle: Any) -> Link:
    """Convert a validated Bundle; raises `DocumentFault` where it is not the document of one link."""
    demand(bundle.type == "document", "Bundle.type", "must be document")
    parts = find_parts(bundle)
    _check_endpoint(parts.endpoint)
    origin = _origin(parts.organization)
    return Link(
        link=_link_id(bundle, parts.composition),
        origin=origin,
        patient=_patient(parts.patient, origin),
        manifest=_manifest(parts.study),
        published=moment(bundle.timestamp, "Bundle.timestamp"),
        expires=moment(parts.endpoint.period and parts.endpoint.period.end, "Endpoint.period.end"),
        started=day_or_moment(parts.study.started, "ImagingStudy.started"),
        description=text(parts.study.description, "ImagingStudy.description"),
        orders=_orders(parts.study, origin),
        status=_status(parts),
        replaces=_replaces(parts.composition),
    )


def _check_endpoint(endpoint: Any) -> None:
    """A header would be the place for a token, and a token that lies in a record belongs to everybody."""
    coded(endpoint.status, _ENDPOINT_STATUS, "Endpoint.status")
    demand(not endpoint.header, "Endpoint.header", "not allowed")


def _link_id(bundle: Any, composition: Any) -> LinkId:
    link = _oid(bundle.identifier, "Bundle.identifier")
    same = _oid(composition.identifier, "Composition.identifier") == link
    demand(same, "Composition.identifier", "must be that of the Bundle")
    return link


def _oid(element: Any, path: str) -> LinkId:
    demand(element is not None and element.system == names.URI, path, "an identifier that is a URI is wanted")
    return typed(LinkId.from_oid, _without_urn(element.value), path)


def _without_urn(value: str | None) -> str:
    return (value or "").removeprefix(names.OID)


def _status(parts: Parts) -> LinkStatus:
    """What the Composition says of itself and the study of its availability is one statement."""
    is_study = any(
        it.system == names.LOINC and it.code == names.IMAGING_STUDY for it in parts.composition.type.coding or ()
    )
    demand(is_study, "Composition.type", "must be LOINC 18748-4")
    status = _STATUS.get((parts.composition.status, parts.study.status))
    if status is None:
        raise DocumentFault("Composition.status: unknown code, or not that of ImagingStudy.status")
    return status


def _replaces(composition: Any) -> LinkId | None:
    path = "Composition.relatesTo"
    relations = composition.relatesTo or []
    for relation in relations:
        coded(relation.code, _RELATIONS, f"{path}.code")
    before = at_most_one([it for it in relations if it.code == "replaces"], f"{path}.where(code='replaces')")
    return _oid(before.targetIdentifier, f"{path}.targetIdentifier") if before else None


def _origin(organization: Any) -> Origin:
    path = "Organization.identifier"
    telematik_id = typed(TelematikId, identifier(organization.identifier, names.TELEMATIK_ID, path), path)
    return Origin(telematik_id, text(organization.name, "Organization.name"))


def _patient(patient: Any, origin: Origin) -> Patient:
    path = "Patient.identifier"
    local = at_most_one(with_system(patient.identifier, names.patient_system(origin.telematik_id)), path)
    name = next(iter(sorted(patient.name or (), key=lambda it: it.use != "official")), None)
    return Patient(
        kvnr=typed(Kvnr, identifier(patient.identifier, names.KVNR, path), path),
        family=text(name and name.family, "Patient.name.family"),
        given=text(name and " ".join(name.given or ()), "Patient.name.given"),
        birth_date=_full_date(patient.birthDate),
        sex=_SEXES[coded(patient.gender, _SEXES, "Patient.gender")] if patient.gender else "",
        local_id=text(local, path),
    )


def _full_date(value: Any) -> date | None:
    """A year or a month alone is no birth date that could prove anything; it counts as not known."""
    return value if isinstance(value, date) else None


def _orders(study: Any, origin: Origin) -> tuple[Order, ...]:
    orders = [it.identifier for it in study.basedOn or () if it.identifier]
    found = with_system(orders, names.accession_system(origin.telematik_id))
    accession = text(at_most_one(found, "ImagingStudy.basedOn.identifier"), "ImagingStudy.basedOn.identifier")
    return (Order(accession),) if accession else ()


def _manifest(study: Any) -> Manifest:
    """The list of instances, whose counts and digest the document states beside it."""
    path = "ImagingStudy.identifier"
    uid = typed(StudyUid, _without_urn(identifier(study.identifier, names.DICOM_UID, path)), path)
    listed = tuple(_series(series, f"ImagingStudy.series[{place}]") for place, series in enumerate(study.series or ()))
    demand(len({it.series for it in listed}) == len(listed), "ImagingStudy.series.uid", "must be unique")
    try:
        manifest = Manifest(uid, listed)
    except ValueError:
        raise DocumentFault("ImagingStudy.series.instance: none, or one listed twice") from None
    demand(study.numberOfSeries == len(listed), "ImagingStudy.numberOfSeries", "must equal the listing")
    demand(study.numberOfInstances == len(manifest.uids), "ImagingStudy.numberOfInstances", "must equal the listing")
    demand(_digest(study) == bytes.fromhex(manifest.digest), _DIGEST_PATH, "must equal the listing")
    return manifest


def _digest(study: Any) -> bytes | None:
    extension = only([it for it in study.extension or () if it.url == names.MANIFEST_DIGEST], _DIGEST_PATH)
    stated = {it.url: it for it in extension.extension or ()}
    demand(stated.keys() == {"algorithm", "value"}, _DIGEST_PATH, "algorithm and value are wanted")
    coded(stated["algorithm"].valueCode, {"sha-256"}, f"{_DIGEST_PATH}.algorithm")
    value: bytes | None = stated["value"].valueBase64Binary
    return value


def _series(series: Any, path: str) -> Series:
    instances = tuple(_instance(it, f"{path}.instance[{place}]") for place, it in enumerate(series.instance or ()))
    demand(series.numberOfInstances == len(instances), f"{path}.numberOfInstances", "must equal the listing")
    return Series(
        series=typed(SeriesUid, series.uid, f"{path}.uid"),
        modality=text(series.modality.code, f"{path}.modality"),
        instances=instances,
        number=series.number,
        description=text(series.description, f"{path}.description"),
    )


def _instance(instance: Any, path: str) -> Instance:
    return Instance(
        sop_instance=typed(SopInstanceUid, instance.uid, f"{path}.uid"),
        sop_class=typed(SopClassUid, _without_urn(instance.sopClass.code), f"{path}.sopClass"),
        number=instance.number,
    )
