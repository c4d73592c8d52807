from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from simulated_ti import upload
from xds_samples import ENTRY

from ti_adapter.attestation import Attestation
from ti_adapter.simulator.content_policy import MEDIA_TYPES, ContentPolicy, ContentRefused
from ti_adapter.simulator.record import RecordSystem
from ti_adapter.xds import Code, DocumentEntry

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CLINIC = Attestation("5-2.9001", ("1.2.276.0.76.4.53",), "Klinik Nord", "n")


def told(mime_type: str, class_code: str = "BEF", **codes: str) -> DocumentEntry:
    scheme = "1.3.6.1.4.1.19376.3.276.1.5.8"
    named = {"classCode": (Code(class_code, scheme),)} | {name: (Code(one, scheme),) for name, one in codes.items()}
    return replace(ENTRY, mime_type=mime_type, codes={**named, "eventCodeList": ()})


def is_taken(metadata: DocumentEntry) -> bool:
    try:
        ContentPolicy().check(metadata)
    except ContentRefused:
        return False
    return True


@pytest.mark.parametrize("mime_type", sorted(MEDIA_TYPES))
def test_a_report_may_have_every_media_type_of_the_epa(mime_type: str) -> None:
    assert is_taken(told(mime_type))


@pytest.mark.parametrize("mime_type", ["application/dicom", "application/zip", "text/html", "APPLICATION/PDF", ""])
def test_other_media_types_are_refused(mime_type: str) -> None:
    assert not is_taken(told(mime_type))


def test_whoever_runs_the_records_may_allow_another_media_type() -> None:
    ContentPolicy(MEDIA_TYPES | {"application/dicom"}).check(told("application/dicom"))


@pytest.mark.parametrize(
    ("mime_type", "class_code", "format_code", "taken"),
    [
        ("application/fhir+xml", "AUS", "urn:gematik:ig:Impfausweis:v1.1.0", True),
        ("application/fhir+xml", "AUS", "urn:gematik:ig:Impfausweis:v9.0.0", True),
        ("application/pdf", "AUS", "urn:gematik:ig:Impfausweis:v1.1.0", False),
        ("application/fhir+xml", "BEF", "urn:gematik:ig:Impfausweis:v1.1.0", False),
        ("application/pkcs7-mime", "AUS", "urn:gematik:ig:KinderuntersuchungsheftUntersuchungen:v1.0.1", True),
        ("application/pkcs7-mime", "AUS", "urn:gematik:ig:KinderuntersuchungsheftNotizen:v1.0.1", False),
        ("application/hl7-v3", "BRI", "urn:gematik:ig:DMP-COPD:v4", True),
        ("application/fhir+xml", "BEF", "urn:gematik:ig:Bildbefund:v1.0", True),
        ("application/fhir+xml", "BEF", "urn:ihe:iti:xds:2017:mimeTypeSufficient", True),
        ("application/fhir+json", "BEF", "urn:ihe:iti:xds:2017:mimeTypeSufficient", True),
    ],
)
def test_a_guide_fixes_class_and_media_type_of_its_format(
    mime_type: str, class_code: str, format_code: str, taken: bool
) -> None:
    assert is_taken(told(mime_type, class_code, formatCode=format_code)) is taken


@pytest.mark.parametrize(("mime_type", "taken"), [("image/jpeg", True), ("application/fhir+xml", False)])
def test_an_image_of_a_modality_is_an_image(mime_type: str, taken: bool) -> None:
    image = told(mime_type, "BIL")
    modality = {**image.codes, "eventCodeList": (Code("CT", "1.2.840.10008.2.16.4"),)}
    assert is_taken(replace(image, codes=modality)) is taken
    assert is_taken(image)


def test_a_record_refuses_it_and_the_patient_sees_that() -> None:
    records, kvnr = RecordSystem(lambda: NOW, content=ContentPolicy()), "X110411319"
    records.open_record(kvnr)
    records.entitle(kvnr, CLINIC.telematik_id, NOW + timedelta(days=1))
    first = records.store(CLINIC, kvnr, upload(b"<Bundle/>", "application/fhir+xml", "CT"))
    dicom = upload(b"DICM", "application/dicom", "CT")
    for refused in (
        lambda: records.store(CLINIC, kvnr, dicom),
        lambda: records.replace(CLINIC, kvnr, dicom, entry=first.entry),
        lambda: records.update(CLINIC, kvnr, first.entry, lambda _: dicom.metadata),
    ):
        with pytest.raises(ContentRefused):
            refused()
    outcomes = [(line.operation, line.outcome) for line in records.accesses(kvnr)]
    assert outcomes[1:] == [(name, "malformedRequest") for name in ("store", "replace", "update")]
    assert records.find(CLINIC, kvnr) == [first]
