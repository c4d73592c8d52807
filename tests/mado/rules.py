"""What the profiles of MADO add to FHIR R4, in words of FHIRPath: so every test run knows it, without IHE's sources.

Rules are of a whole Bundle or of a DocumentReference, and have the names of the documents that break them (`planted`).
`make mado` holds the same examples and the same broken documents against the profiles themselves.
"""

from __future__ import annotations

DCM = "http://dicom.nema.org/resources/ontology/DCM"
_COMPOSITION = "entry.resource.ofType(Composition)"
_STUDY = "entry.resource.ofType(ImagingStudy)"
_ENDPOINT = "entry.resource.ofType(Endpoint).where(meta.profile.where($this.endsWith('/MadoWadoEndpoint')).exists())"
_DEVICE = "entry.resource.ofType(Device)"
_ORDERS = "entry.resource.ofType(ServiceRequest)"
_ACCESSION = "identifier.where(type.coding.where(code = 'ACSN').exists())"


def _led_to(reference: str, kind: str) -> str:
    """How many of these references lead to an entry of this type."""
    entries = f"%resource.entry.where(resource.ofType({kind}).exists()).fullUrl"
    return f"{reference}.where(reference in {entries}).count()"


IN_BUNDLES: dict[str, dict[str, str]] = {
    "MadoFhirBundle": {
        "identifier 1..1": "identifier.count() = 1",
        "timestamp 1..1": "timestamp.count() = 1",
        "type = document": "type = 'document'",
        "total 0..0": "total.empty()",
        "entry:wado-endpoint 1..*": f"{_ENDPOINT}.where(connectionType.code = 'dicom-wado-rs').exists()",
        "entry:creator 1..1": f"{_DEVICE}.count() = 1",
        "entry:imaging-study 1..1": f"{_STUDY}.count() = 1",
    },
    "MadoComposition": {
        "text 1..1": f"{_COMPOSITION}.text.count() = 1",
        "text.status not empty": f"{_COMPOSITION}.text.where(status = 'empty').empty()",
        "identifier 1..1": f"{_COMPOSITION}.identifier.count() = 1",
        "subject 1..1": f"{_COMPOSITION}.subject.count() = 1",
        "author:source-organization 1..1": f"{_led_to(f'{_COMPOSITION}.author', 'Organization')} = 1",
        "author:source-device 1..1": f"{_led_to(f'{_COMPOSITION}.author', 'Device')} = 1",
        "event:imaging-study 1..1": f"{_led_to(f'{_COMPOSITION}.event.detail', 'ImagingStudy')} = 1",
        "section.text 1..1": f"{_COMPOSITION}.section.all(text.exists())",
        "section.text.status not empty": f"{_COMPOSITION}.section.text.where(status = 'empty').empty()",
    },
    "MadoImagingStudy": {
        "identifier:study-instance-uid 1..1": f"{_STUDY}.identifier.count() = 1",
        "identifier.system = urn:dicom:uid": f"{_STUDY}.identifier.all(system = 'urn:dicom:uid')",
        "identifier.type DCM 110180": (
            f"{_STUDY}.identifier.all(type.coding.where(system = '{DCM}' and code = '110180').exists())"
        ),
        "basedOn.identifier 1..1": f"{_STUDY}.basedOn.all(identifier.exists())",
        "basedOn:order 0..1": f"{_STUDY}.basedOn.count() <= 1",
        "numberOfSeries 1..1": f"{_STUDY}.numberOfSeries.count() = 1",
        "mado-reqproc-1": f"({_STUDY}.procedureCode.text | {_STUDY}.procedureCode.coding.display).exists()",
        "series.numberOfInstances 1..1": f"{_STUDY}.series.all(numberOfInstances.exists())",
        "series.endpoint:wado 1..*": f"{_STUDY}.series.all(endpoint.exists())",
        "series.instance 1..*": f"{_STUDY}.series.all(instance.exists())",
    },
    "MadoWadoEndpoint": {
        "retrieve-location-uid 1..1": (
            f"{_ENDPOINT}.extension.where(url.endsWith('/MadoRetrieveLocationUIDExtension')).count() = 1"
        ),
        "status = active": f"{_ENDPOINT}.status = 'active'",
        "connectionType dicom-wado-rs": f"{_ENDPOINT}.connectionType.code = 'dicom-wado-rs'",
        "payloadType:text-wado 1..1": f"{_ENDPOINT}.payloadType.coding.where(code = 'none').count() = 1",
        "payloadType.text": f"{_ENDPOINT}.payloadType.text = 'DICOM WADO-RS'",
    },
    "MadoCreator": {
        "type 1..1": f"{_DEVICE}.type.coding.count() = 1",
        "type mado-creator": f"{_DEVICE}.type.coding.code = 'mado-creator'",
    },
    "MadoRequestedProcedure": {
        "accession-number 1..1": f"{_ORDERS}.all({_ACCESSION}.count() = 1)",
        "accession-number.system 1..1": f"{_ORDERS}.all({_ACCESSION}.system.exists())",
        "accession-number.type DCM 121022": (
            f"{_ORDERS}.all({_ACCESSION}.type.coding.where(system = '{DCM}' and code = '121022').exists())"
        ),
    },
}
_SAME = "%resource.masterIdentifier.system = system and %resource.masterIdentifier.value = value"
IN_REFERENCES: dict[str, str] = {
    "masterIdentifier 1..1 (MHD)": "masterIdentifier.count() = 1",
    "masterIdentifier.use = usual (MHD)": "masterIdentifier.use = 'usual'",
    "mado-docref-1": f"masterIdentifier.empty() or identifier.where({_SAME}).exists()",
    "identifier 1..*": "identifier.exists()",
    "modality 1..1": "extension.where(url.endsWith('/extension-DocumentReference.modality')).count() = 1",
    "type 1..1": "type.count() = 1",
    "category 1..1": "category.count() = 1",
    "subject 1..1": "subject.count() = 1",
    "attachment.contentType": "content.attachment.contentType = 'application/fhir+json'",
    "attachment.language 1..1": "content.attachment.language.count() = 1",
    "attachment.creation 1..1": "content.attachment.creation.count() = 1",
    "attachment.url 1..1 (MHD)": "content.attachment.url.count() = 1",
    "format code": "content.format.code = 'urn:ihe:rad:MADO:fhir-manifest:2026'",
    "content.profile 1..*": (
        "content.extension.where(url.endsWith('/extension-DocumentReference.content.profile'))"
        ".extension.value.where($this.endsWith('/MadoFhirBundle')).exists()"
    ),
    "context.facilityType 1..1": "context.facilityType.count() = 1",
    "context.practiceSetting 1..1": "context.practiceSetting.count() = 1",
    "context.period.start 1..1": "context.period.start.count() = 1",
    "related:study-instance-uid 1..1": (
        f"context.related.identifier.type.coding.where(system = '{DCM}' and code = '110180').count() = 1"
    ),
}
RULES: dict[tuple[str, str], str] = {
    (profile, rule): expression for profile, rules in IN_BUNDLES.items() for rule, expression in rules.items()
} | {("MadoFhirDocumentReference", rule): expression for rule, expression in IN_REFERENCES.items()}
