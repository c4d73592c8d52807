"""A simulated FHIR-VZD: the search for services of an organisation, with a token and in pages; beside it the tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from uuid import UUID, uuid5

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from ti_adapter.simulator.vzd_tokens import Tokens, token_router
from ti_adapter.vzd.entry import PROFESSION_OID, TELEMATIK_ID
from ti_adapter.vzd.search import SERVICES

_SPACE = UUID("6f0f7a52-6a9d-4a5e-9d5c-0f8f6f1d6a11")
_ESCAPED = re.compile(r"\\(.)")
_OTHER_ROLE = "1.2.276.0.76.4.54"
_OTHER_NAME = "Andere Einrichtung"
_MANDATORY = {"organization.active": "true"}
_KNOWN = frozenset({"organization.active", "endpoint.status", "_include", "organization.identifier", "_offset"})

Resource = dict[str, object]


class VzdFault(StrEnum):
    """What may be wrong with what the directory says, beside its being down."""

    NOBODY = "nobody listed"
    OTHER_ROLES = "other roles"
    OTHER_NAMES = "other names"
    CLIENTS_UNKNOWN = "clients unknown"


@dataclass(frozen=True, slots=True)
class ListedOrganization:
    """One organisation: its endpoints are pairs of connection type and address, of any status."""

    telematik_id: str
    name: str
    profession_oid: str
    is_active: bool = True
    endpoints: tuple[tuple[str, str], ...] = ()
    endpoint_status: str = "active"

    def resources(self) -> Iterator[Resource]:
        """HealthcareService, Organization and Endpoints."""
        own, ids = _id(self.telematik_id), [_id(address) for _, address in self.endpoints]
        yield {
            "resourceType": "HealthcareService",
            "id": _id(f"service of {self.telematik_id}"),
            "active": True,
            "providedBy": {"reference": f"Organization/{own}"},
            "endpoint": [{"reference": f"Endpoint/{it}"} for it in ids],
        }
        yield {
            "resourceType": "Organization",
            "id": own,
            "active": self.is_active,
            "identifier": [{"system": TELEMATIK_ID, "value": self.telematik_id}],
            "type": [{"coding": [{"system": PROFESSION_OID, "code": self.profession_oid}]}],
            "name": self.name,
        }
        for name, (kind, address) in zip(ids, self.endpoints, strict=True):
            status, connection = self.endpoint_status, {"code": kind}
            shown = {"id": name, "status": status, "connectionType": connection, "address": address}
            yield {"resourceType": "Endpoint", **shown}


@dataclass(slots=True)
class Directory:
    """What is listed, which tokens open it, how many resources a page holds, and what registered clients get."""

    listed: list[ListedOrganization] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set, repr=False)
    page_size: int = 50
    services: Tokens | None = None
    faults: set[str] = field(default_factory=set)

    def is_opened_by(self, token: str) -> bool:
        """By a token of the record systems, or by one that was given to a registered client."""
        return token in self.tokens or (self.services is not None and self.services.opens_search(token))

    def search(self, identifier: str) -> list[Resource]:
        """All resources of the active organisations with exactly this Telematik-ID."""
        shown = () if VzdFault.NOBODY in self.faults else map(self._shown, self.listed)
        found = (it for it in shown if it.is_active and it.telematik_id == identifier)
        return [resource for organization in found for resource in organization.resources()]

    def _shown(self, organization: ListedOrganization) -> ListedOrganization:
        if VzdFault.OTHER_ROLES in self.faults:
            organization = replace(organization, profession_oid=_OTHER_ROLE)
        if VzdFault.OTHER_NAMES in self.faults:
            organization = replace(organization, name=_OTHER_NAME)
        return organization


def create_app(directory: Directory) -> FastAPI:
    """The search as an ASGI application: 401 without a token, 400 for a search it must not answer."""
    app = FastAPI(title="Simulated FHIR-VZD", openapi_url=None)
    if directory.services:
        app.include_router(token_router(directory.services))

    @app.get(SERVICES)
    async def services(request: Request) -> JSONResponse:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not directory.is_opened_by(token):
            return _outcome(401, "login")
        query = dict(request.query_params)
        if not _is_right(query, len(request.query_params.multi_items())):
            return _outcome(400, "invalid")
        return _answer(request, directory, query)

    return app


def _is_right(query: Mapping[str, str], count: int) -> bool:
    is_known = query.keys() <= _KNOWN and len(query) == count and query.get("_offset", "0").isdecimal()
    return is_known and "organization.identifier" in query and _MANDATORY.items() <= query.items()


def _answer(request: Request, directory: Directory, query: Mapping[str, str]) -> JSONResponse:
    identifier = _ESCAPED.sub(r"\1", query["organization.identifier"])
    found, start = directory.search(identifier), int(query.get("_offset", "0"))
    end = start + directory.page_size
    bundle: Resource = {"resourceType": "Bundle", "type": "searchset", "link": []}
    bundle["entry"] = [{"resource": it} for it in found[start:end]]
    if end < len(found):
        bundle["link"] = [{"relation": "next", "url": str(request.url.include_query_params(_offset=end))}]
    return JSONResponse(bundle, media_type="application/fhir+json")


def _outcome(status: int, code: str) -> JSONResponse:
    outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": code}]}
    return JSONResponse(outcome, status, media_type="application/fhir+json")


def _id(name: str) -> str:
    return str(uuid5(_SPACE, name))
