"""Names that a link document is made of: systems, codes and URLs, each spelled once.

Writer and reader share them. Changing one makes documents that lie in patients' records unreadable, so a name may be
added here, and never altered.
"""

from __future__ import annotations

from urllib.parse import quote
from uuid import UUID, uuid5

from linkexchange.model.identifiers import LinkId, TelematikId
from linkexchange.profiles import BASE

STRUCTURES = f"{BASE}/StructureDefinition"
MANIFEST_DIGEST = f"{STRUCTURES}/manifest-digest"
LISTING_LEVEL = f"{STRUCTURES}/listing-level"
HOME_COMMUNITY_ID = f"{STRUCTURES}/home-community-id"
RETRIEVE_AE_TITLE = f"{STRUCTURES}/retrieve-ae-title"

MADO = "https://profiles.ihe.net/RAD/MADO"
ANATOMICAL_REGION = f"{MADO}/StructureDefinition/MadoAnatomicalRegionExtension"
RETRIEVE_LOCATION_UID = f"{MADO}/StructureDefinition/MadoRetrieveLocationUIDExtension"
DEVICE_TYPE = f"{MADO}/CodeSystem/MadoDeviceType"
MADO_CREATOR = "mado-creator"

URI = "urn:ietf:rfc:3986"
OID = "urn:oid:"
DICOM_UID = "urn:dicom:uid"
DICOM_CODE = "http://dicom.nema.org/resources/ontology/DCM"
STUDY_INSTANCE_UID = "110180"
ACCESSION_NUMBER = "121022"
XHTML = "http://www.w3.org/1999/xhtml"
LOINC = "http://loinc.org"
IMAGING_STUDY = "18748-4"
CATEGORY = "http://hl7.eu/fhir/eu-health-data-api/CodeSystem/eehrxf-document-priority-category-cs"
MEDICAL_IMAGING = "Medical-Imaging"
IDENTIFIER_TYPE = "http://terminology.hl7.org/CodeSystem/v2-0203"
KVNR = "http://fhir.de/sid/gkv/kvid-10"
TELEMATIK_ID = "https://gematik.de/fhir/sid/telematik-id"
BSNR = "https://fhir.kbv.de/NamingSystem/KBV_NS_Base_BSNR"
IKNR = "http://fhir.de/sid/arge-ik/iknr"
LANR = "https://fhir.kbv.de/NamingSystem/KBV_NS_Base_ANR"
CONNECTION_TYPE = "http://terminology.hl7.org/CodeSystem/endpoint-connection-type"
WADO_RS = "dicom-wado-rs"
FHIR_REST = "hl7-fhir-rest"
VIEWER = "ihe-iid"
PAYLOAD_TYPE = "http://terminology.hl7.org/CodeSystem/endpoint-payload-type"


def patient_system(origin: TelematikId) -> str:
    """Identifier system of the origin's own patient numbers."""
    return f"{BASE}/sid/patient/{quote(origin, safe='')}"


def accession_system(origin: TelematikId) -> str:
    """Identifier system of the origin's accession numbers."""
    return f"{BASE}/sid/accession/{quote(origin, safe='')}"


def placer_system(origin: TelematikId) -> str:
    """Identifier system of the numbers under which orders were placed at the origin."""
    return f"{BASE}/sid/placer-order/{quote(origin, safe='')}"


def filler_system(origin: TelematikId) -> str:
    """Identifier system of the numbers that the origin gave to orders."""
    return f"{BASE}/sid/filler-order/{quote(origin, safe='')}"


def full_url(link: LinkId, name: str) -> str:
    """Name of one resource within a document, derived, so that the same link gives the same bytes."""
    return uuid5(UUID(link), name).urn
