"""The directory as FHIR R4: searches for Organization and Endpoint, over the same mTLS port and rows as the rest.

docs/reference/directory.md describes it. An id is the SHA-256 of the Telematik-ID, since that may hold characters that
an id may not.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Query, Request
from fastapi.responses import JSONResponse

from linkexchange.errors import MessageFault
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.participant import Participant
from linkexchange.web.outcome import MEDIA_TYPE

TELEMATIK_ID = "https://gematik.de/fhir/sid/telematik-id"
CONNECTIONS = "http://terminology.hl7.org/CodeSystem/endpoint-connection-type"
WADO_PATH = "/studies"
Resource = dict[str, Any]
Token = Annotated[str | None, Query(max_length=300)]
"""The value of a search parameter."""
BUNDLE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Bundle of type searchset (FHIR R4).",
        "content": {MEDIA_TYPE: {"schema": {"type": "object", "required": ["resourceType", "type", "total", "entry"]}}},
    }
}


class FhirAnswer(JSONResponse):
    """A FHIR resource in JSON."""

    media_type = MEDIA_TYPE


def organization(it: Participant) -> Resource:
    """A participant, with a reference to its endpoint. `contact` is text for people."""
    number = id_of(it.telematik_id)
    told: Resource = {
        "resourceType": "Organization",
        "id": number,
        "identifier": [{"system": TELEMATIK_ID, "value": str(it.telematik_id)}],
        "active": True,
        "name": it.name,
        "endpoint": [{"reference": f"Endpoint/{number}"}],
    }
    return {**told, "contact": [{"name": {"text": it.contact}}]} if it.contact else told


def endpoint(it: Participant) -> Resource:
    """Where its node answers WADO-RS (PS3.18)."""
    number = id_of(it.telematik_id)
    return {
        "resourceType": "Endpoint",
        "id": number,
        "status": "active",
        "connectionType": {"system": CONNECTIONS, "code": "dicom-wado-rs"},
        "name": it.name,
        "managingOrganization": {"reference": f"Organization/{number}"},
        "payloadType": [{"text": "DICOM"}],
        "payloadMimeType": ["application/dicom"],
        "address": it.node_url + WADO_PATH,
    }


def id_of(telematik_id: TelematikId) -> str:
    """64 hexadecimal digits."""
    return hashlib.sha256(telematik_id.encode()).hexdigest()


def search_organizations(
    request: Request, participants: Sequence[Participant], identifier: str | None, name: str | None
) -> Resource:
    """A `searchset` of those with this identifier (token), and of whose name this is the beginning of a word."""
    _check_known(request, {"identifier", "name"})
    system, value = _token(identifier or "")
    if system not in {None, TELEMATIK_ID}:
        return _bundle(request, [])
    found = [
        organization(it)
        for it in participants
        if (identifier is None or it.telematik_id == value) and _begins(it.name.casefold(), (name or "").casefold())
    ]
    return _bundle(request, found)


def search_endpoints(request: Request, participants: Sequence[Participant], organization: str | None) -> Resource:
    """A `searchset` of the endpoint of one organisation (its id, or a reference to it), or of all endpoints."""
    _check_known(request, {"organization"})
    wanted = (organization or "").removeprefix("Organization/")
    return _bundle(request, [endpoint(it) for it in participants if wanted in {"", id_of(it.telematik_id)}])


def _token(text: str) -> tuple[str | None, str]:
    """System and value of a search for a token, whose special characters may be escaped (FHIR R4, 3.1.1.4.10)."""
    first, *second = re.split(r"(?<!\\)\|", text, maxsplit=1)
    system, value = (first, second[0]) if second else (None, first)
    return system, re.sub(r"\\([\\$,|])", r"\1", value)


def _begins(name: str, text: str) -> bool:
    """A search for a string finds where the whole or one of its words begins so (FHIR R4, 3.1.1.4.8)."""
    return name.startswith(text) or any(word.startswith(text) for word in name.split())


def _check_known(request: Request, known: set[str]) -> None:
    """Each at most once: what is asked for twice, or is not known here, would be a search for something else."""
    asked = [name for name, _ in request.query_params.multi_items()]
    if len(set(asked)) != len(asked) or not set(asked) <= known:
        raise MessageFault(f"search: {' and '.join(sorted(known))}, each once, are known")


def _bundle(request: Request, found: Sequence[Resource]) -> Resource:
    base = str(request.base_url).rstrip("/") + "/fhir/"
    query = "&".join(f"{key}={quote(value, safe='|')}" for key, value in request.query_params.multi_items())
    own = base + request.url.path.rpartition("/")[2]
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(found),
        "link": [{"relation": "self", "url": f"{own}?{query}" if query else own}],
        "entry": [
            {"fullUrl": f"{base}{it['resourceType']}/{it['id']}", "resource": it, "search": {"mode": "match"}}
            for it in found
        ],
    }
