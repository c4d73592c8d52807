"""The hub over HTTPS: the client of a node against the real application, over mTLS."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import listening
import peers
import pytest
import scripted
import wishes
from certificates import Authority, NodeCertificate
from conftest import Clock
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from fastapi import Request
from hub_bench import HubBench
from structlog.testing import capture_logs
from wishes import BY_RECORD, HOSPITAL, HUB, LINK, NEWER_LINK, OFFER, PARTICIPANT, PRACTICE, REGISTERED, STRANGER

from linkexchange import govern
from linkexchange.errors import (
    Denied,
    Fault,
    HubUnavailable,
    IdentityRefused,
    MessageFault,
    TooManyRequests,
    UnknownParticipant,
)
from linkexchange.hub import HubClient
from linkexchange.model.access import Basis
from linkexchange.model.balance import DISPATCH_TYP, Dispatch, digest_of
from linkexchange.model.grant import accept
from linkexchange.model.link import LinkStatus
from linkexchange.model.participant import Institution
from linkexchange.model.proof import TYP as PROOF_TYP
from linkexchange.model.request import TYP as REQUEST_TYP
from linkexchange.model.switch import Hand, Switch
from linkexchange.model.transfer import State
from linkexchange.ports import Receipt, Session
from linkexchange.signing import PublicKeys, Signer, verify
from linkexchange.store.work import Database
from linkexchange.tls import client_context, server_context
from linkexchange.web import resolver as web
from linkexchange.web.limits import HUB as HUB_LIMITS

CANARY = "Mustermann-canary"


@dataclass
class RunningHub:
    """The hub's application on a port, and the certificates of whoever talks to it."""

    bench: HubBench
    authority: Authority
    port: int

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    def context(self, certificate: NodeCertificate) -> ssl.SSLContext:
        return client_context(certificate.certificate, certificate.key, self.authority.certificate)


@pytest.fixture
def hub(database: Database, clock: Clock, tmp_path: Path) -> Iterator[RunningHub]:
    authority = Authority(tmp_path)
    mine = authority.node(HOSPITAL)
    context = server_context(mine.certificate, mine.key, authority.certificate)
    bench = HubBench(database, clock)
    with listening.on(web.application(bench.resolver), context) as port:
        yield RunningHub(bench, authority, port)


@contextmanager
def connected(url: str, context: ssl.SSLContext) -> Iterator[HubClient]:
    client = HubClient(url, context)
    try:
        yield client
    finally:
        client._http.close()


@pytest.fixture
def practice(hub: RunningHub) -> NodeCertificate:
    return hub.authority.node(PRACTICE)


@pytest.fixture
def client(hub: RunningHub, practice: NodeCertificate) -> Iterator[HubClient]:
    """The practice's client, whose card is believed."""
    with connected(hub.url, hub.context(practice)) as client:
        yield client


@pytest.fixture
def hospital(hub: RunningHub) -> Iterator[HubClient]:
    with connected(hub.url, hub.context(hub.authority.node(HOSPITAL))) as client:
        yield client


@pytest.fixture
def raw(hub: RunningHub, practice: NodeCertificate) -> Iterator[httpx.Client]:
    """The practice without a client of ours."""
    with httpx.Client(base_url=hub.url, verify=hub.context(practice)) as client:
        yield client


def _signer(certificate: NodeCertificate) -> Signer:
    key = load_pem_private_key(certificate.key.read_bytes(), None)
    return Signer.of(key, certificate.thumbprint)


def _as_hospital(hub: RunningHub, client: HubClient) -> Session:
    hub.bench.card = Institution(HOSPITAL, wishes.HOSPITAL_ROLE, "Klinikum Süd")
    return client.open_session(client.nonce())


# --- resolver ---------------------------------------------------------------------------------------------------------


def test_from_a_nonce_to_a_grant(hub: RunningHub, client: HubClient, practice: NodeCertificate) -> None:
    session = client.open_session(client.nonce())
    token = client.grant(session, _signer(practice).sign(BY_RECORD.claims(HUB), typ=REQUEST_TYP))
    proven = verify(token, hub.bench.hub.public)
    grant = accept(proven, audience=HOSPITAL, thumbprint=practice.thumbprint, now=hub.bench.clock())
    assert (grant.transfer, grant.requester, session.expires.tzinfo) == (BY_RECORD.transfer, PRACTICE, UTC)


def test_a_denial_arrives_with_its_public_reason(client: HubClient, practice: NodeCertificate) -> None:
    elsewhere = replace(BY_RECORD, destination="ARCHIV")
    session = client.open_session(client.nonce())
    with pytest.raises(Denied) as denied:
        client.grant(session, _signer(practice).sign(elsewhere.claims(HUB), typ=REQUEST_TYP))
    assert denied.value.detail == "unknown-destination"


def test_a_request_that_is_none_arrives_as_such(client: HubClient) -> None:
    session = client.open_session(client.nonce())
    with pytest.raises(MessageFault, match="step 2"):
        client.grant(session, "nonsense")


def test_a_card_that_is_not_believed_opens_nothing(hub: RunningHub, client: HubClient) -> None:
    hub.bench.card = IdentityRefused("step 5")
    with pytest.raises(IdentityRefused):
        client.open_session(client.nonce())


def test_t8_a_stolen_session_is_of_no_use_behind_another_certificate(hub: RunningHub, client: HubClient) -> None:
    stolen = client.open_session(client.nonce())
    thief = hub.authority.node(PRACTICE)
    with connected(hub.url, hub.context(thief)) as other, pytest.raises(IdentityRefused, match="session"):
        other.grant(stolen, _signer(thief).sign(BY_RECORD.claims(HUB), typ=REQUEST_TYP))


def test_a_request_is_signed_with_the_key_of_the_tls_certificate(hub: RunningHub, client: HubClient) -> None:
    session = client.open_session(client.nonce())
    other = _signer(hub.authority.node(PRACTICE))
    with pytest.raises(MessageFault, match="step 4: unknown key"):
        client.grant(session, other.sign(BY_RECORD.claims(HUB), typ=REQUEST_TYP))


@pytest.mark.parametrize("uris", [[], ["urn:x:1"], [PRACTICE.uri, HOSPITAL.uri], ["urn:linkexchange:participant:0"]])
def test_a_certificate_that_names_no_participant_is_nobody_s(hub: RunningHub, uris: list[str]) -> None:
    with connected(hub.url, hub.context(hub.authority.issue(uris))) as nobody, pytest.raises(IdentityRefused):
        nobody.nonce()


@pytest.mark.parametrize("curve", [ec.SECP384R1(), ec.BrainpoolP256R1()], ids=lambda curve: curve.name)
def test_a_certificate_whose_key_is_not_p_256_is_nobody_s(curve: ec.EllipticCurve) -> None:
    key, name = ec.generate_private_key(curve), x509.Name([])
    participant = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(PRACTICE.uri)])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, wishes.NOW, wishes.NOW + timedelta(days=1))
    der = builder.add_extension(participant, critical=False).sign(key, SHA256()).public_bytes(Encoding.DER)
    scope = {"type": "http", "extensions": {"tls": {"client_certificate_der": der}}}
    with pytest.raises(IdentityRefused, match="TLS certificate"):
        web.caller_of(Request(scope))


def test_the_keys_that_nodes_pin_are_published(hub: RunningHub, raw: httpx.Client) -> None:
    pinned = PublicKeys.from_jwks(raw.get("/resolver/keys").text)
    assert verify(hub.bench.hub.sign({}, typ="t"), pinned).kid == "grant-1"


# --- ledger and directory ---------------------------------------------------------------------------------------------


def test_links_are_entered_replaced_and_withdrawn(hub: RunningHub, hospital: HubClient) -> None:
    session = _as_hospital(hub, hospital)
    newer = replace(REGISTERED, link=NEWER_LINK)
    for _ in range(2):
        hospital.register(session, newer, replaces=LINK)
        hospital.withdraw(session, NEWER_LINK)
    with hub.bench.database.work(HOSPITAL) as work:
        kept, older = work.hub.link(NEWER_LINK), work.hub.link(LINK)
    assert kept == replace(newer, status=LinkStatus.CANCELLED)
    assert (older.replaced_by, older.status) == (NEWER_LINK, LinkStatus.AVAILABLE)


def test_an_offer_reaches_its_receiver_and_nobody_else(hub: RunningHub, hospital: HubClient, client: HubClient) -> None:
    hospital.offer(_as_hospital(hub, hospital), OFFER)
    assert (client.offers(), hospital.offers()) == ([OFFER], [])


def test_an_offer_says_until_when_and_on_what_basis_and_is_gone_when_it_has_expired(
    hub: RunningHub, hospital: HubClient, client: HubClient
) -> None:
    until = hub.bench.clock() + timedelta(hours=1)
    offer = replace(OFFER, expires=until, basis=Basis.EMERGENCY)
    hospital.offer(_as_hospital(hub, hospital), offer)
    assert client.offers() == [offer]
    hub.bench.clock.time = until
    assert client.offers() == []


def test_an_origin_turns_its_own_switch_and_reads_both_hands(hub: RunningHub, hospital: HubClient) -> None:
    hospital.switch(_as_hospital(hub, hospital), pulls=False, basis="§ 341 SGB V: nur Versand")
    operator = Switch(Hand.OPERATOR, True, "", hub.bench.clock())
    govern.turn(hub.bench.database, HOSPITAL, operator, user="operator")
    said = Switch(Hand.ORIGIN, False, "§ 341 SGB V: nur Versand", hub.bench.clock())
    assert sorted(hospital.switches(), key=lambda it: it.hand) == [operator, said]


@pytest.mark.parametrize("body", [{"pulls": "no"}, {"pulls": 0}, {}, {"pulls": True, "basis": "a\nb"}], ids=str)
def test_a_switch_that_is_neither_on_nor_off_is_refused(hub: RunningHub, raw: httpx.Client, body: object) -> None:
    assert raw.post("/ledger/switch", headers={"X-Session": "none"}, json=body).status_code == 422


def test_an_offer_to_nobody_is_refused(hub: RunningHub, hospital: HubClient) -> None:
    session = _as_hospital(hub, hospital)
    with pytest.raises(UnknownParticipant):
        hospital.offer(session, replace(OFFER, receiver=STRANGER))


def test_the_directory_lists_every_participant_by_name(client: HubClient) -> None:
    assert [it.name for it in client.participants()] == ["Klinikum Süd", "Praxis am Markt"]
    assert client.participant(PRACTICE) == PARTICIPANT


def test_whoever_is_not_in_the_directory_is_unknown(client: HubClient) -> None:
    with pytest.raises(UnknownParticipant):
        client.participant(STRANGER)


def _receipt(**change: Any) -> dict[str, Any]:
    row = {"requester": PRACTICE, "origin": HOSPITAL, "link": LINK, "transfer": str(wishes.TRANSFER)}
    return {**row, "outcome": "complete", "expected": 3, "stored": 3, "instances": [], **change}


def test_a_receipt_may_be_large_and_is_booked_once(
    hub: RunningHub, client: HubClient, practice: NodeCertificate
) -> None:
    proof = _signer(practice).sign(
        _receipt(instances=[{"sop_instance": "2.25.1", "digest_received": None, "note": "x" * 100}] * 5000),
        typ=PROOF_TYP,
    )
    assert len(proof) > 5 * HUB_LIMITS.otherwise.max_bytes
    for _ in range(2):
        client.receipt(proof)
    assert [row["proof"] == proof for row in hub.bench.rows("receipts")] == [True]


def test_w_05_a_large_body_of_somebody_who_was_put_out_is_not_read(hub: RunningHub, raw: httpx.Client) -> None:
    with hub.bench.database.work(PRACTICE) as work:
        work.directory.retire(PRACTICE)
    json = {"Content-Type": "application/json"}  # were it read, this would be wrong
    answer = raw.post("/ledger/receipts", content=b"x" * (100 << 10), headers=json)
    assert (answer.status_code, answer.json()["code"], answer.json()["detail"]) == (403, "identity-refused", "revoked")


def test_what_has_left_an_origin_is_booked(hub: RunningHub) -> None:
    files = hub.authority.node(HOSPITAL)
    said = Dispatch(wishes.TRANSFER, HOSPITAL, PRACTICE, LINK, 3, digest_of(["1.2"]))
    with connected(hub.url, hub.context(files)) as hospital:
        hospital.dispatch(_signer(files).sign(said.claims(), typ=DISPATCH_TYP))
    assert [row["instances"] for row in hub.bench.rows("dispatches", HOSPITAL)] == [3]


def test_a_receipt_is_told_to_the_origin_of_its_link_alone(
    client: HubClient, hospital: HubClient, practice: NodeCertificate
) -> None:
    assert hospital.receipts(LINK, PRACTICE) == []
    proof = _signer(practice).sign(_receipt(), typ=PROOF_TYP)
    client.receipt(proof)
    assert hospital.receipts(LINK, PRACTICE) == [Receipt(State(_receipt()["outcome"]), proof)]
    assert hospital.receipts(LINK, HOSPITAL) == client.receipts(LINK, PRACTICE) == []


def test_the_state_of_a_transfer_is_told_to_its_requester(
    client: HubClient, raw: httpx.Client, practice: NodeCertificate
) -> None:
    place = f"/ledger/transfers/{wishes.TRANSFER}"
    assert raw.get(place).status_code == 404
    client.grant(client.open_session(client.nonce()), _signer(practice).sign(BY_RECORD.claims(HUB), typ=REQUEST_TYP))
    client.receipt(_signer(practice).sign(_receipt(), typ=PROOF_TYP))
    told = raw.get(place).json()
    assert (told["reason"], told["outcome"], told["stored"], told["expected"]) == ("", "complete", 3, 3)


def test_a_receipt_in_the_name_of_another_is_refused(client: HubClient, practice: NodeCertificate) -> None:
    with pytest.raises(MessageFault, match="not a proof of the caller"):
        client.receipt(_signer(practice).sign(_receipt(requester=HOSPITAL), typ=PROOF_TYP))


def test_what_has_left_a_house_is_booked_over_the_wire(hub: RunningHub) -> None:
    mine = hub.authority.node(HOSPITAL)
    claims = {"transfer": str(wishes.TRANSFER), "link": LINK, "origin": HOSPITAL, "requester": PRACTICE}
    report = _signer(mine).sign({**claims, "instances": 3, "digest": "e" * 64}, typ=DISPATCH_TYP)
    with connected(hub.url, hub.context(mine)) as client:
        client.dispatch(report)
    assert ("dispatch.booked", 3) in [(action, fields.get("instances")) for action, fields in hub.bench.trail(HOSPITAL)]


# --- what the hub does not take ---------------------------------------------------------------------------------------

BODIES: dict[str, tuple[str, dict[str, Any]]] = {
    "no json": ("/resolver/sessions", {"content": CANARY, "headers": {"Content-Type": "application/json"}}),
    "another key": ("/resolver/sessions", {"json": {"attestation": "x", CANARY: 1}}),
    "no key": ("/resolver/sessions", {"json": {}}),
    "a number": ("/resolver/sessions", {"json": {"attestation": 5}}),
    "no link": (f"/ledger/links/{CANARY}/withdrawal", {}),
    "no study": ("/ledger/links", {"json": {"study": f"{CANARY}*"}}),
    "a long session": ("/resolver/grants", {"json": {"request": "x"}, "headers": {"X-Session": CANARY * 20}}),
}


@pytest.mark.parametrize("kind", BODIES)
def test_a_malformed_request_is_answered_without_repeating_it(raw: httpx.Client, kind: str) -> None:
    path, body = BODIES[kind]
    answer = raw.post(path, **{"headers": {"X-Session": "x"}, **body})
    assert (answer.status_code, answer.json()["code"]) == (422, "message-fault")
    assert CANARY not in answer.text


@pytest.mark.parametrize(
    "moment",
    [
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, tzinfo=UTC),
        datetime(1999, 12, 31, tzinfo=UTC),
        datetime(2026, 1, 1),  # noqa: DTZ001 - the point of it
    ],
    ids=str,
)
def test_a_moment_that_could_not_be_read_back_is_not_kept(
    hub: RunningHub, hospital: HubClient, client: HubClient, moment: datetime
) -> None:
    session = _as_hospital(hub, hospital)
    with pytest.raises(MessageFault):
        hospital.offer(session, replace(OFFER, made=moment))
    with pytest.raises(MessageFault):
        hospital.register(session, replace(REGISTERED, link=NEWER_LINK, expires=moment))
    assert client.offers() == []


@pytest.mark.parametrize(
    "uid", ["", "*", "2.25.?", "2.25.4711\\2.25.4712", "1.02", "2.25." + "1" * 60, "2.25.1\n", "１.2"]
)
def test_l_11_a_uid_that_is_none_is_refused(raw: httpx.Client, uid: str) -> None:
    link = {"link": LINK, "manifest_sha256": "e" * 64, "lock": "d" * 64, "expires": "2036-11-24T08:00:00+00:00"}
    answer = raw.post("/ledger/links", json={**link, "study": uid}, headers={"X-Session": "x"})
    assert (answer.status_code, answer.json()["code"]) == (422, "message-fault")


def test_w_05_a_large_body_is_refused_by_its_length(raw: httpx.Client) -> None:
    large = b"x" * (HUB_LIMITS.otherwise.max_bytes + 1)
    assert raw.post("/resolver/sessions", content=large).status_code == 413


def test_w_05_a_body_without_a_length_is_measured_as_it_comes(raw: httpx.Client) -> None:
    attestation = [b'{"attestation": "', b"x" * 100, b'"}']
    large = (b"x" * 1024 for _ in range(65))
    kind = {"Content-Type": "application/json"}
    bodies = (iter(attestation), large)
    answers = [raw.post("/resolver/sessions", content=body, headers=kind) for body in bodies]
    assert [answer.status_code for answer in answers] == [403, 413]


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/"])
def test_t34_the_hub_describes_itself_to_nobody(raw: httpx.Client, path: str) -> None:
    assert raw.get(path).status_code == 404


def test_a_refusal_is_logged_under_its_trace_id_and_with_nothing_of_the_request(raw: httpx.Client) -> None:
    with capture_logs() as logs:
        answer = raw.post("/resolver/grants", json={"request": CANARY}, headers={"X-Session": CANARY})
    (line,) = [row for row in logs if row["event"] == "answered with a problem"]
    assert (line["trace_id"], line["code"]) == (answer.json()["trace_id"], "message-fault")
    assert CANARY not in str(logs)


# --- a hub that does not work -----------------------------------------------------------------------------------------


def test_a_hub_that_is_not_there_is_unavailable(practice: NodeCertificate, hub: RunningHub) -> None:
    nowhere = f"https://localhost:{peers.free_port()}"
    with connected(nowhere, hub.context(practice)) as client, pytest.raises(HubUnavailable):
        client.nonce()


def test_n_03_a_hub_of_another_authority_is_not_spoken_to(tmp_path: Path, hub: RunningHub) -> None:
    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other")
    mine = other.node(PRACTICE)
    context = client_context(mine.certificate, mine.key, other.certificate)
    with connected(hub.url, context) as client, pytest.raises(HubUnavailable):
        client.nonce()


ANSWERS: dict[str, tuple[scripted.Answer, type[Fault]]] = {
    "500": (scripted.http(500, b"oops"), HubUnavailable),
    "429": (scripted.http(429, b'{"code": "too-many-requests"}', headers=("Retry-After: 7",)), TooManyRequests),
    "503 with a code": (scripted.http(503, b'{"code": "state-unavailable"}'), HubUnavailable),
    "404 of somebody else": (scripted.http(404, b"<html>"), HubUnavailable),
    "a code that is new": (scripted.http(403, b'{"code": "quota-exceeded"}'), Denied),
    "a list": (scripted.http(403, b"[]"), HubUnavailable),
    "a redirect": (scripted.http(302, headers=("Location: https://localhost:1/",)), HubUnavailable),
    "no json": (scripted.http(200, b"hello"), HubUnavailable),
    "other json": (scripted.http(200, b'{"once": 1}'), HubUnavailable),
    "no http": (scripted.Answer(b"hello\r\n\r\n", scripted.Then.CLOSE), HubUnavailable),
    "no gzip": (scripted.http(200, b"hello", headers=("Content-Encoding: gzip",)), HubUnavailable),
    "cut off": (scripted.cut(scripted.http(200, b'{"nonce": "x"}'), 50), HubUnavailable),
}


@pytest.mark.parametrize("kind", ANSWERS)
def test_whatever_else_a_hub_answers_is_one_of_our_faults(tmp_path: Path, kind: str) -> None:
    answer, fault = ANSWERS[kind]
    authority = Authority(tmp_path)
    node = authority.node(PRACTICE)
    serving = server_context(node.certificate, node.key, authority.certificate)
    with (
        scripted.server(answer, context=serving) as server,
        connected(server.url, client_context(node.certificate, node.key, authority.certificate)) as client,
        pytest.raises(fault),
    ):
        client.nonce()
