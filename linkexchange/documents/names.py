"""Names that a link document is made of: systems, codes and URLs, each spelled once.

Writer and reader share them. Changing one makes documents that lie in patients' records unreadable, so a name may be
added here, and never altered.
"""

from __future__ import annotations

from urllib.parse import quote
from uuid import UUID, uuid5

from linkexchange.model.identifiers import LinkId, TelematikId
from linkexchange.profiles import BASE

MANIFEST_DIGEST = f"{BASE}/StructureDefinition/manifest-digest"

URI = "urn:ietf:rfc:3986"
OID = "urn:oid:"
DICOM_UID = "urn:dicom:uid"
DICOM_CODE = "http://dicom.nema.org/resources/ontology/DCM"
LOINC = "http://loinc.org"
IMAGING_STUDY = "18748-4"
IDENTIFIER_TYPE = "http://terminology.hl7.org/CodeSystem/v2-0203"
KVNR = "http://fhir.de/sid/gkv/kvid-10"
TELEMATIK_ID = "https://gematik.de/fhir/sid/telematik-id"
CONNECTION_TYPE = "http://terminology.hl7.org/CodeSystem/endpoint-connection-type"
WADO_RS = "dicom-wado-rs"
PAYLOAD_TYPE = "http://terminology.hl7.org/CodeSystem/endpoint-payload-type"


def patient_system(origin: TelematikId) -> str:
    """Identifier system of the origin's own patient numbers."""
    return f"{BASE}/sid/patient/{quote(origin, safe='')}"


def accession_system(origin: TelematikId) -> str:
    """Identifier system of the origin's accession numbers."""
    return f"{BASE}/sid/accession/{quote(origin, safe='')}"


def full_url(link: LinkId, resource_type: str) -> str:
    """Name of one resource within a document, derived, so that the same link gives the same bytes."""
    return uuid5(UUID(link), resource_type).urn
