from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import link_samples
import pytest
from simulated_ti import make_pki, running_record, upload

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
    SettingRefused,
)
from linkexchange.model.identifiers import Kvnr, LinkId, Oid
from linkexchange.model.link import Document, MediaType
from linkexchange.model.metadata import Filing
from linkexchange.model.participant import Institution
from linkexchange.ports import Card, Record
from linkexchange.ti import (
    AttestationVerifier,
    AttestingCard,
    SimulatedRecord,
    believing,
    open_simulated_card,
    open_simulated_record,
)
from ti_adapter.simulator.card import CardSlot
from ti_adapter.simulator.client import PatientClient, RecordClient
from ti_adapter.simulator.shape import HOSPITAL, PRACTICE, SimulatedInstitution

pytestmark = pytest.mark.slow

KVNR = Kvnr.with_check_digit("X11041131")
CLINIC = SimulatedInstitution("5-2.9001", "Klinik Nord")
BOTH = SimulatedInstitution("1-20.9002", "MVZ am Markt", (PRACTICE, HOSPITAL))
XML = Document(b"\xef\xbb\xbf<Bundle/>\r\n", MediaType.XML)
JSON = Document(b'{"resourceType": "Bundle"}', MediaType.JSON)
LARGE = Document(bytes(25_000_001), MediaType.XML)
PKI = make_pki()


class Clock:
    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class CountingCard:
    """A card that counts its signatures: each one is a login."""

    card: Card
    signatures: int = 0

    def attest(self, *, audience: str, nonce: str, thumbprint: str) -> str:
        self.signatures += 1
        return self.card.attest(audience=audience, nonce=nonce, thumbprint=thumbprint)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def served(clock: Clock) -> Iterator[tuple[str, str]]:
    with running_record(PKI.trust, clock) as served:
        yield served


@pytest.fixture
def patient(served: tuple[str, str]) -> PatientClient:
    patient = PatientClient(*served)
    patient.open_record(KVNR)
    patient.entitle(KVNR, CLINIC.telematik_id, datetime.now(UTC) + timedelta(days=90))
    return patient


@pytest.fixture
def card_folder(tmp_path: Path) -> Path:
    PKI.card(CLINIC).save(tmp_path / "card")
    return tmp_path / "card"


@pytest.fixture
def card(card_folder: Path, clock: Clock) -> CountingCard:
    return CountingCard(AttestingCard(CardSlot(card_folder), clock))


@pytest.fixture
def record(patient: PatientClient, served: tuple[str, str], card: CountingCard) -> Record:
    """The record of a patient who has let the clinic read the card."""
    assert patient
    return SimulatedRecord(RecordClient(served[0]), card)


def attested(folder: Path, institution: SimulatedInstitution = CLINIC) -> str:
    PKI.card(institution).save(folder)
    return open_simulated_card(folder).attest(audience="hub", nonce="n-1", thumbprint="node")


def filing(document: Document, title: str, link: LinkId | None = None) -> Filing:
    """As a node files it, each time under another link."""
    named = replace(link_samples.link(1), link=link or LinkId(str(uuid4())))
    return filed(envelope.shipped(), named, document, title)


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        return int(gone.getsockname()[1])


def every_operation(record: Record, entry: str) -> list[Callable[[], object]]:
    return [
        lambda: record.store(KVNR, filing(XML, "CT")),
        lambda: record.find(KVNR),
        lambda: record.retrieve(KVNR, entry),
        lambda: record.replace(KVNR, entry, filing(XML, "CT")),
        lambda: record.withdraw(KVNR, entry, filing(XML, "CT")),
    ]


def fault(call: Callable[[], object]) -> type[Fault]:
    with pytest.raises(Fault) as fault:
        call()
    return type(fault.value)


def test_an_attestation_of_the_card_is_believed_as_institution_and_nonce(tmp_path: Path) -> None:
    verifier = AttestationVerifier(PKI.trust, "hub")
    institution, nonce = verifier(attested(tmp_path), "node", datetime.now(UTC))
    assert institution == Institution(CLINIC.telematik_id, HOSPITAL, "Klinik Nord TEST-ONLY")
    assert nonce == "n-1"


def test_i_12_a_card_with_several_roles_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IdentityRefused) as refused:
        AttestationVerifier(PKI.trust, "hub")(attested(tmp_path, BOTH), "node", datetime.now(UTC))
    assert refused.value.detail == "several professionOIDs"


def test_an_attestation_bound_to_another_certificate_is_an_identity_refused_that_names_the_step(tmp_path: Path) -> None:
    with pytest.raises(IdentityRefused) as refused:
        AttestationVerifier(PKI.trust, "hub")(attested(tmp_path), "other", datetime.now(UTC))
    assert refused.value.detail == "attestation, step 9: binding"


def test_the_card_of_a_ca_outside_the_trust_list_is_an_identity_refused_that_names_the_step(tmp_path: Path) -> None:
    verifier = AttestationVerifier.from_pem(make_pki().trust_pem, "hub")
    with pytest.raises(IdentityRefused) as refused:
        verifier(attested(tmp_path), "node", datetime.now(UTC))
    assert refused.value.detail == "certificate, step 3: issuer-key-unknown"


def test_a_trust_list_that_cannot_be_read_is_a_wrong_setting() -> None:
    assert fault(lambda: AttestationVerifier.from_pem(b"nonsense", "hub")) is SettingRefused


def test_without_its_card_an_institution_cannot_attest(tmp_path: Path) -> None:
    card = open_simulated_card(tmp_path)
    assert fault(lambda: card.attest(audience="hub", nonce="n-1", thumbprint="node")) is CardUnavailable


def test_a_document_is_stored_listed_and_read_as_the_very_bytes(record: Record) -> None:
    entry = record.store(KVNR, filing(XML, "CT Schädel"))
    assert list(record.find(KVNR)) == [entry]
    assert (entry.title, entry.author, entry.media_type) == ("CT Schädel", "Klinik Nord TEST-ONLY", MediaType.XML)
    assert record.retrieve(KVNR, entry.entry) == XML


def test_a_document_is_stored_once_under_its_link_and_looked_up_by_it(record: Record) -> None:
    link = LinkId(str(uuid4()))
    entry = record.store(KVNR, filing(XML, "CT", link))
    assert fault(lambda: record.store(KVNR, filing(XML, "CT", link))) is AlreadyStored
    assert record.look_up(KVNR, Oid(link.oid)) == entry
    record.replace(KVNR, entry.entry, filing(XML, "CT"))
    assert record.look_up(KVNR, Oid(link.oid)) is None
    assert fault(lambda: record.store(KVNR, filing(XML, "CT", link))) is AlreadyStored


def test_of_eight_threads_that_store_the_same_document_one_does(record: Record, patient: PatientClient) -> None:
    same, barrier = filing(XML, "CT", LinkId(str(uuid4()))), threading.Barrier(8)

    def store(_: int) -> bool:
        barrier.wait()
        with suppress(AlreadyStored):
            record.store(KVNR, same)
            return True
        return False

    record.find(KVNR)
    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(store, range(8))) == 1
    outcomes = [it.outcome for it in patient.accesses(KVNR) if it.operation == "store"]
    assert sorted(outcomes) == ["XDSDuplicateDocument"] * 7 + ["ok"]


def test_the_record_system_has_all_metadata_as_xds_names_them(
    record: Record, served: tuple[str, str], card: CountingCard
) -> None:
    of = filing(XML, "CT Schädel")
    record.store(KVNR, of)
    client = RecordClient(served[0])
    token = card.attest(audience=client.audience, nonce=client.nonce(), thumbprint="channel")
    [listed] = client.find(client.open_session(token).secret, KVNR)
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


def test_a_record_opened_by_url_and_card_folder_is_that_institutions(
    patient: PatientClient, served: tuple[str, str], card_folder: Path
) -> None:
    open_simulated_record(served[0], card_folder).find(KVNR)
    assert patient.accesses(KVNR)[-1].telematik_id == CLINIC.telematik_id


def test_the_list_is_newest_first_and_leaves_replaced_ones_out(record: Record) -> None:
    first, second = (record.store(KVNR, filing(XML, title)) for title in ("first", "second"))
    third = record.replace(KVNR, first.entry, filing(JSON, "third"))
    assert list(record.find(KVNR)) == [third, second]


def test_what_is_no_fhir_document_is_neither_listed_nor_read(
    record: Record, served: tuple[str, str], card: CountingCard
) -> None:
    client = RecordClient(served[0])
    token = card.attest(audience=client.audience, nonce=client.nonce(), thumbprint="channel")
    report = client.store(client.open_session(token).secret, KVNR, upload(b"%PDF-", "application/pdf", "Befund"))
    assert list(record.find(KVNR)) == []
    assert fault(lambda: record.retrieve(KVNR, report.entry)) is DocumentFault


def test_a_withdrawn_entry_gives_way_to_its_closing_version(record: Record) -> None:
    entry = record.store(KVNR, filing(XML, "CT"))
    closing = record.withdraw(KVNR, entry.entry, filing(JSON, "CT, withdrawn"))
    assert list(record.find(KVNR)) == [closing]
    assert fault(lambda: record.retrieve(KVNR, entry.entry)) is NotEntitled


def test_without_entitlement_every_operation_is_not_entitled(record: Record, patient: PatientClient) -> None:
    entry = record.store(KVNR, filing(XML, "CT")).entry
    patient.end_entitlement(KVNR, CLINIC.telematik_id)
    assert {fault(call) for call in every_operation(record, entry)} == {NotEntitled}


def test_a_hidden_document_is_not_entitled(record: Record, patient: PatientClient) -> None:
    entry = record.store(KVNR, filing(XML, "CT")).entry
    patient.hide(KVNR, entry)
    assert fault(lambda: record.retrieve(KVNR, entry)) is NotEntitled


def test_replacing_what_was_replaced_before_is_not_entitled(record: Record) -> None:
    entry = record.store(KVNR, filing(XML, "CT")).entry
    record.replace(KVNR, entry, filing(XML, "CT"))
    assert fault(lambda: record.replace(KVNR, entry, filing(XML, "CT"))) is NotEntitled


def test_a_record_system_that_does_not_answer_is_unavailable(card_folder: Path) -> None:
    record = open_simulated_record(f"http://127.0.0.1:{closed_port()}", card_folder)
    assert {fault(call) for call in every_operation(record, "entry")} == {RecordUnavailable}


def test_a_document_beyond_25_megabytes_is_refused_before_anything_is_sent(card_folder: Path) -> None:
    record = open_simulated_record(f"http://127.0.0.1:{closed_port()}", card_folder)
    assert fault(lambda: record.store(KVNR, filing(LARGE, "CT"))) is DocumentFault
    assert fault(lambda: record.replace(KVNR, "entry", filing(LARGE, "CT"))) is DocumentFault


def test_one_login_serves_many_calls(record: Record, card: CountingCard) -> None:
    for _ in range(3):
        record.find(KVNR)
    assert card.signatures == 1


def test_a_login_that_has_ended_is_renewed_within_the_call(record: Record, clock: Clock, card: CountingCard) -> None:
    entry = record.store(KVNR, filing(XML, "CT"))
    clock.ahead = timedelta(minutes=31)
    assert list(record.find(KVNR)) == [entry]
    assert card.signatures == 2


def test_a_card_that_was_pulled_is_missed_when_the_next_login_needs_it(
    record: Record, clock: Clock, card_folder: Path
) -> None:
    record.find(KVNR)
    (card_folder / "key.pem").unlink()
    record.find(KVNR)
    clock.ahead = timedelta(minutes=31)
    assert fault(lambda: record.find(KVNR)) is CardUnavailable


def test_a_card_that_the_record_does_not_trust_is_an_identity_refused(record: Record, card_folder: Path) -> None:
    make_pki().card(CLINIC).save(card_folder)
    assert fault(lambda: record.find(KVNR)) is IdentityRefused


def test_eight_threads_share_one_login(record: Record, card: CountingCard) -> None:
    barrier = threading.Barrier(8)

    def find(_: int) -> int:
        barrier.wait()
        return len(record.find(KVNR))

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(find, range(8))) == [0] * 8
    assert card.signatures == 1


def test_a_card_is_believed_while_it_is_valid() -> None:
    certificate, clock = PKI.card(CLINIC).certificate, Clock()
    believe = believing(PKI.trust_pem, clock)
    believe(certificate)
    clock.ahead = timedelta(days=6 * 365)
    with pytest.raises(IdentityRefused, match="step 2: expired"):
        believe(certificate)
