"""Clients and routes together, over real HTTP."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import httpx
import pytest
from simulated_ti import make_pki, running_record, upload, utc_now

from ti_adapter import attestation
from ti_adapter.errors import ErrorCode, RecordRefused, RecordSilent
from ti_adapter.simulator.client import PatientClient, RecordClient
from ti_adapter.simulator.record import DOCUMENT_MAX_BYTES
from ti_adapter.simulator.shape import SimulatedInstitution

pytestmark = pytest.mark.slow

KVNR = "X110411319"
CLINIC = SimulatedInstitution("5-2/x.9001", "Klinik Nord")
PKI = make_pki()
CARD = PKI.card(CLINIC)
DOCUMENT = upload(b"\xef\xbb\xbf<Bundle/>\r\n\x00\xff", "application/fhir+xml", "CT Schädel & mehr\n")
NEWER = upload(b"{}", "application/fhir+json", "CT Schädel, neuer")


@pytest.fixture
def served() -> Iterator[tuple[str, str]]:
    with running_record(PKI.trust) as served:
        yield served


@pytest.fixture
def client(served: tuple[str, str]) -> RecordClient:
    return RecordClient(served[0])


@pytest.fixture
def patient(served: tuple[str, str]) -> PatientClient:
    """A patient with a record, who has let the clinic read the card."""
    patient = PatientClient(*served)
    patient.open_record(KVNR)
    patient.entitle(KVNR, CLINIC.telematik_id, utc_now() + timedelta(days=90))
    return patient


@pytest.fixture
def session(client: RecordClient) -> str:
    nonce = client.nonce()
    token = attestation.build(CARD, audience=client.audience, nonce=nonce, thumbprint="channel", now=utc_now())
    return client.open_session(token).secret


def code(call: Callable[[], object]) -> ErrorCode:
    with pytest.raises(RecordRefused) as refused:
        call()
    return refused.value.code


def silence(url: str) -> str:
    with pytest.raises(RecordSilent) as silent:
        RecordClient(url).find("session", KVNR)
    return str(silent.value)


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """Something at a port that answers one request with these bytes, whatever it was."""

    def answer_once() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer_once)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


@pytest.mark.usefixtures("patient")
def test_a_document_comes_back_as_it_was_stored_with_its_kind(client: RecordClient, session: str) -> None:
    entry = client.store(session, KVNR, DOCUMENT)
    read = client.retrieve(session, KVNR, entry.entry)
    assert (read.content, read.media_type) == (DOCUMENT.content, DOCUMENT.metadata.mime_type)


@pytest.mark.usefixtures("patient")
def test_a_title_with_umlauts_and_line_ends_comes_back_in_the_list(client: RecordClient, session: str) -> None:
    entry = client.store(session, KVNR, DOCUMENT)
    assert client.find(session, KVNR) == [entry]
    assert entry.title == DOCUMENT.metadata.title


@pytest.mark.usefixtures("patient")
def test_a_new_version_takes_the_place_of_the_old_one(client: RecordClient, session: str) -> None:
    old = client.store(session, KVNR, DOCUMENT)
    new = client.replace(session, KVNR, NEWER, entry=old.entry)
    third = upload(b"{}", "application/fhir+json", "CT Schädel, noch neuer")
    assert client.find(session, KVNR) == [new]
    assert code(lambda: client.retrieve(session, KVNR, old.entry)) is ErrorCode.NO_RESOURCE
    assert code(lambda: client.replace(session, KVNR, third, entry=old.entry)) is ErrorCode.STATUS_MISMATCH


@pytest.mark.usefixtures("patient")
def test_all_metadata_come_back_in_the_list(client: RecordClient, session: str) -> None:
    client.store(session, KVNR, DOCUMENT)
    assert [it.metadata for it in client.find(session, KVNR)] == [DOCUMENT.metadata]


@pytest.mark.usefixtures("patient")
def test_a_document_is_taken_once_under_its_unique_id_and_found_by_it(client: RecordClient, session: str) -> None:
    entry = client.store(session, KVNR, DOCUMENT)
    client.store(session, KVNR, NEWER)
    assert code(lambda: client.store(session, KVNR, DOCUMENT)) is ErrorCode.DUPLICATE_DOCUMENT
    assert client.find(session, KVNR, unique_id=DOCUMENT.metadata.unique_id) == [entry]
    assert client.find(session, KVNR, unique_id="2.25.1") == []


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("body", [b"", b"<Bundle/>", b"{}\n<Bundle/>", b" " * 1_000_001 + b"\n"])
def test_a_document_without_metadata_is_malformed(served: tuple[str, str], session: str, body: bytes) -> None:
    headers = {"authorization": f"Bearer {session}", "x-insurantid": KVNR}
    answer = httpx.post(f"{served[0]}/documents", headers=headers, content=body)
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "malformedRequest")


def test_the_patient_ends_an_entitlement_and_hides_and_sees_all_of_it(
    client: RecordClient, patient: PatientClient, session: str
) -> None:
    entry = client.store(session, KVNR, DOCUMENT).entry
    patient.hide(KVNR, entry)
    assert code(lambda: client.retrieve(session, KVNR, entry)) is ErrorCode.NO_RESOURCE
    patient.unhide(KVNR, entry)
    patient.end_entitlement(KVNR, CLINIC.telematik_id)
    assert code(lambda: client.retrieve(session, KVNR, entry)) is ErrorCode.NOT_ENTITLED
    assert [access.outcome for access in patient.accesses(KVNR)] == ["ok", "noResource", "notEntitled"]


@pytest.mark.usefixtures("patient")
def test_without_a_session_nothing_is_told(client: RecordClient) -> None:
    assert code(lambda: client.find("made-up", KVNR)) is ErrorCode.INVALID_AUTH


def test_an_attestation_that_proves_nothing_opens_no_session(client: RecordClient) -> None:
    assert code(lambda: client.open_session("a.b.c")) is ErrorCode.INVALID_AUTH


def test_the_patients_side_opens_with_its_key_only(served: tuple[str, str]) -> None:
    stranger = PatientClient(served[0], "guessed")
    assert code(lambda: stranger.open_record(KVNR)) is ErrorCode.INVALID_AUTH


def test_the_error_body_has_the_two_keys_of_the_epa_and_repeats_nothing(served: tuple[str, str], session: str) -> None:
    headers = {"authorization": f"Bearer {session}", "x-insurantid": KVNR}
    answer = httpx.get(f"{served[0]}/documents", headers=headers)
    assert answer.status_code == 403
    assert answer.json() == {"errorCode": "notEntitled", "errorDetail": "No entitlement to this record."}


@pytest.mark.parametrize("headers", [{}, {"x-insurantid": "x110411319"}], ids=["none", "malformed"])
def test_a_call_without_a_proper_kvnr_is_malformed(served: tuple[str, str], headers: dict[str, str]) -> None:
    answer = httpx.get(f"{served[0]}/documents", headers=headers)
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "malformedRequest")


def test_a_malformed_login_is_answered_without_repeating_it(served: tuple[str, str]) -> None:
    answer = httpx.post(f"{served[0]}/sessions", json={"token": "very-secret"})
    assert answer.status_code == 400
    assert "very-secret" not in answer.text


def test_a_document_beyond_25_megabytes_is_refused_and_the_patient_sees_it(
    client: RecordClient, patient: PatientClient, session: str
) -> None:
    larger = upload(bytes(DOCUMENT_MAX_BYTES + 1), "application/pdf", "too large")
    assert code(lambda: client.store(session, KVNR, larger)) is ErrorCode.DOCUMENT_TOO_LARGE
    assert patient.accesses(KVNR)[-1].outcome == "documentTooLarge"


@pytest.mark.parametrize("entry", ["", "..", "a/b", "a?b"])
def test_an_entry_that_could_lead_elsewhere_is_none_of_the_record(client: RecordClient, entry: str) -> None:
    assert code(lambda: client.retrieve("session", KVNR, entry)) is ErrorCode.NO_RESOURCE


def test_a_record_system_that_is_not_there_is_silent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    assert silence(f"http://127.0.0.1:{port}") == "ConnectError"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nlocation: http://other.example/\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 403 Forbidden\r\ncontent-length: 7\r\n\r\n<html/>",
        b'HTTP/1.1 403 Forbidden\r\ncontent-length: 20\r\n\r\n{"errorCode":"other"',
        b"HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n[",
        b"SSH-2.0-OpenSSH_9.2\r\n",
    ],
    ids=["503", "redirect", "page", "broken JSON", "other JSON", "other form", "cut off", "no HTTP"],
)
def test_what_is_not_the_records_answer_counts_as_none(answer: bytes) -> None:
    with answering(answer) as url:
        assert silence(url)


def test_an_answer_larger_than_any_document_is_not_read_to_its_end() -> None:
    endless = b"HTTP/1.1 200 OK\r\n\r\n" + bytes(DOCUMENT_MAX_BYTES + 1)
    with answering(endless) as url:
        assert silence(url) == "the answer is too large"
