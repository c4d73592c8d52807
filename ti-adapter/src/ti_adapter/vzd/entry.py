"""From the resources of a search to the one active organisation of a Telematik-ID; no input or output."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ti_adapter.errors import TiError

TELEMATIK_ID: Final = "https://gematik.de/fhir/sid/telematik-id"
PROFESSION_OID: Final = "https://gematik.de/fhir/directory/CodeSystem/OrganizationProfessionOID"

Resource = dict[str, object]


class VzdMalformed(TiError):
    """An answer of the directory is not as it must be; `what` names the part, never its content."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


@dataclass(frozen=True, slots=True)
class DirectoryEndpoint:
    """An active Endpoint: the code of its kind (`kim`, `tim`, ...) and where it is."""

    connection_type: str
    address: str


@dataclass(frozen=True, slots=True)
class DirectoryEntry:
    """An active organisation, as the directory knows it."""

    telematik_id: str
    name: str
    profession_oids: tuple[str, ...]
    endpoints: tuple[DirectoryEndpoint, ...]


def read_entry(resources: Sequence[Resource], telematik_id: str) -> DirectoryEntry | None:
    """The active organisation with exactly this Telematik-ID, and the active endpoints of its active services.

    The search has filtered already, and is not believed. None where there is no such organisation. Raises
    `VzdMalformed` where two claim the Telematik-ID, or what is needed has another form.
    """
    found = [it for it in _of(resources, "Organization") if _is_active(it) and telematik_id in _telematik_ids(it)]
    if not found:
        return None
    if len({str(it.get("id")) for it in found}) > 1:
        raise VzdMalformed("organisation-twice")
    organization, name = found[0], found[0].get("name")
    if not isinstance(name, str):
        raise VzdMalformed("name")
    services = [it for it in _of(resources, "HealthcareService") if _is_of(it, organization)]
    wanted = {reference for it in services for reference in _references(it.get("endpoint"))}
    return DirectoryEntry(telematik_id, name, tuple(_professions(organization)), tuple(_endpoints(resources, wanted)))


def _of(resources: Sequence[Resource], kind: str) -> Iterator[Resource]:
    return (it for it in resources if it.get("resourceType") == kind)


def _is_active(organization: Resource) -> bool:
    return organization.get("active") is True


def _is_of(service: Resource, organization: Resource) -> bool:
    reference = f"Organization/{organization.get('id')}"
    return service.get("active") is not False and reference in _references([service.get("providedBy")])


def _telematik_ids(organization: Resource) -> list[object]:
    return [it.get("value") for it in _objects(organization.get("identifier")) if it.get("system") == TELEMATIK_ID]


def _professions(organization: Resource) -> Iterator[str]:
    for concept in _objects(organization.get("type")):
        for coding in _objects(concept.get("coding")):
            if coding.get("system") == PROFESSION_OID and isinstance(code := coding.get("code"), str):
                yield code


def _endpoints(resources: Sequence[Resource], wanted: set[str]) -> Iterator[DirectoryEndpoint]:
    for endpoint in _of(resources, "Endpoint"):
        if endpoint.get("status") == "active" and f"Endpoint/{endpoint.get('id')}" in wanted:
            yield _endpoint(endpoint)


def _endpoint(endpoint: Resource) -> DirectoryEndpoint:
    match endpoint:
        case {"connectionType": {"code": str(code)}, "address": str(address)}:
            return DirectoryEndpoint(code, address)
        case _:
            raise VzdMalformed("endpoint")


def _references(said: object) -> set[str]:
    """Relative references; an absolute one names its resource by its last two parts."""
    texts = (it.get("reference") for it in _objects(said))
    return {"/".join(it.split("/")[-2:]) for it in texts if isinstance(it, str)}


def _objects(said: object) -> list[Resource]:
    return [it for it in said if isinstance(it, dict)] if isinstance(said, list) else []
