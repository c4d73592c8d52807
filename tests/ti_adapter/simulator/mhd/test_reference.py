"""Metadata of XDS become a DocumentReference and are the same again when it is read."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest
from fhir.resources.R4B.documentreference import DocumentReference
from hypothesis import given, settings
from hypothesis import strategies as st
from mhd_bench import KVNR
from xds_samples import ENTRY, PATIENT, PRACTICE

from ti_adapter.epa.mhd.reference import read_reference
from ti_adapter.epa.xds import Author, Metadata
from ti_adapter.simulator.entries import Entry
from ti_adapter.simulator.mhd import EXTENSIONS, document_reference
from ti_adapter.xds import Code, DocumentEntry

NUMBER = "11111111-1111-4111-8111-111111111111"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WORDS = st.text("aZ9ßé漢,|$\\\"'<>", min_size=1, max_size=6)
OIDS = st.builds(lambda first, second: f"1.2.{first}.{second}", st.integers(0, 300), st.integers(0, 9999))
CODES = st.builds(Code, WORDS, OIDS, WORDS)
ONE = st.tuples(CODES)
MANY = st.lists(CODES, min_size=1, max_size=3).map(tuple)
TIMES = st.builds(lambda day, time: f"{day:%Y%m%d}{time:%H%M%S}", st.dates(date(1900, 1, 1)), st.times())
DATES = st.sampled_from([4, 6, 8, 14]).flatmap(lambda size: TIMES.map(lambda it: it[:size]))
KINDS = st.sampled_from(["urn:ihe:iti:xds:2016:studyInstanceUID", "urn:ihe:iti:xds:2013:accession"])
REFERENCES = st.builds(lambda number, kind: f"{number}^^^^{kind}", WORDS, KINDS) | st.builds(
    lambda number, oid, kind: f"{number}^^^&{oid}&ISO^{kind}", WORDS, OIDS, KINDS
)
SLOTS = st.fixed_dictionaries(
    {"creationTime": st.tuples(DATES), "languageCode": st.tuples(st.sampled_from(["de-DE", "en-GB"]))},
    optional={
        "serviceStartTime": st.tuples(DATES),
        "serviceStopTime": st.tuples(DATES),
        "sourcePatientId": st.tuples(st.builds(lambda number, oid: f"{number}^^^&{oid}&ISO", WORDS, OIDS)),
        "urn:ihe:iti:xds:2013:referenceIdList": st.lists(REFERENCES, min_size=1, max_size=3).map(tuple),
    },
)
ENTRIES = st.builds(
    DocumentEntry,
    unique_id=OIDS,
    mime_type=st.sampled_from([*EXTENSIONS, "image/jpeg"]),
    title=WORDS,
    patient_id=st.just(PATIENT),
    author_institution=st.builds(
        lambda name, number: f"{name}^^^^^&1.2.276.0.76.4.188&ISO^^^^1-{number}", WORDS, WORDS
    ),
    codes=st.fixed_dictionaries(
        {
            "classCode": ONE,
            "typeCode": ONE,
            "formatCode": ONE,
            "confidentialityCode": MANY,
            "healthcareFacilityTypeCode": ONE,
            "practiceSettingCode": ONE,
        },
        optional={"eventCodeList": MANY},
    ),
    slots=SLOTS,
)


def entry_of(metadata: DocumentEntry) -> Entry:
    return Entry(NUMBER, "Praxis", NOW, metadata, NUMBER)


@settings(max_examples=40)
@given(metadata=ENTRIES, content=st.binary(max_size=20))
def test_metadata_are_the_same_after_their_way_through_fhir(metadata: DocumentEntry, content: bytes) -> None:
    said = document_reference(entry_of(metadata), Metadata(metadata), content, kvnr=KVNR.value, category="reports")
    found = read_reference(json.loads(json.dumps(said)), KVNR)
    assert found.entry == metadata
    assert (found.entry_uuid, found.size) == (f"urn:uuid:{NUMBER}", len(content))
    assert [one.code for one in found.categories] == ["reports"]


@settings(max_examples=20)
@given(metadata=ENTRIES)
def test_what_is_said_is_fhir(metadata: DocumentEntry) -> None:
    said = document_reference(entry_of(metadata), Metadata(metadata), b"x", kvnr=KVNR.value, category="reports")
    assert DocumentReference.model_validate(said).status == "current"


def test_all_authors_are_told_each_as_what_it_is() -> None:
    people = (Author("123456789^Kohl^Ada^^^Dr.", (PRACTICE, "Labor am Tor")), Author("^Fink^Leo"))
    said = document_reference(entry_of(ENTRY), Metadata(ENTRY, people), b"", kvnr=KVNR.value, category="reports")
    telematik = {"system": "https://gematik.de/fhir/sid/telematik-id", "value": "1-20.1"}
    assert said["author"] == [
        {"type": "Organization", "identifier": telematik, "display": "Praxis am Markt"},
        {"type": "Organization", "display": "Labor am Tor"},
        {"type": "Practitioner", "display": "123456789 Kohl Ada Dr."},
        {"type": "Practitioner", "display": "Fink Leo"},
    ]
    assert read_reference(said, KVNR).entry.author_institution == PRACTICE


@pytest.mark.parametrize("missing", ["confidentialityCode", "eventCodeList", "practiceSettingCode"])
def test_no_element_is_empty(missing: str) -> None:
    codes = {name: codes for name, codes in ENTRY.codes.items() if name != missing}
    metadata = DocumentEntry("2.25.7", "text/plain", "x", PATIENT, codes=codes, slots={"creationTime": ("2026",)})
    said = document_reference(entry_of(metadata), Metadata(metadata), b"", kvnr=KVNR.value, category="reports")
    assert not {"", "[]", "{}", "None"} & {str(value) for value in _all(said)}


def _all(said: object) -> list[object]:
    inner = said.values() if isinstance(said, dict) else said if isinstance(said, list) else ()
    return [said, *(value for one in inner for value in _all(one))]
