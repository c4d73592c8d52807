"""A link as the resources of a FHIR document, in the order of docs/reference/link-document.md.

Plain dictionaries in FHIR's JSON form; the R4B model checks and orders them afterwards. No token, no key, no header:
the document lies in a record for years and many may read it.
"""

from __future__ import annotations

from collections.abc import Iterator

from linkexchange.documents import names
from linkexchange.documents.building import Element, document_id, resource, utc
from linkexchange.documents.compose_endpoints import other_endpoints, wado_endpoint
from linkexchange.documents.compose_head import composition
from linkexchange.documents.compose_parties import device, organization, patient
from linkexchange.documents.compose_study import imaging_study, service_requests
from linkexchange.model.link import Link


def bundle(link: Link, *, address: str) -> Element:
    """The whole document; raises nothing, the model checks it."""
    return resource(
        "Bundle",
        "link-bundle",
        identifier=document_id(link.link),
        type="document",
        timestamp=utc(link.published),
        entry=[{"fullUrl": names.full_url(link.link, name), "resource": it} for name, it in _resources(link, address)],
    )


def _resources(link: Link, address: str) -> Iterator[tuple[str, Element]]:
    """Each with the name that references use."""
    head = (composition(link), imaging_study(link), patient(link), organization(link), wado_endpoint(link, address))
    yield from ((it["resourceType"], it) for it in head)
    yield from other_endpoints(link)
    yield "Device", device(link)
    yield from service_requests(link)
