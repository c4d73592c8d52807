"""The R4B model of a document → link: each element is converted once and must agree with the others."""

from __future__ import annotations

from typing import Any

from linkexchange.documents import names
from linkexchange.documents.elements import at_most_one, coded, day_or_moment, demand, moment, text, typed, without_urn
from linkexchange.documents.extract_parties import origin, patient, retrieve_ae
from linkexchange.documents.extract_study import manifest, orders, regions
from linkexchange.documents.parts import Parts, find_parts
from linkexchange.errors import DocumentFault
from linkexchange.model.identifiers import LinkId, PlainUrl, TelematikId
from linkexchange.model.link import Confidentiality, Link, LinkStatus, Particulars
from linkexchange.model.patient import Patient

_STATUS = {
    ("final", "available"): LinkStatus.AVAILABLE,
    ("amended", "available"): LinkStatus.AVAILABLE,
    ("entered-in-error", "cancelled"): LinkStatus.CANCELLED,
}
_ENDPOINT_STATUS = frozenset({"active", "suspended", "error", "off", "entered-in-error", "test"})
_CONFIDENTIALITY = frozenset(Confidentiality)
_RELATIONS = frozenset({"replaces", "transforms", "signs", "appends"})


def extract(bundle: Any) -> Link:
    """Convert a validated Bundle; raises `DocumentFault` where it is not the document of one link."""
    demand(bundle.type == "document", "Bundle.type", "must be document")
    parts = find_parts(bundle)
    for it in parts.endpoints:
        _check_endpoint(it)
    whose, endpoint, study = origin(parts.organization, parts.endpoint), parts.endpoint, parts.study
    return Link(
        link=_link_id(bundle, parts.composition),
        origin=whose,
        patient=_patient(parts, whose.telematik_id),
        manifest=manifest(study),
        published=moment(bundle.timestamp, "Bundle.timestamp"),
        expires=moment(endpoint.period and endpoint.period.end, "Endpoint.period.end"),
        started=day_or_moment(study.started, "ImagingStudy.started"),
        description=text(study.description, "ImagingStudy.description"),
        orders=orders(study, parts.requests, whose.telematik_id),
        regions=regions(study),
        retrieve_ae=retrieve_ae(endpoint),
        status=_status(parts),
        replaces=_replaces(parts.composition),
        particulars=_particulars(parts),
    )


def _check_endpoint(endpoint: Any) -> None:
    """A header would be the place for a token, and a token that lies in a record belongs to everybody."""
    coded(endpoint.status, _ENDPOINT_STATUS, "Endpoint.status")
    demand(not endpoint.header, "Endpoint.header", "not allowed")


def _particulars(parts: Parts) -> Particulars:
    level, path = parts.composition.confidentiality, "Composition.confidentiality"
    return Particulars(
        resolver=_address(parts.resolver),
        viewer=_address(parts.viewer),
        confidentiality=Confidentiality(coded(level, _CONFIDENTIALITY, path)) if level is not None else None,
    )


def _address(endpoint: Any) -> PlainUrl | None:
    """What has a user or a query is refused, and not left out: a secret that lies in a record belongs to everybody."""
    return typed(PlainUrl, str(endpoint.address), "Endpoint.address") if endpoint else None


def _link_id(bundle: Any, composition: Any) -> LinkId:
    link = _oid(bundle.identifier, "Bundle.identifier")
    same = _oid(composition.identifier, "Composition.identifier") == link
    demand(same, "Composition.identifier", "must be that of the Bundle")
    return link


def _oid(element: Any, path: str) -> LinkId:
    demand(element is not None and element.system == names.URI, path, "an identifier that is a URI is wanted")
    return typed(LinkId.from_oid, without_urn(element.value), path)


def _patient(parts: Parts, telematik_id: TelematikId) -> Patient:
    """The Composition may name the KVNR as well, for record systems that look no further."""
    found, subject = patient(parts.patient, telematik_id), parts.composition.subject
    named = subject.identifier if subject.identifier and subject.identifier.system == names.KVNR else None
    demand(named is None or named.value == found.kvnr, "Composition.subject.identifier", "must be that of the Patient")
    return found


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
