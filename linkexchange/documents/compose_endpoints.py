"""Where the origin can be asked: for the images, for a grant, and by a person with a browser. Never with a secret."""

from __future__ import annotations

from collections.abc import Iterator

from linkexchange.documents import names
from linkexchange.documents.building import Element, coding, concept, reference, resource, utc
from linkexchange.model.link import Link, LinkStatus

RESOLVER, VIEWER = "Endpoint/resolver", "Endpoint/viewer"
"""Names of these resources within a document."""
WADO_TEXT, RESOLVER_TEXT, VIEWER_TEXT = "DICOM WADO-RS", "Link resolver", "Web viewer"
HTML = "text/html"


def wado_endpoint(link: Link, address: str) -> Element:
    """Where the origin serves the study, and until when."""
    return resource(
        "Endpoint",
        "link-wado-endpoint",
        extension=_ways(link),
        payloadMimeType=["application/dicom"],
        **_endpoint(link, names.WADO_RS, address, payload=WADO_TEXT),
    )


def other_endpoints(link: Link) -> Iterator[tuple[str, Element]]:
    """Those of a resolver and of a viewer, where the origin has them, with the names that references use."""
    said = link.particulars
    if said.resolver:
        kept = _endpoint(link, names.FHIR_REST, said.resolver, payload=RESOLVER_TEXT)
        yield RESOLVER, resource("Endpoint", "link-resolver-endpoint", **kept)
    if said.viewer:
        kept = _endpoint(link, names.VIEWER, said.viewer, payload=VIEWER_TEXT)
        yield VIEWER, resource("Endpoint", "link-viewer-endpoint", payloadMimeType=[HTML], **kept)


def _endpoint(link: Link, kind: str, address: str, *, payload: str) -> Element:
    """What all endpoints have: they are the origin's, and end with the link."""
    return {
        "status": "active" if link.status is LinkStatus.AVAILABLE else "off",
        "connectionType": coding(names.CONNECTION_TYPE, kind),
        "managingOrganization": reference(link, "Organization"),
        "period": {"start": utc(link.published), "end": utc(link.expires)},
        "payloadType": [concept(coding(names.PAYLOAD_TYPE, "none"), text=payload)],
        "address": str(address),
    }


def _ways(link: Link) -> list[Element]:
    """Other names under which the study can be asked for."""
    origin, ae_title = link.origin, (link.retrieve_ae or "").strip()
    community = names.OID + origin.home_community if origin.home_community else ""
    ways = (
        {"url": names.RETRIEVE_LOCATION_UID, "valueString": str(origin.location or "")},
        {"url": names.HOME_COMMUNITY_ID, "valueUri": community},
        {"url": names.RETRIEVE_AE_TITLE, "valueString": ae_title},
    )
    return [it for it in ways if all(it.values())]
