"""A node's record over all of it: Konnektor, trust list, OCSP, IDP, VAU and XDS, against the TI as a process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from itertools import count
from uuid import uuid4

import link_samples
import pytest
from telematik_bench import CLINIC, PRAXIS, TelematikBench

from linkexchange.documents import envelope
from linkexchange.documents.filing import filed
from linkexchange.errors import (
    AlreadyStored,
    CardUnavailable,
    DocumentFault,
    Fault,
    IdentityRefused,
    NotEntitled,
    RecordUnavailable,
    TiUnavailable,
)
from linkexchange.model.identifiers import Kvnr, LinkId, Oid
from linkexchange.model.link import Document, MediaType
from linkexchange.model.metadata import Filing
from linkexchange.ports import Record, RecordEntry

pytestmark = pytest.mark.slow

XML = Document(b"\xef\xbb\xbf<Bundle/>\r\n", MediaType.XML)
JSON = Document(b'{"resourceType": "Bundle"}', MediaType.JSON)
LARGE = Document(bytes(25_000_001), MediaType.XML)
_numbers = count(11041131)


@pytest.fixture
def kvnr(bench: TelematikBench) -> Kvnr:
    """A patient whose record is open to the clinic."""
    kvnr = Kvnr.with_check_digit(f"X{next(_numbers)}")
    bench.ti.patients.open_record(kvnr)
    bench.ti.patients.entitle(kvnr, CLINIC.telematik_id, bench.clock() + timedelta(days=90))
    return kvnr


@pytest.fixture
def record(bench: TelematikBench) -> Iterator[Record]:
    with bench.telematik() as clinic:
        yield clinic.record()


def filing(kvnr: Kvnr, document: Document, title: str, link: LinkId | None = None) -> Filing:
    """As a node files it, each time under another link."""
    sample = link_samples.link(1)
    named = replace(sample, link=link or LinkId(str(uuid4())), patient=replace(sample.patient, kvnr=kvnr))
    return filed(envelope.shipped(), named, document, title)


def every_operation(record: Record, kvnr: Kvnr, entry: str) -> list[Callable[[], object]]:
    return [
        lambda: record.store(kvnr, filing(kvnr, XML, "CT")),
        lambda: record.find(kvnr),
        lambda: record.retrieve(kvnr, entry),
        lambda: record.replace(kvnr, entry, filing(kvnr, XML, "CT")),
        lambda: record.withdraw(kvnr, entry, filing(kvnr, XML, "CT")),
    ]


def stored(record: Record, kvnr: Kvnr, title: str = "CT") -> RecordEntry:
    return record.store(kvnr, filing(kvnr, XML, title))


def fault(call: Callable[[], object]) -> type[Fault]:
    with pytest.raises(Fault) as fault:
        call()
    return type(fault.value)


def test_a_document_is_stored_listed_and_read_as_the_very_bytes(record: Record, kvnr: Kvnr) -> None:
    entry = stored(record, kvnr, "CT Schädel")
    assert list(record.find(kvnr)) == [entry]
    assert (entry.title, entry.author, entry.media_type) == ("CT Schädel", "Klinikum Süd", MediaType.XML)
    assert record.retrieve(kvnr, entry.entry) == XML


def test_a_document_is_stored_once_under_its_link_and_looked_up_by_it(record: Record, kvnr: Kvnr) -> None:
    link = LinkId(str(uuid4()))
    entry = record.store(kvnr, filing(kvnr, XML, "CT", link))
    assert fault(lambda: record.store(kvnr, filing(kvnr, XML, "CT", link))) is AlreadyStored
    assert record.look_up(kvnr, Oid(link.oid)) == entry
    record.replace(kvnr, entry.entry, filing(kvnr, XML, "CT"))
    assert record.look_up(kvnr, Oid(link.oid)) is None
    assert fault(lambda: record.store(kvnr, filing(kvnr, XML, "CT", link))) is AlreadyStored


def test_of_eight_threads_that_store_the_same_document_one_does(record: Record, kvnr: Kvnr) -> None:
    same, barrier = filing(kvnr, XML, "CT", LinkId(str(uuid4()))), threading.Barrier(8)

    def store(_: int) -> bool:
        barrier.wait()
        with suppress(AlreadyStored):
            record.store(kvnr, same)
            return True
        return False

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(store, range(8))) == 1


def test_the_list_is_newest_first_and_leaves_replaced_ones_out(record: Record, kvnr: Kvnr) -> None:
    first, second = (stored(record, kvnr, title) for title in ("first", "second"))
    third = record.replace(kvnr, first.entry, filing(kvnr, JSON, "third"))
    assert [it.title for it in record.find(kvnr)] == [third.title, second.title]


def test_a_withdrawn_entry_gives_way_to_its_closing_version(record: Record, kvnr: Kvnr) -> None:
    entry = stored(record, kvnr)
    closing = record.withdraw(kvnr, entry.entry, filing(kvnr, JSON, "CT, withdrawn"))
    assert list(record.find(kvnr)) == [closing]
    assert fault(lambda: record.retrieve(kvnr, entry.entry)) is NotEntitled


def test_what_one_institution_stores_another_reads_once_it_is_let_in(
    bench: TelematikBench, record: Record, kvnr: Kvnr
) -> None:
    entry = stored(record, kvnr)
    with bench.telematik(PRAXIS) as practice:
        theirs = practice.record()
        assert fault(lambda: theirs.find(kvnr)) is NotEntitled
        bench.ti.patients.entitle(kvnr, PRAXIS.telematik_id, bench.clock() + timedelta(days=1))
        assert theirs.retrieve(kvnr, entry.entry) == XML


def test_a_record_at_the_second_record_system_is_found(bench: TelematikBench, record: Record) -> None:
    kvnr = Kvnr.with_check_digit(f"X{next(_numbers)}")
    bench.ti.patients.open_record(kvnr, system=2)
    bench.ti.patients.entitle(kvnr, CLINIC.telematik_id, bench.clock() + timedelta(days=90))
    assert record.retrieve(kvnr, stored(record, kvnr).entry) == XML


def test_who_has_no_record_looks_like_one_that_is_not_open(record: Record) -> None:
    assert fault(lambda: record.find(Kvnr.with_check_digit(f"X{next(_numbers)}"))) is NotEntitled


def test_without_entitlement_every_operation_is_not_entitled(bench: TelematikBench, record: Record, kvnr: Kvnr) -> None:
    entry = stored(record, kvnr).entry
    bench.ti.patients.end_entitlement(kvnr, CLINIC.telematik_id)
    assert {fault(call) for call in every_operation(record, kvnr, entry)} == {NotEntitled}


def test_a_hidden_document_is_not_entitled(bench: TelematikBench, record: Record, kvnr: Kvnr) -> None:
    entry = stored(record, kvnr).entry
    bench.ti.patients.hide(kvnr, entry)
    assert fault(lambda: record.retrieve(kvnr, entry)) is NotEntitled


def test_replacing_what_was_replaced_before_is_not_entitled(record: Record, kvnr: Kvnr) -> None:
    entry = stored(record, kvnr).entry
    record.replace(kvnr, entry, filing(kvnr, XML, "CT"))
    assert fault(lambda: record.replace(kvnr, entry, filing(kvnr, XML, "CT"))) is NotEntitled


def test_a_document_beyond_25_megabytes_is_refused_before_anything_is_sent(
    bench: TelematikBench, record: Record, kvnr: Kvnr
) -> None:
    before = bench.ti.switchboard.state().requests
    assert fault(lambda: record.store(kvnr, filing(kvnr, LARGE, "CT"))) is DocumentFault
    assert bench.ti.switchboard.state().requests == before


# --- logins -----------------------------------------------------------------------------------------------------------


def test_one_login_costs_two_signatures_and_serves_many_calls_and_threads(
    bench: TelematikBench, record: Record, kvnr: Kvnr
) -> None:
    before = bench.signatures()
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: record.find(kvnr), range(24)))
    assert bench.signatures() - before == 2


def test_a_record_system_that_has_restarted_is_entered_anew_within_the_call(
    bench: TelematikBench, record: Record, kvnr: Kvnr
) -> None:
    entry, before = stored(record, kvnr), bench.signatures()
    bench.ti.switchboard.restart_record(1)
    assert list(record.find(kvnr)) == [entry]
    assert bench.signatures() - before == 2


def test_a_channel_that_has_grown_old_is_made_anew_within_the_call(
    bench: TelematikBench, record: Record, kvnr: Kvnr
) -> None:
    entry = stored(record, kvnr)
    bench.clock.ahead = timedelta(hours=25)
    with suppress(RecordUnavailable, TiUnavailable):
        record.find(kvnr)
    bench.clock.ahead = timedelta(0)
    assert list(record.find(kvnr)) == [entry]


def test_after_a_restart_of_the_konnektor_a_login_waits_for_the_pin_and_an_open_one_goes_on(
    bench: TelematikBench, record: Record, kvnr: Kvnr
) -> None:
    entry = stored(record, kvnr)
    bench.ti.switchboard.restart_konnektor(CLINIC.name)
    assert list(record.find(kvnr)) == [entry]
    with bench.telematik() as other:
        late = other.record()
        assert fault(lambda: late.find(kvnr)) is CardUnavailable
        bench.ti.switchboard.enter_pin(CLINIC.name)
        bench.clock.ahead = timedelta(seconds=6)
        assert list(late.find(kvnr)) == [entry]


# --- what is wrong ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("service", "wrong", "kind"),
    [
        ("idp", "down", TiUnavailable),
        ("tsl", "down", TiUnavailable),
        ("ocsp", "down", TiUnavailable),
        ("record-1", "down", RecordUnavailable),
        ("record-1", "internalError", RecordUnavailable),
        ("konnektor-klinik", "down", CardUnavailable),
    ],
)
def test_a_service_that_is_down_is_named_and_may_work_later(
    bench: TelematikBench, kvnr: Kvnr, service: str, wrong: str, kind: type[Fault]
) -> None:
    (bench.folder / "tsl.xml").unlink(missing_ok=True)
    bench.ti.switchboard.on(service, wrong)
    with bench.telematik() as clinic:
        assert fault(lambda: clinic.record().find(kvnr)) is kind
    bench.ti.switchboard.off(service, wrong)
    with bench.telematik() as clinic:
        assert list(clinic.record().find(kvnr)) == []


def test_an_idp_that_cannot_be_proven_is_the_tis_and_not_the_record_systems(bench: TelematikBench, kvnr: Kvnr) -> None:
    bench.ti.switchboard.on("ocsp", "certHash missing")
    with bench.telematik() as clinic, pytest.raises(TiUnavailable, match="IDP: OCSP answer"):
        clinic.record().find(kvnr)


def test_i_03_the_card_that_was_revoked_opens_no_record(bench: TelematikBench, kvnr: Kvnr) -> None:
    bench.ti.switchboard.revoke_card(CLINIC.name)
    try:
        with bench.telematik() as clinic:
            assert fault(lambda: clinic.record().find(kvnr)) is IdentityRefused
    finally:
        bench.ti.switchboard.exchange_card(CLINIC.name)
        bench.ti.switchboard.enter_pin(CLINIC.name)


def test_a_card_pulled_from_its_terminal_is_a_card_unavailable(bench: TelematikBench, kvnr: Kvnr) -> None:
    bench.ti.switchboard.pull_card(CLINIC.name)
    try:
        with bench.telematik() as clinic:
            assert fault(lambda: clinic.record().find(kvnr)) is CardUnavailable
    finally:
        bench.ti.switchboard.insert_card(CLINIC.name)
        bench.ti.switchboard.enter_pin(CLINIC.name)


def test_an_insurance_card_opens_the_record(bench: TelematikBench) -> None:
    kvnr = Kvnr.with_check_digit(f"X{next(_numbers)}")
    bench.ti.patients.open_record(kvnr)
    bench.ti.switchboard.insert_egk(CLINIC.name, kvnr)
    try:
        with bench.telematik() as clinic:
            assert fault(lambda: clinic.record().find(kvnr)) is NotEntitled
            insured, until = clinic.insurance_card().open_record()
            assert insured.kvnr == kvnr
            assert until - bench.clock() > timedelta(days=88)
            assert list(clinic.record().find(kvnr)) == []
    finally:
        bench.ti.switchboard.pull_egk(CLINIC.name)


def test_the_patient_sees_all_that_was_told_of_a_document(bench: TelematikBench, record: Record, kvnr: Kvnr) -> None:
    of = filing(kvnr, XML, "CT Schädel")
    bench.ti.patients.hide(kvnr, record.store(kvnr, of).entry)
    [listed] = bench.ti.patients.documents(kvnr)
    told, kept = of.metadata, listed.metadata
    assert (kept.unique_id, kept.mime_type, kept.title) == (told.unique_id, "application/fhir+xml", "CT Schädel")
    assert (kept.patient_id, kept.author_institution) == (told.patient_id, told.author_institution)
    assert kept.slots == told.slots()
    assert {name: [it.code for it in codes] for name, codes in kept.codes.items()} == {
        "classCode": ["BEF"],
        "typeCode": ["BILD"],
        "formatCode": ["urn:ihe:iti:xds:2017:mimeTypeSufficient"],
        "practiceSettingCode": ["RADI"],
        "healthcareFacilityTypeCode": ["KHS"],
        "confidentialityCode": ["N"],
        "eventCodeList": ["CT"],
    }
