"""Client and simulated service over the rules of the simulated record: both ends in one test."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
import xds_schemas
from lxml import etree
from xds_bench import KVNR, NEXT, PRACTICE, REPOSITORY, STRANGER, Bench
from xds_samples import CODES, DOCUMENT, ENTRY, PATIENT, SLOTS, SUBMISSION, TO

from ti_adapter.epa.xds import (
    Metadata,
    Search,
    Wanted,
    XdsConflict,
    XdsNotFound,
    XdsNotPermitted,
    XdsRequestRefused,
    soap,
)
from ti_adapter.epa.xds.names import RIM, SET_CONTENT_TYPE, SET_SOURCE_ID, SOAP, SUBMISSION_SET, XDS, Status
from ti_adapter.epa.xds.query import find_documents, read_found
from ti_adapter.simulator.xds import SimulatedXds


@pytest.fixture
def bench() -> Bench:
    return Bench.with_document()


def test_what_was_provided_is_found_and_comes_back_byte_for_byte(bench: Bench) -> None:
    (found,) = bench.find()
    assert found.metadata.entry == replace(ENTRY, slots={"repositoryUniqueId": (REPOSITORY,)} | SLOTS)
    wanted = Wanted(found.metadata.entry.unique_id, found.repository_unique_id)
    (got,) = bench.service().retrieve([wanted]).documents
    assert (got.content, got.mime_type) == (DOCUMENT.content, ENTRY.mime_type)


def test_a_replaced_document_is_neither_found_nor_retrieved(bench: Bench) -> None:
    (old,) = bench.find()
    bench.service().provide_and_register([replace(NEXT, replaces=old.entry_uuid)], SUBMISSION)
    assert [one.metadata.entry.unique_id for one in bench.find()] == ["2.25.9"]
    with pytest.raises(XdsNotFound):
        bench.service().retrieve([Wanted("2.25.7", REPOSITORY)])


def test_what_was_replaced_once_is_not_replaced_again(bench: Bench) -> None:
    (old,) = bench.find()
    bench.service().provide_and_register([replace(NEXT, replaces=old.entry_uuid)], SUBMISSION)
    again = replace(NEXT, metadata=Metadata(replace(ENTRY, unique_id="2.25.10")), replaces=old.entry_uuid)
    with pytest.raises(XdsConflict):
        bench.service().provide_and_register([again], SUBMISSION)


def test_a_number_is_taken_once(bench: Bench) -> None:
    with pytest.raises(XdsConflict):
        bench.service().provide_and_register([DOCUMENT], SUBMISSION)


def test_documents_are_got_by_their_numbers(bench: Bench) -> None:
    (found,) = bench.find()
    service = bench.service()
    assert service.get(PATIENT, entry_uuids=("urn:uuid:0", found.entry_uuid)).documents == (found,)
    assert service.get(PATIENT, unique_ids=("2.25.7",)).documents == (found,)
    assert service.get(PATIENT, unique_ids=("2.25.0",)).documents == ()


@pytest.mark.parametrize(
    ("criteria", "count"),
    [
        ({"codes": {"classCode": CODES["classCode"], "eventCodeList": CODES["eventCodeList"][1:]}}, 1),
        ({"codes": {"classCode": CODES["typeCode"]}}, 0),
        ({"created_from": datetime(2026, 3, 1, 9, 30, tzinfo=UTC)}, 1),
        ({"created_from": datetime(2026, 3, 1, 9, 31, tzinfo=UTC)}, 0),
        ({"created_to": datetime(2026, 3, 1, 9, 30, tzinfo=UTC)}, 0),
        ({"reference_ids": ("A-17^^^^b",)}, 1),
        ({"reference_ids": ("A-18^^^^b", "it's")}, 0),
    ],
)
def test_documents_are_found_by_what_they_are_about(bench: Bench, criteria: dict[str, object], count: int) -> None:
    assert len(bench.find(**criteria)) == count


def test_a_hidden_document_is_not_there(bench: Bench) -> None:
    (found,) = bench.find()
    bench.records.hide(KVNR, found.entry_uuid.removeprefix("urn:uuid:"))
    assert bench.find() == []
    with pytest.raises(XdsNotFound):
        bench.service().retrieve([Wanted("2.25.7", REPOSITORY)])


def test_what_is_missing_comes_with_what_is_there(bench: Bench) -> None:
    got = bench.service().retrieve([Wanted("2.25.7", REPOSITORY), Wanted("2.25.0", REPOSITORY), Wanted("1", "1.2")])
    assert [one.unique_id for one in got.documents] == ["2.25.7"]
    assert got.errors == ("XDSDocumentUniqueIdError", "XDSUnknownRepositoryId")


def test_an_institution_that_is_not_entitled_learns_and_stores_nothing(bench: Bench) -> None:
    service = bench.service(STRANGER)
    with pytest.raises(XdsNotPermitted):
        service.find(Search(PATIENT))
    with pytest.raises(XdsNotPermitted):
        service.retrieve([Wanted("2.25.7", REPOSITORY)])
    with pytest.raises(XdsNotPermitted):
        service.provide_and_register([NEXT], SUBMISSION)


@pytest.mark.parametrize(
    "entry",
    [
        replace(ENTRY, codes={name: codes for name, codes in CODES.items() if name != "typeCode"}),
        replace(ENTRY, codes=CODES | {"classCode": CODES["classCode"] * 2}),
        replace(ENTRY, slots={}),
        replace(ENTRY, author_institution=""),
    ],
)
def test_metadata_that_miss_what_xds_requires_are_refused(entry: object) -> None:
    with pytest.raises(XdsRequestRefused) as caught:
        Bench().service().provide_and_register([replace(DOCUMENT, metadata=Metadata(entry))], SUBMISSION)
    assert caught.value.reason == "XDSRepositoryMetadataError"


def test_a_document_of_another_patient_is_refused() -> None:
    other = PATIENT.replace("X1", "Y1")
    for entry, submission in (
        (replace(ENTRY, patient_id=other), SUBMISSION),
        (ENTRY, replace(SUBMISSION, patient_id=other)),
    ):
        with pytest.raises(XdsNotPermitted):
            Bench().service().provide_and_register([replace(DOCUMENT, metadata=Metadata(entry))], submission)
    with pytest.raises(XdsNotPermitted):
        Bench().service().find(Search(other))


def test_a_submission_set_without_source_and_type_is_taken_as_gematiks_library_writes_it(bench: Bench) -> None:
    request = soap.read(*bench.messages[0])
    for path in (f"@identificationScheme='{SET_SOURCE_ID}'", f"@classificationScheme='{SET_CONTENT_TYPE}'"):
        (element,) = request.element.iterfind(f".//*[{path}]")
        element.getparent().remove(element)
    answer = SimulatedXds(Bench().records, REPOSITORY).answer(PRACTICE, KVNR, *soap.write(request, mtom=True))
    assert soap.read(*answer).element.get("status") == Status.SUCCESS


def test_a_list_of_one_patient_is_read_as_gematiks_library_writes_it(bench: Bench) -> None:
    body, content_type = find_documents(Search(PATIENT), message_id="urn:uuid:1", to=TO)
    cx = PATIENT.replace("&", "&amp;").encode()
    answer = SimulatedXds(bench.records, REPOSITORY).answer(
        PRACTICE, KVNR, body.replace(b"'%s'" % cx, b"('%s')" % cx), content_type
    )
    assert len(read_found(*answer, message_id="urn:uuid:1", patient_id=PATIENT).documents) == 1


CHANGES = {
    "no-document": ("XDSMissingDocument", f"{{{XDS}}}Document"),
    "no-set": ("XDSRepositoryMetadataError", f".//{{{RIM}}}RegistryPackage"),
    "no-membership": ("XDSRepositoryMetadataError", f".//{{{RIM}}}Association"),
    "no-metadata": ("XDSRepositoryMetadataError", f".//{{{RIM}}}ExtrinsicObject"),
    "no-kind-of-set": ("XDSRepositoryMetadataError", f".//*[@classificationNode='{SUBMISSION_SET}']"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_submission_that_is_not_whole_is_refused_for_its_own_reason(bench: Bench, name: str) -> None:
    reason, path = CHANGES[name]
    request = soap.read(*bench.messages[0])
    gone = request.element.find(path)
    gone.getparent().remove(gone)
    answer = SimulatedXds(bench.records, REPOSITORY).answer(PRACTICE, KVNR, *soap.write(request, mtom=True))
    assert soap.read(*answer).element.xpath("string(//@errorCode)") == reason


@pytest.mark.parametrize(("body", "content_type"), [(b"", ""), (b"<a/>", "application/soap+xml"), (b"a", "text/plain")])
def test_what_is_no_message_is_a_fault(bench: Bench, body: bytes, content_type: str) -> None:
    answer = SimulatedXds(bench.records, REPOSITORY).answer(PRACTICE, KVNR, body, content_type)
    assert soap.read(*answer).element.tag == f"{{{SOAP}}}Fault"


def test_every_message_in_both_directions_follows_the_schemas(bench: Bench) -> None:
    bench.find(codes=CODES)
    bench.service().retrieve([Wanted("2.25.7", REPOSITORY), Wanted("2.25.0", REPOSITORY)])
    with pytest.raises(XdsConflict):
        bench.service().provide_and_register([DOCUMENT], SUBMISSION)
    found: list[etree._Element] = [soap.read(*message).element for message in bench.messages]
    assert len(found) == 8
    assert [xds_schemas.errors(element) for element in found] == [[]] * 8
