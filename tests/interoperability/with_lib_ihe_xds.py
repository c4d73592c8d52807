"""Our XDS client and our simulated service, each with gematik's lib-ihe-xds at the other end.

    LIB_IHE_XDS=<class path> JAVA_HOME=<JDK> .venv/bin/python -m pytest tests/interoperability/with_lib_ihe_xds.py

Its name keeps it out of `make test`, since lib-ihe-xds is built outside of this project. It knows what is in a SOAP
body; the envelope around it is put on here, and taken off by Python's own reader of MIME. With LINKEXCHANGE_RECORD=1
its requests are written down as vectors, which `tests/ti_adapter/simulator/xds/test_recorded.py` reads.
"""

from __future__ import annotations

import base64
import email
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from interoperability.peer import LIB_IHE_XDS, Peer
from lxml import etree
from xds_samples import CODES, DOCUMENT, ENTRY, MESSAGE_ID, OLD_UUID, PATIENT, SLOTS, SUBMISSION, TO

from ti_adapter.attestation import Attestation
from ti_adapter.epa.xds import Found, Search, Wanted, XdsConflict, XdsDocumentService, XdsNotFound, soap
from ti_adapter.epa.xds.names import SOAP, XOP, Availability, Operation
from ti_adapter.epa.xds.soap import Message
from ti_adapter.simulator.record import RecordSystem
from ti_adapter.simulator.xds import SimulatedXds

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
VECTOR = Path(__file__).parents[1] / "vectors/lib-ihe-xds.json"
KVNR, REPOSITORY = PATIENT.partition("^")[0], "1.2.276.0.76.3.1.1"
WHO = Attestation("1-20.9002", ("1.2.276.0.76.4.50",), "Praxis am Markt", "n")
PERSON = {"root": "1.2.276.0.76.4.8", "extension": KVNR}
INSTITUTION = {"name": "Praxis am Markt", "identifier": "1-20.1"}
AUTHOR = {
    "identifier": "165746304",
    "familyName": "Lichterbaum",
    "givenName": "Martin",
    "title": "Dr.",
    "authorInstitution": [INSTITUTION],
    "authorRole": ["11^^^&1.3.6.1.4.1.19376.3.276.1.5.13&ISO"],
}
THEIRS = {
    "author": [AUTHOR],
    "classCode": "BEF",
    "typeCode": "BILD",
    "formatCode": "urn:ihe:iti:xds:2017:mimeTypeSufficient",
    "confidentialityCode": ["N"],
    "eventCodeList": ["H1"],
    "creationTime": "2026-03-01T09:30:00",
    "healthcareFacilityTypeCode": "PRA",
    "practiceSettingCode": "RADI",
    "languageCode": "de-DE",
    "mimeType": "application/fhir+xml",
    "title": "CT Schädel",
    "uniqueId": "2.25.7",
    "referenceIdList": ["A-17^^^^b"],
}
CONTENT = b"<Bundle/>\r\n\x00\xff"


def body_of(message: bytes, content_type: str) -> bytes:
    """What is in the SOAP body, with each document in its place."""
    read = email.message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + message)
    root, *others = list(read.walk())[1:] if read.is_multipart() else [read]
    parts = {one["Content-ID"].strip("<>"): one.get_payload(decode=True) for one in others}
    tree = etree.fromstring(root.get_payload(decode=True))
    for include in list(tree.iter(f"{{{XOP}}}Include")):
        document = include.getparent()
        document.text = base64.b64encode(parts[include.get("href").removeprefix("cid:")]).decode()
        document.remove(include)
    return etree.tostring(tree.find(f"{{{SOAP}}}Body")[0])


def enveloped(body: bytes, action: str, **headers: str) -> tuple[bytes, str]:
    return soap.write(Message(etree.fromstring(body), action, **headers), mtom=False)


@dataclass
class Bench:
    """A record, the service before it, and lib-ihe-xds."""

    peer: Peer
    service: SimulatedXds

    def read(self, body: bytes) -> Any:
        return json.loads(self.peer.say("read", body))

    def asks(self, word: str, told: dict[str, Any], operation: Operation) -> Any:
        """They write a request, our service answers it, they read the answer."""
        request = self.peer.say(word, json.dumps({"insurantId": PERSON, **told}).encode())
        sent = enveloped(request, operation, message_id=MESSAGE_ID, to=TO)
        return self.read(body_of(*self.service.answer(WHO, KVNR, *sent)))

    def provides(self, **changes: Any) -> Any:
        document = {"documentMetadata": {**THEIRS, **changes}, "documentData": base64.b64encode(CONTENT).decode()}
        return self.asks("provide", submission(document), Operation.PROVIDE_AND_REGISTER)

    def finds(self, **rows: list[str]) -> Any:
        told = {"returnType": "LeafClass", "query": "FindDocuments", "queryMetadata": query(rows)}
        return self.asks("find", told, Operation.STORED_QUERY)

    def client(self, sent: Callable[[bytes], object] | None = None) -> XdsDocumentService:
        """Ours: each answer is read and written anew by their classes on its way."""

        def post(body: bytes, content_type: str) -> tuple[bytes, str]:
            if sent:
                sent(body_of(body, content_type))
            answer = self.service.answer(WHO, KVNR, body, content_type)
            told = soap.read(*answer)
            return enveloped(self.peer.say("again", body_of(*answer)), told.action, relates_to=told.relates_to)

        return XdsDocumentService(post, TO)


def submission(*documents: dict[str, Any]) -> dict[str, Any]:
    return {"documents": list(documents), "submissionSetMetadata": {"authors": [AUTHOR]}}


def query(rows: dict[str, list[str]]) -> dict[str, list[str]]:
    return {f"$XDSDocumentEntry{name}": values for name, values in {"Status": [Availability.APPROVED], **rows}.items()}


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    with LIB_IHE_XDS.running() as one:
        yield one


@pytest.fixture
def bench(peer: Peer) -> Bench:
    records = RecordSystem(lambda: NOW)
    records.open_record(KVNR)
    records.entitle(KVNR, WHO.telematik_id, NOW + timedelta(days=90))
    return Bench(peer, SimulatedXds(records, REPOSITORY))


def test_they_read_what_we_provide(bench: Bench) -> None:
    told: list[bytes] = []
    bench.client(told.append).provide_and_register([DOCUMENT], SUBMISSION)
    read = bench.read(told[0])
    ((document,), objects) = read["documents"], read["objects"]
    assert base64.b64decode(document["value"]) == DOCUMENT.content
    (entry,), (package,), (member,) = (
        objects[name] for name in ("documentsMetadata", "submissionSetsMetadata", "associations")
    )
    assert {name: entry[name] for name in SINGLE} == {name: CODES[name][0].code for name in SINGLE}
    assert (entry["eventCodeList"], entry["confidentialityCode"]) == (["CT", "MR"], ["N"])
    assert (entry["title"], entry["mimeType"], entry["uniqueId"]) == ("CT Schädel", ENTRY.mime_type, "2.25.7")
    assert (entry["patientId"], entry["creationTime"]) == (PATIENT, [2026, 3, 1, 9, 30])
    assert entry["referenceIdList"] == list(SLOTS["urn:ihe:iti:xds:2013:referenceIdList"])
    assert entry["author"][0]["authorInstitution"] == package["authors"][0]["authorInstitution"] == [INSTITUTION]
    assert (package["uniqueId"], package["submissionTime"]) == ("2.25.8", [2026, 3, 1, 9, 30])
    assert (member["sourceObject"], member["targetObject"]) == (package["entryUUID"], document["id"])


SINGLE = ("classCode", "typeCode", "formatCode", "healthcareFacilityTypeCode", "practiceSettingCode")


def test_they_read_what_we_replace(bench: Bench) -> None:
    told: list[bytes] = []
    with pytest.raises(XdsNotFound):
        bench.client(told.append).provide_and_register([replace(DOCUMENT, replaces=OLD_UUID)], SUBMISSION)
    (_, replaced) = bench.read(told[0])["objects"]["associations"]
    assert replaced["associationType"] == "urn:ihe:iti:2007:AssociationType:RPLC"
    assert (replaced["sourceObject"], replaced["targetObject"]) == (DOCUMENT.entry_uuid, OLD_UUID)


def test_they_read_what_we_look_for(bench: Bench) -> None:
    told: list[bytes] = []
    bench.client(told.append).find(Search(PATIENT, codes={"classCode": CODES["classCode"]}, reference_ids=("it's",)))
    asked = bench.read(told[0])["adhocQuery"]
    assert asked["id"] == "urn:uuid:12941a89-e02e-4be5-967c-ce4bfc8fe492"
    assert {one["name"]: one["valueList"]["value"] for one in asked["slot"]} == {
        "$XDSDocumentEntryPatientId": [f"'{PATIENT}'"],
        "$XDSDocumentEntryStatus": [f"('{Availability.APPROVED}')"],
        "$XDSDocumentEntryClassCode": ["('BEF^^1.3.6.1.4.1.19376.3.276.1.5.8')"],
        "$XDSDocumentEntryReferenceIdList": ["('it''s')"],
    }


def test_they_read_what_we_retrieve(bench: Bench) -> None:
    told: list[bytes] = []
    with pytest.raises(XdsNotFound):
        bench.client(told.append).retrieve([Wanted("2.25.7", REPOSITORY)])
    (wanted,) = bench.read(told[0])["documentRequest"]
    assert (wanted["documentUniqueId"], wanted["repositoryUniqueId"]) == ("2.25.7", REPOSITORY)


def test_we_read_answers_that_their_classes_have_written(bench: Bench) -> None:
    client = bench.client()
    assert client.provide_and_register([DOCUMENT], SUBMISSION) == ()
    (found,) = client.find(Search(PATIENT)).documents
    assert found.metadata.entry == replace(ENTRY, slots={"repositoryUniqueId": (REPOSITORY,)} | SLOTS)
    got = client.retrieve([Wanted("2.25.7", REPOSITORY), Wanted("2.25.0", REPOSITORY)])
    assert ([one.content for one in got.documents], got.errors) == ([DOCUMENT.content], ("XDSDocumentUniqueIdError",))
    with pytest.raises(XdsConflict):
        client.provide_and_register([DOCUMENT], SUBMISSION)


def found_by_us(bench: Bench) -> Found:
    return bench.client().find(Search(PATIENT))


def test_we_read_what_they_provide(bench: Bench) -> None:
    assert bench.provides()["success"]
    (found,) = found_by_us(bench).documents
    entry = found.metadata.entry
    assert (entry.unique_id, entry.title, entry.mime_type) == ("2.25.7", "CT Schädel", "application/fhir+xml")
    assert (entry.patient_id, entry.author_institution) == (PATIENT, ENTRY.author_institution)
    assert {name: [one.code for one in codes] for name, codes in entry.codes.items()} == {
        "confidentialityCode": ["N"],
        "eventCodeList": ["H1"],
        **{name: [str(THEIRS[name])] for name in SINGLE},
    }
    (got,) = bench.client().retrieve([Wanted("2.25.7", REPOSITORY)]).documents
    assert got.content == CONTENT


def test_we_read_what_they_replace(bench: Bench) -> None:
    bench.provides()
    (old,) = found_by_us(bench).documents
    document = {
        "documentMetadata": {**THEIRS, "uniqueId": "2.25.9"},
        "documentData": base64.b64encode(b"<Next/>").decode(),
        "entryUUIDOfDocumentToReplace": old.entry_uuid,
    }
    assert bench.asks("replace", submission(document), Operation.PROVIDE_AND_REGISTER)["success"]
    assert [one.metadata.entry.unique_id for one in found_by_us(bench).documents] == ["2.25.9"]


def test_they_find_and_retrieve_what_we_have_provided(bench: Bench) -> None:
    bench.client().provide_and_register([DOCUMENT], SUBMISSION)
    (entry,) = bench.finds(ClassCode=["BEF^^1.3.6.1.4.1.19376.3.276.1.5.8"])["registryObjectLists"]["documentsMetadata"]
    assert (entry["uniqueId"], entry["title"], entry["repositoryUniqueId"]) == ("2.25.7", "CT Schädel", REPOSITORY)
    assert entry["availabilityStatus"] == Availability.APPROVED
    told = {"repositoryUniqueId": REPOSITORY, "documentUniqueIds": ["2.25.7"]}
    (got,) = retrieved(bench, told)["documents"]
    assert (base64.b64decode(got["document"]), got["mimeType"]) == (DOCUMENT.content, ENTRY.mime_type)


def test_what_they_write_is_kept(peer: Peer) -> None:
    document = {"documentMetadata": THEIRS, "documentData": base64.b64encode(CONTENT).decode()}
    told: dict[str, dict[str, Any]] = {
        "provide": {"insurantId": PERSON, **submission(document)},
        "find": {"insurantId": PERSON, "returnType": "LeafClass", "query": "FindDocuments", "queryMetadata": query({})},
        "retrieve": {"repositoryUniqueId": REPOSITORY, "documentUniqueIds": ["2.25.7"]},
    }
    written = {word: peer.say(word, json.dumps(one).encode()).decode() for word, one in told.items()}
    assert all(written.values())
    if os.environ.get("LINKEXCHANGE_RECORD"):
        head = {"peer": f"lib-ihe-xds {LIB_IHE_XDS.version()}", "recorded": datetime.now(UTC).date().isoformat()}
        VECTOR.write_text(json.dumps({**head, **written}, indent=1, ensure_ascii=False) + "\n")


def retrieved(bench: Bench, told: dict[str, Any]) -> Any:
    request = bench.peer.say("retrieve", json.dumps(told).encode())
    sent = enveloped(request, Operation.RETRIEVE, message_id=MESSAGE_ID, to=TO)
    return bench.read(body_of(*bench.service.answer(WHO, KVNR, *sent)))


def test_they_read_that_nothing_was_found_and_why_something_was_refused(bench: Bench) -> None:
    nothing = bench.finds()
    assert (nothing["success"], nothing["registryObjectLists"]["documentsMetadata"]) == (True, None)
    bench.provides()
    again = bench.provides()
    assert not again["success"]
    assert "XDSDuplicateUniqueIdInRegistry" in again["statusMessage"]
    missing = retrieved(bench, {"repositoryUniqueId": REPOSITORY, "documentUniqueIds": ["2.25.0"]})
    assert not missing["success"]
    assert "XDSDocumentUniqueIdError" in missing["statusMessage"]
