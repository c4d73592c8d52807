"""The resources of a link found in a Bundle, and whether they refer to each other as they must."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from linkexchange.documents import names
from linkexchange.documents.elements import at_most_one, demand, only

_KINDS = ("Composition", "ImagingStudy", "Patient", "Organization", "Endpoint")
_OTHER_ENDPOINTS = {
    names.FHIR_REST: f"{names.STRUCTURES}/link-resolver-endpoint",
    names.VIEWER: f"{names.STRUCTURES}/link-viewer-endpoint",
}
"""The profile by which one of ours is told from those of others, whose addresses are complete with query and all."""


@dataclass(frozen=True, slots=True)
class Parts:
    """One resource of each kind, as the model holds it, and their names within the document; and the orders by name.

    `resolver` and `viewer` are endpoints that a document may have or not.
    """

    composition: Any
    study: Any
    patient: Any
    organization: Any
    endpoint: Any
    urls: dict[str, str]
    requests: dict[str, Any]
    resolver: Any
    viewer: Any

    @property
    def endpoints(self) -> list[Any]:
        """All that a link knows."""
        return [it for it in (self.endpoint, self.resolver, self.viewer) if it]


def find_parts(bundle: Any) -> Parts:
    """Find them and check that they meet. Resources of other kinds may stand beside them and are not read."""
    entries = bundle.entry or []
    for place, entry in enumerate(entries):
        demand(entry.fullUrl and entry.resource, f"Bundle.entry[{place}]", "fullUrl and resource are wanted")
    demand(len({entry.fullUrl for entry in entries}) == len(entries), "Bundle.entry.fullUrl", "must be unique")
    demand(entries and _kind(entries[0].resource) == "Composition", "Bundle.entry[0]", "must be the Composition")
    parts = _one_of_each(entries)
    for path, references, kind in _meetings(parts):
        demand(parts.urls[kind] in references, path, f"must refer to the {kind} of this document")
    return parts


def _one_of_each(entries: Iterable[Any]) -> Parts:
    found = defaultdict(list)
    for entry in entries:
        found[_kind(entry.resource)].append(entry)
    one = {kind: only(found[kind], f"Bundle.entry.resource.ofType({kind})") for kind in _KINDS}
    composition, study, patient, organization, endpoint = (it.resource for it in one.values())
    urls = {kind: it.fullUrl for kind, it in one.items()}
    requests = {it.fullUrl: it.resource for it in found["ServiceRequest"]}
    resolver, viewer = (
        at_most_one((it.resource for it in found[kind]), f"Bundle.entry.resource.ofType(Endpoint).where({kind})")
        for kind in _OTHER_ENDPOINTS
    )
    return Parts(composition, study, patient, organization, endpoint, urls, requests, resolver, viewer)


def _kind(resource: Any) -> str:
    """Only an endpoint that serves images is the Endpoint of a pull; resolver and viewer count if they are ours."""
    name: str = resource.get_resource_type()
    if name != "Endpoint" or resource.connectionType.code == names.WADO_RS:
        return name
    code: str = resource.connectionType.code
    return code if code in _OTHER_ENDPOINTS and _claims(resource, _OTHER_ENDPOINTS[code]) else ""


def _claims(resource: Any, profile: str) -> bool:
    claimed = resource.meta.profile if resource.meta else None
    return profile in {str(it).partition("|")[0] for it in claimed or ()}


def _meetings(parts: Parts) -> Iterator[tuple[str, set[str], str]]:
    """Who must refer to whom. Author, custodian and keeper of the endpoint are the one origin."""
    composition, study = parts.composition, parts.study
    details = [detail for event in composition.event or () for detail in event.detail or ()]
    yield "Composition.subject", _named(composition.subject), "Patient"
    yield "Composition.author", _named(*composition.author), "Organization"
    yield "Composition.custodian", _named(composition.custodian), "Organization"
    yield "Composition.event.detail", _named(*details), "ImagingStudy"
    yield "ImagingStudy.subject", _named(study.subject), "Patient"
    for endpoint in parts.endpoints:
        yield "Endpoint.managingOrganization", _named(endpoint.managingOrganization), "Organization"
    for place, series in enumerate(study.series or ()):
        yield f"ImagingStudy.series[{place}].endpoint", _named(*(series.endpoint or ())), "Endpoint"


def _named(*references: Any) -> set[str]:
    return {it.reference for it in references if it is not None and it.reference}
