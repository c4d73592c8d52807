from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from simulated_ti import upload

from ti_adapter.attestation import Attestation
from ti_adapter.epa import RecordState
from ti_adapter.errors import ErrorCode, RecordRefused
from ti_adapter.simulator.health_record import SimulatedRecord
from ti_adapter.simulator.record import DOCUMENT_MAX_BYTES, RecordSystem, RightMissing

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
KVNR, UNKNOWN_KVNR = "X110411319", "A123456780"
CLINIC = Attestation("5-2.9001", ("1.2.276.0.76.4.53",), "Klinik Nord", "n")
PRACTICE = Attestation("1-20.9002", ("1.2.276.0.76.4.50",), "Praxis am Markt", "n")
STRANGER = Attestation("1-20.9003", ("1.2.276.0.76.4.50",), "Praxis Fremd", "n")
FIRST = upload(b"\xef\xbb\xbf<Bundle/>\r\n", "application/fhir+xml", "CT Schädel")
SECOND = upload(b"{}", "application/fhir+json", "MR Knie")


class Clock:
    now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def records(clock: Clock) -> RecordSystem:
    """One record; clinic and practice are entitled to it for 90 days."""
    records = RecordSystem(clock)
    records.open_record(KVNR)
    for who in (CLINIC, PRACTICE):
        records.entitle(KVNR, who.telematik_id, NOW + timedelta(days=90))
    return records


def code(call: Callable[[], object]) -> ErrorCode:
    with pytest.raises(RecordRefused) as refused:
        call()
    return refused.value.code


def every_operation(records: RecordSystem, who: Attestation, kvnr: str, entry: str) -> list[Callable[[], object]]:
    return [
        lambda: records.store(who, kvnr, FIRST),
        lambda: records.find(who, kvnr),
        lambda: records.retrieve(who, kvnr, entry),
        lambda: records.replace(who, kvnr, SECOND, entry=entry),
        lambda: records.update(who, kvnr, entry, lambda it: it.metadata),
        lambda: records.remove(who, kvnr, [entry]),
    ]


def test_what_one_institution_stored_another_reads_byte_for_byte(records: RecordSystem) -> None:
    entry = records.store(CLINIC, KVNR, FIRST)
    assert records.retrieve(PRACTICE, KVNR, entry.entry) == (entry, FIRST.content)


def test_the_list_names_title_author_time_and_kind_newest_first(records: RecordSystem) -> None:
    older, newer = records.store(CLINIC, KVNR, FIRST), records.store(PRACTICE, KVNR, SECOND)
    assert records.find(CLINIC, KVNR) == [newer, older]
    assert (older.title, older.author, older.created, older.media_type) == (
        "CT Schädel",
        "Klinik Nord",
        NOW,
        "application/fhir+xml",
    )


def test_without_entitlement_every_operation_is_refused(records: RecordSystem) -> None:
    entry = records.store(CLINIC, KVNR, FIRST).entry
    assert {code(call) for call in every_operation(records, STRANGER, KVNR, entry)} == {ErrorCode.NOT_ENTITLED}


def test_a_record_that_does_not_exist_looks_like_one_without_entitlement(records: RecordSystem) -> None:
    calls = every_operation(records, CLINIC, UNKNOWN_KVNR, "any")
    assert {code(call) for call in calls} == {ErrorCode.NOT_ENTITLED}


def test_an_entitlement_ends_at_its_end(records: RecordSystem, clock: Clock) -> None:
    entry = records.store(CLINIC, KVNR, FIRST).entry
    clock.now = NOW + timedelta(days=90)
    assert {code(call) for call in every_operation(records, CLINIC, KVNR, entry)} == {ErrorCode.NOT_ENTITLED}


def test_an_entitlement_ends_when_the_patient_ends_it_and_for_this_institution_only(records: RecordSystem) -> None:
    records.end_entitlement(KVNR, PRACTICE.telematik_id)
    assert code(lambda: records.find(PRACTICE, KVNR)) is ErrorCode.NOT_ENTITLED
    assert records.find(CLINIC, KVNR) == []


def test_a_replaced_document_is_neither_listed_nor_read(records: RecordSystem) -> None:
    old = records.store(CLINIC, KVNR, FIRST)
    new = records.replace(CLINIC, KVNR, SECOND, entry=old.entry)
    assert records.find(PRACTICE, KVNR) == [new]
    assert code(lambda: records.retrieve(PRACTICE, KVNR, old.entry)) is ErrorCode.NO_RESOURCE


def test_a_document_is_replaced_once(records: RecordSystem) -> None:
    old = records.store(CLINIC, KVNR, FIRST)
    records.replace(CLINIC, KVNR, SECOND, entry=old.entry)
    third = upload(b"{}", "application/fhir+json", "MR Knie")
    assert code(lambda: records.replace(CLINIC, KVNR, third, entry=old.entry)) is ErrorCode.STATUS_MISMATCH


def test_metadata_are_given_back_as_they_came(records: RecordSystem) -> None:
    records.store(CLINIC, KVNR, FIRST)
    assert [it.metadata for it in records.find(PRACTICE, KVNR)] == [FIRST.metadata]


def test_a_document_is_found_by_its_unique_id_until_it_is_replaced(records: RecordSystem) -> None:
    old = records.store(CLINIC, KVNR, FIRST)
    assert records.find(CLINIC, KVNR, unique_id=FIRST.metadata.unique_id) == [old]
    new = records.replace(CLINIC, KVNR, SECOND, entry=old.entry)
    assert records.find(CLINIC, KVNR, unique_id=FIRST.metadata.unique_id) == []
    assert records.find(CLINIC, KVNR, unique_id=SECOND.metadata.unique_id) == [new]


def test_a_unique_id_is_taken_once_also_when_its_document_was_replaced_or_hidden(records: RecordSystem) -> None:
    old = records.store(CLINIC, KVNR, FIRST)
    assert code(lambda: records.store(PRACTICE, KVNR, FIRST)) is ErrorCode.DUPLICATE_DOCUMENT
    new = records.replace(CLINIC, KVNR, SECOND, entry=old.entry)
    records.hide(KVNR, new.entry)
    for taken in (FIRST, SECOND):
        assert code(partial(records.store, CLINIC, KVNR, taken)) is ErrorCode.DUPLICATE_DOCUMENT
    assert code(lambda: records.replace(CLINIC, KVNR, SECOND, entry=old.entry)) is ErrorCode.DUPLICATE_DOCUMENT


def test_a_hidden_document_is_not_there_until_it_is_shown_again(records: RecordSystem) -> None:
    entry = records.store(CLINIC, KVNR, FIRST)
    records.hide(KVNR, entry.entry)
    assert records.find(CLINIC, KVNR) == []
    assert code(lambda: records.retrieve(CLINIC, KVNR, entry.entry)) is ErrorCode.NO_RESOURCE
    assert code(lambda: records.replace(CLINIC, KVNR, SECOND, entry=entry.entry)) is ErrorCode.NO_RESOURCE
    records.unhide(KVNR, entry.entry)
    assert records.find(CLINIC, KVNR) == [entry]


def test_an_entry_of_another_record_is_not_there(records: RecordSystem) -> None:
    entry = records.store(CLINIC, KVNR, FIRST)
    records.open_record(UNKNOWN_KVNR)
    records.entitle(UNKNOWN_KVNR, CLINIC.telematik_id, NOW + timedelta(days=1))
    assert code(lambda: records.retrieve(CLINIC, UNKNOWN_KVNR, entry.entry)) is ErrorCode.NO_RESOURCE


def test_a_document_of_25_megabytes_is_taken_and_one_byte_more_is_not(records: RecordSystem) -> None:
    records.store(CLINIC, KVNR, upload(bytes(DOCUMENT_MAX_BYTES), "application/pdf", "largest"))
    larger = upload(bytes(DOCUMENT_MAX_BYTES + 1), "application/pdf", "too large")
    assert code(lambda: records.store(CLINIC, KVNR, larger)) is ErrorCode.DOCUMENT_TOO_LARGE


def test_the_patient_reads_who_did_what_when_and_what_was_refused(records: RecordSystem, clock: Clock) -> None:
    entry = records.store(CLINIC, KVNR, FIRST).entry
    clock.now += timedelta(minutes=1)
    records.retrieve(PRACTICE, KVNR, entry)
    code(lambda: records.retrieve(STRANGER, KVNR, entry))
    code(lambda: records.retrieve(PRACTICE, KVNR, "unknown"))
    told = [(it.telematik_id, it.operation, it.outcome, it.at) for it in records.accesses(KVNR)]
    assert told == [
        ("5-2.9001", "store", "ok", NOW),
        ("1-20.9002", "retrieve", "ok", clock.now),
        ("1-20.9003", "retrieve", "notEntitled", clock.now),
        ("1-20.9002", "retrieve", "noResource", clock.now),
    ]


def test_the_patients_side_says_plainly_that_there_is_no_such_record_or_document(records: RecordSystem) -> None:
    assert code(lambda: records.accesses(UNKNOWN_KVNR)) is ErrorCode.NO_HEALTH_RECORD
    assert code(lambda: records.hide(KVNR, "unknown")) is ErrorCode.NO_RESOURCE


def test_opening_a_record_again_changes_nothing(records: RecordSystem) -> None:
    records.store(CLINIC, KVNR, FIRST)
    records.open_record(KVNR)
    assert len(records.find(CLINIC, KVNR)) == 1


def test_an_entitlement_that_another_service_of_the_record_system_made_counts_for_documents(clock: Clock) -> None:
    known = {KVNR: SimulatedRecord(entitled={CLINIC.telematik_id: NOW + timedelta(days=1)})}
    records = RecordSystem(clock, known)
    records.store(CLINIC, KVNR, FIRST)
    del known[KVNR].entitled[CLINIC.telematik_id]
    assert code(lambda: records.find(CLINIC, KVNR)) is ErrorCode.NOT_ENTITLED


@pytest.mark.parametrize("state", [RecordState.SUSPENDED, RecordState.UNKNOWN])
def test_a_record_that_is_not_in_use_is_open_to_nobody(clock: Clock, state: RecordState) -> None:
    known = {KVNR: SimulatedRecord(entitled={CLINIC.telematik_id: NOW + timedelta(days=1)})}
    records = RecordSystem(clock, known)
    entry = records.store(CLINIC, KVNR, FIRST).entry
    known[KVNR].state = state
    codes = {code(operation) for operation in every_operation(records, CLINIC, KVNR, entry)}
    assert codes == {ErrorCode.NOT_ENTITLED}


def test_a_role_without_rights_reads_and_stores_nothing_though_it_is_entitled(records: RecordSystem) -> None:
    entry = records.store(CLINIC, KVNR, FIRST)
    payer = Attestation("8-1", ("1.2.276.0.76.4.59",), "Kasse", "n")
    records.entitle(KVNR, payer.telematik_id, NOW + timedelta(days=1))
    assert records.find(payer, KVNR) == []
    assert code(lambda: records.retrieve(payer, KVNR, entry.entry)) is ErrorCode.NO_RESOURCE
    with pytest.raises(RightMissing):
        records.store(payer, KVNR, SECOND)


def test_a_version_of_its_metadata_has_the_content_of_the_one_before(records: RecordSystem) -> None:
    entry = records.store(CLINIC, KVNR, FIRST)
    newer = records.update(PRACTICE, KVNR, entry.entry, lambda it: replace(it.metadata, title="MR Knie"))
    assert records.find(PRACTICE, KVNR) == [newer]
    assert (newer.title, newer.version, newer.author, newer.created) == ("MR Knie", 2, "Klinik Nord", entry.created)
    assert records.retrieve(PRACTICE, KVNR, newer.entry) == (newer, FIRST.content)
    assert code(lambda: records.retrieve(PRACTICE, KVNR, entry.entry)) is ErrorCode.NO_RESOURCE


def test_what_the_patient_hides_is_hidden_in_all_its_versions(records: RecordSystem) -> None:
    entry = records.store(CLINIC, KVNR, FIRST)
    records.hide(KVNR, entry.entry)
    records.unhide(KVNR, entry.entry)
    records.unhide(KVNR, entry.entry)
    newer = records.update(CLINIC, KVNR, entry.logical_id, lambda it: it.metadata)
    records.hide(KVNR, entry.entry)
    assert records.find(CLINIC, KVNR) == []
    for name in (entry.entry, newer.entry):
        assert code(lambda name=name: records.remove(CLINIC, KVNR, [name])) is ErrorCode.NO_RESOURCE
    assert code(lambda: records.unhide(KVNR, "none")) is ErrorCode.NO_RESOURCE
