"""ITI-18."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
import xds_schemas
from lxml import etree
from xds_samples import CODES, ENTRY, ENTRY_UUID, MESSAGE_ID, OLD_UUID, PATIENT, TO, answered

from ti_adapter.epa.xds import rim, soap
from ti_adapter.epa.xds.errors import Malformed, XdsFault, XdsMalformed, XdsNotPermitted
from ti_adapter.epa.xds.metadata import Metadata, extrinsic_object
from ti_adapter.epa.xds.names import QUERY, RIM, Availability, Operation, Status
from ti_adapter.epa.xds.query import (
    FIND_DOCUMENTS,
    FIND_DOCUMENTS_BY_REFERENCE_ID,
    GET_DOCUMENTS,
    Found,
    Search,
    find_documents,
    get_documents,
    read_found,
)
from ti_adapter.epa.xds.response import Verdict, write
from ti_adapter.epa.xds.soap import maker

OPERATION = Operation.STORED_QUERY
BERLIN = timezone(timedelta(hours=1))


def asked(sent: tuple[bytes, str]) -> tuple[str, dict[str, tuple[str, ...]]]:
    message = soap.read(*sent)
    assert (message.action, sent[1].partition(";")[0]) == (OPERATION, "application/soap+xml")
    assert xds_schemas.errors(message.element) == []
    query = message.element.find(f"{{{RIM}}}AdhocQuery")
    return query.get("id"), rim.read_slots(query)


def found(search: Search) -> tuple[str, dict[str, tuple[str, ...]]]:
    return asked(find_documents(search, message_id=MESSAGE_ID, to=TO))


def registered(entry_uuid: str = ENTRY_UUID, patient_id: str = PATIENT) -> etree._Element:
    element = extrinsic_object(Metadata(replace(ENTRY, patient_id=patient_id)), entry_uuid)
    element.set("status", Availability.APPROVED)
    return element


def listing(*entries: etree._Element, verdict: Verdict = Verdict(Status.SUCCESS)) -> tuple[bytes, str]:  # noqa: B008
    inside = list(write(verdict))
    element = maker(QUERY).AdhocQueryResponse(*inside, maker(RIM).RegistryObjectList(*entries), status=verdict.status)
    assert xds_schemas.errors(element) == []
    return answered(element, OPERATION)


def read(answer: tuple[bytes, str]) -> Found:
    return read_found(*answer, message_id=MESSAGE_ID, patient_id=PATIENT)


def test_what_a_patient_has_now_is_asked_by_patient_and_status() -> None:
    assert found(Search(PATIENT)) == (
        FIND_DOCUMENTS,
        {
            "$XDSDocumentEntryPatientId": (f"'{PATIENT}'",),
            "$XDSDocumentEntryStatus": ("('urn:oasis:names:tc:ebxml-regrep:StatusType:Approved')",),
        },
    )


def test_any_code_of_a_name_may_fit() -> None:
    _, rows = found(Search(PATIENT, codes=CODES))
    assert rows["$XDSDocumentEntryEventCodeList"] == ("('CT^^1.2.840.10008.2.16.4')", "('MR^^1.2.840.10008.2.16.4')")
    assert rows["$XDSDocumentEntryClassCode"] == ("('BEF^^1.3.6.1.4.1.19376.3.276.1.5.8')",)


def test_times_are_asked_in_utc() -> None:
    moment = datetime(2026, 3, 1, 0, 30, tzinfo=BERLIN)
    _, rows = found(Search(PATIENT, created_from=moment, created_to=moment + timedelta(days=1)))
    assert rows["$XDSDocumentEntryCreationTimeFrom"] == ("20260228233000",)
    assert rows["$XDSDocumentEntryCreationTimeTo"] == ("20260301233000",)


def test_a_reference_id_is_asked_by_a_query_of_its_own() -> None:
    query, rows = found(Search(PATIENT, reference_ids=("2.25.1^^^^urn:ihe:iti:xds:2016:studyInstanceUID",)))
    assert query == FIND_DOCUMENTS_BY_REFERENCE_ID
    assert rows["$XDSDocumentEntryReferenceIdList"] == ("('2.25.1^^^^urn:ihe:iti:xds:2016:studyInstanceUID')",)


def test_a_quote_cannot_end_a_value() -> None:
    _, rows = found(Search(PATIENT, reference_ids=("a') or ('b",)))
    assert rows["$XDSDocumentEntryReferenceIdList"] == ("('a'') or (''b')",)


def test_documents_are_got_by_entry_or_by_number() -> None:
    by_entry = get_documents(entry_uuids=(ENTRY_UUID, OLD_UUID), message_id=MESSAGE_ID, to=TO)
    by_number = get_documents(unique_ids=("2.25.7",), message_id=MESSAGE_ID, to=TO)
    assert asked(by_entry) == (GET_DOCUMENTS, {"$XDSDocumentEntryEntryUUID": (f"('{ENTRY_UUID}')", f"('{OLD_UUID}')")})
    assert asked(by_number) == (GET_DOCUMENTS, {"$XDSDocumentEntryUniqueId": ("('2.25.7')",)})


def test_documents_are_not_got_by_both_or_by_nothing() -> None:
    with pytest.raises(ValueError, match="either"):
        get_documents(message_id=MESSAGE_ID, to=TO)
    with pytest.raises(ValueError, match="either"):
        get_documents(entry_uuids=("a",), unique_ids=("b",), message_id=MESSAGE_ID, to=TO)


def test_a_name_that_is_none_of_xds_is_not_asked() -> None:
    with pytest.raises(ValueError, match="classcode"):
        find_documents(Search(PATIENT, codes={"classcode": ()}), message_id=MESSAGE_ID, to=TO)


def test_what_is_found_has_its_metadata() -> None:
    answer = read(listing(registered(), registered(OLD_UUID), maker(RIM).ObjectRef(id="urn:uuid:3")))
    assert [one.entry_uuid for one in answer.documents] == [ENTRY_UUID, OLD_UUID]
    assert answer.documents[0].metadata.entry == ENTRY


def test_nothing_found_is_no_error() -> None:
    assert read(listing()) == Found(())


def test_a_partial_success_says_what_could_not_be_searched() -> None:
    partial = Verdict(Status.PARTIAL, ("XDSRegistryBusy",))
    assert read(listing(registered(), verdict=partial)).errors == ("XDSRegistryBusy",)


def test_a_partial_success_that_does_not_say_what_is_missing_is_none() -> None:
    with pytest.raises(XdsFault):
        read(listing(registered(), verdict=Verdict(Status.PARTIAL)))


def test_a_failure_is_an_error() -> None:
    with pytest.raises(XdsNotPermitted):
        read(listing(verdict=Verdict(Status.FAILURE, ("XDSUnknownPatientId",))))


def test_a_document_of_another_patient_is_refused() -> None:
    with pytest.raises(XdsMalformed) as caught:
        read(listing(registered(patient_id=PATIENT.replace("X1", "Y1"))))
    assert (caught.value.reason, caught.value.where) == (Malformed.VALUE, "patientId")


def test_a_document_that_is_listed_twice_is_refused() -> None:
    with pytest.raises(XdsMalformed) as caught:
        read(listing(registered(), registered()))
    assert caught.value.reason == Malformed.ELEMENT


def test_an_answer_to_another_operation_is_refused() -> None:
    with pytest.raises(XdsMalformed) as caught:
        read(answered(write(Verdict(Status.SUCCESS)), OPERATION))
    assert caught.value.reason == Malformed.OTHER_MESSAGE
