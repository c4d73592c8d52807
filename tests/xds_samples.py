"""Documents, metadata and a submission set, as a practice sends them."""

from __future__ import annotations

from datetime import UTC, datetime

from lxml import etree

from ti_adapter.epa.xds import response, soap
from ti_adapter.epa.xds.metadata import Author, Metadata
from ti_adapter.epa.xds.names import Operation
from ti_adapter.epa.xds.providing import Provided
from ti_adapter.epa.xds.response import Verdict
from ti_adapter.epa.xds.soap import Message
from ti_adapter.epa.xds.submission import SubmissionSet
from ti_adapter.xds import Code, DocumentEntry

PATIENT = "X110411675^^^&1.2.276.0.76.4.8&ISO"
PRACTICE = "Praxis am Markt^^^^^&1.2.276.0.76.4.188&ISO^^^^1-20.1"
CODES = {
    "classCode": (Code("BEF", "1.3.6.1.4.1.19376.3.276.1.5.8", "Befundbericht"),),
    "typeCode": (Code("BILD", "1.3.6.1.4.1.19376.3.276.1.5.9", "Ergebnisse bildgebender Diagnostik"),),
    "formatCode": (Code("urn:ihe:iti:xds:2017:mimeTypeSufficient", "1.3.6.1.4.1.19376.1.2.3", "Genügt"),),
    "eventCodeList": (Code("CT", "1.2.840.10008.2.16.4"), Code("MR", "1.2.840.10008.2.16.4")),
    "practiceSettingCode": (Code("RADI", "1.3.6.1.4.1.19376.3.276.1.5.4", "Radiologie"),),
    "healthcareFacilityTypeCode": (Code("PRA", "1.3.6.1.4.1.19376.3.276.1.5.2", "Arztpraxis"),),
    "confidentialityCode": (Code("N", "2.16.840.1.113883.5.25", "normal"),),
}
SLOTS = {
    "creationTime": ("20260301093000",),
    "languageCode": ("de-DE",),
    "sourcePatientId": (PATIENT,),
    "urn:ihe:iti:xds:2013:referenceIdList": ("2.25.1^^^^urn:ihe:iti:xds:2016:studyInstanceUID", "A-17^^^^b"),
}
ENTRY = DocumentEntry("2.25.7", "application/fhir+xml", "CT Schädel", PATIENT, PRACTICE, "", CODES, SLOTS)
SUBMISSION = SubmissionSet(
    unique_id="2.25.8",
    source_id="1.2.3",
    patient_id=PATIENT,
    submission_time=datetime(2026, 3, 1, 9, 30, tzinfo=UTC),
    author=Author(institutions=(PRACTICE,), roles=("11^^^&1.3.6.1.4.1.19376.3.276.1.5.13&ISO",)),
    content_type_code=Code("1", "1.3.6.1.4.1.19376.3.276.1.5.12", "Patientenkontakt"),
)
ENTRY_UUID = "urn:uuid:5fa0b0f3-6a3b-4a4b-8f7c-3f6dbb1f0001"
OLD_UUID = "urn:uuid:5fa0b0f3-6a3b-4a4b-8f7c-3f6dbb1f0002"
DOCUMENT = Provided(ENTRY_UUID, Metadata(ENTRY), b"<Bundle/>\r\n--\x00\xff")
MESSAGE_ID = "urn:uuid:5fa0b0f3-6a3b-4a4b-8f7c-3f6dbb1f0003"
TO = "https://epa-as-1.dev.epa4all.de/epa/xds-document/api/I_Document_Management"


def answered(element: etree._Element, operation: Operation, **parts: bytes) -> tuple[bytes, str]:
    """An answer to the message of `MESSAGE_ID` as it travels."""
    message = Message(element, operation.answer, "urn:uuid:1", MESSAGE_ID, parts=parts)
    return soap.write(message, mtom=bool(parts))


def said(verdict: Verdict, operation: Operation) -> tuple[bytes, str]:
    return answered(response.write(verdict), operation)
