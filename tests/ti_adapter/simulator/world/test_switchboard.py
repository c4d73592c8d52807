"""What the switchboard breaks is broken for real clients, for its own reason, and right again afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest
from cryptography import x509
from simulated_ti import utc_now
from simulated_world import Node, World

from ti_adapter import vzd
from ti_adapter.epa import EpaSilent, LocationUnknown, LoginFailed, search_token
from ti_adapter.errors import (
    CardFailed,
    CertificateRefused,
    CertificateRevoked,
    OcspRefused,
    OcspSilent,
    ProofFailed,
    RecordRefused,
    TiError,
    TslRefused,
    TslSilent,
)
from ti_adapter.idp import IdpRefused, IdpSilent
from ti_adapter.idp.errors import IdTokenRefused
from ti_adapter.idp.keys import ROLE_IDPD
from ti_adapter.konnektor import KonnektorSilent, VerificationResult
from ti_adapter.konnektor.cards import CardType, PinResult
from ti_adapter.konnektor.errors import CardMissing, ConfigurationRefused, PinRequired
from ti_adapter.pki import (
    CH_AUT,
    FD_SIG,
    OcspClient,
    OcspReason,
    Question,
    Reason,
    TslReason,
    verify_institution,
    verify_service,
)
from ti_adapter.simulator.client import Switchboard, UnknownSwitch
from ti_adapter.simulator.shape import INSURED
from ti_adapter.simulator.world.world import OWN_CLIENT
from ti_adapter.vau.errors import HandshakeRefused, VauSilent
from ti_adapter.vzd import VzdRefused, VzdSilent

pytestmark = pytest.mark.slow
KVNR = "A110000002"


@pytest.fixture
def ti(whole_ti: World) -> Iterator[World]:
    """Everything in order, before and after."""
    yield whole_ti
    whole_ti.switchboard.all_off()
    whole_ti.switchboard.exchange_card("klinik")
    whole_ti.switchboard.renew_tsl()


@pytest.fixture
def node(ti: World) -> Node:
    return ti.node("klinik")


@contextmanager
def broken(ti: World, service: str, fault: str, **more: float) -> Iterator[None]:
    ti.switchboard.on(service, fault, **more)
    yield
    ti.switchboard.off(service, fault)


def ask_ocsp(node: Node) -> object:
    who = verify_institution(node.card.certificate, node.tsl.trust(), utc_now())
    return OcspClient(utc_now).check(Question.about(who), node.tsl.trust())


def log_in_as_client(node: Node) -> object:
    return node.idp.log_in(OWN_CLIENT, node.card, node.idp.discover())


def find_in_directory(node: Node) -> object:
    node.log_in()
    directory = node.http(node.ti["vzd"])
    return vzd.find(directory, "5-2.9001", search_token(node.inside).token)


USES: dict[str, Callable[[Node], object]] = {
    "ocsp": ask_ocsp,
    "tsl": lambda node: node.tsl.renew(),
    "idp": log_in_as_client,
    "konnektor-klinik": lambda node: node.card.external_authenticate(bytes(32)),
    "record-1": lambda node: node.locate(KVNR),
    "vau-1": Node.log_in,
    "vzd": find_in_directory,
}


@pytest.mark.parametrize(
    ("service", "fault", "error", "reason"),
    [
        ("ocsp", "down", OcspSilent, None),
        ("ocsp", "certHash missing", OcspRefused, OcspReason.CERT_HASH_MISSING),
        ("ocsp", "elsewhere", OcspSilent, None),
        ("tsl", "down", TslSilent, None),
        ("tsl", "text changed", TslRefused, None),
        ("idp", "down", IdpSilent, None),
        ("idp", "id-token/expired", IdTokenRefused, None),
        ("konnektor-klinik", "down", KonnektorSilent, None),
        ("konnektor-klinik", "4004", ConfigurationRefused, None),
        ("record-1", "down", LocationUnknown, None),
        ("record-1", "internalError", LocationUnknown, None),
        ("vau-1", "down", VauSilent, None),
        ("vau-1", "expired", CertificateRefused, Reason.EXPIRED),
        ("vau-1", "not yet valid", CertificateRefused, Reason.NOT_YET_VALID),
        ("vau-1", "of a card", CertificateRefused, Reason.TYPE),
        ("vau-1", "OCSP answer: revoked", CertificateRevoked, None),
        ("vau-1", "OCSP answer: too old", OcspRefused, OcspReason.PRODUCED_TOO_EARLY),
        ("vau-1", "OCSP answer of a foreign responder", OcspRefused, OcspReason.RESPONDER),
        ("vau-1", "keys have ended", HandshakeRefused, None),
        ("vau-1", "keys signed by another", HandshakeRefused, None),
        ("vzd", "down", VzdSilent, None),
    ],
)
def test_what_is_switched_on_is_seen_and_gone_when_it_is_off(
    ti: World, node: Node, service: str, fault: str, error: type[TiError], reason: object
) -> None:
    use = USES[service]
    ti.patients.open_record(KVNR)
    assert node.tsl
    with broken(ti, service, fault), pytest.raises(error) as raised:
        use(node)
    assert reason is None or (isinstance(raised.value, ProofFailed) and raised.value.reason == reason)
    use(ti.node("klinik"))


def test_what_the_directory_says_can_be_switched_for_a_registered_client(ti: World, node: Node) -> None:
    said, http = ti.ti["vzd_client"], node.http(ti.ti["vzd"])
    client = vzd.ServiceClient(said["token_url"], vzd.Credentials(said["id"], said["secret"]), utc_now)

    def found() -> tuple[str, tuple[str, ...]] | None:
        entry = client.find(http, "5-2.9001")
        return (entry.name, entry.profession_oids) if entry else None

    assert found() == ("Klinikum Nord TEST-ONLY", ("1.2.276.0.76.4.53",))
    with broken(ti, "vzd", "nobody listed"):
        assert found() is None
    with broken(ti, "vzd", "other roles"):
        assert found() == ("Klinikum Nord TEST-ONLY", ("1.2.276.0.76.4.54",))
    with broken(ti, "vzd", "other names"):
        assert found() == ("Andere Einrichtung", ("1.2.276.0.76.4.53",))
    with broken(ti, "vzd", "clients unknown"), pytest.raises(VzdRefused):
        found()
    assert found()


def test_what_is_down_inside_the_channel_is_the_record_and_not_the_vau(ti: World, node: Node) -> None:
    node.log_in()
    with broken(ti, "record-1", "internalError"), pytest.raises(EpaSilent):
        search_token(node.inside)
    assert search_token(node.inside).token


def test_a_record_system_cannot_log_in_what_the_idp_does_not_vouch_for(ti: World, node: Node) -> None:
    with broken(ti, "idp", "id-token/expired"), pytest.raises(LoginFailed) as failed:
        node.log_in()
    assert failed.value.step == 5
    assert ti.node("klinik").log_in()


def test_a_slow_service_is_slow_by_as_much_as_was_said(ti: World, node: Node) -> None:
    with broken(ti, "record-1", "slow", slow_seconds=30), pytest.raises(httpx.ReadTimeout):
        node.http(node.origin).get("/information/api/v1/ehr", timeout=0.2)


@pytest.mark.parametrize(
    ("ask", "known"),
    [
        (lambda it: it.on("ocsp", "no such"), "certHash missing"),
        (lambda it: it.off("vau-1", "4004"), "of a card"),
        (lambda it: it.on("vau-3", "down"), "vau-2"),
        (lambda it: it.restart_konnektor("praxen"), "praxis"),
        (lambda it: it.restart_record(3), "2"),
    ],
    ids=["fault", "fault of another", "service", "institution", "record system"],
)
def test_what_there_is_not_is_answered_by_what_there_is(
    ti: World, ask: Callable[[Switchboard], object], known: str
) -> None:
    with pytest.raises(UnknownSwitch) as unknown:
        ask(ti.switchboard)
    assert known in unknown.value.known


def test_nobody_without_the_key_switches_anything(ti: World) -> None:
    with pytest.raises(RecordRefused, match="invalAuth"):
        Switchboard(ti.ti["switchboard"], "another").on("ocsp", "down")


def test_a_konnektor_that_was_restarted_waits_for_its_pin(ti: World, node: Node) -> None:
    node.card.external_authenticate(bytes(32))
    ti.switchboard.restart_konnektor("klinik")
    assert ti.switchboard.state().pins["klinik"] == "VERIFIABLE"
    with pytest.raises(PinRequired):
        node.card.external_authenticate(bytes(32))
    assert ti.switchboard.enter_pin("klinik", PinResult.REJECTED) is PinResult.REJECTED
    assert ti.switchboard.enter_pin("klinik") is PinResult.OK
    assert node.card.external_authenticate(bytes(32))


def test_what_the_person_at_the_terminal_will_do_ends_a_request_for_the_pin(ti: World, node: Node) -> None:
    ti.switchboard.restart_konnektor("klinik")
    handle = node.konnektor.cards(CardType.SMC_B)[0].handle
    with broken(ti, "konnektor-klinik", "4004"), pytest.raises(ConfigurationRefused):
        node.konnektor.verify_pin(handle)
    node.konnektor.verify_pin(handle)
    assert ti.switchboard.state().pins["klinik"] == "VERIFIED"


def test_a_card_that_was_pulled_is_missing_and_needs_its_pin_when_it_is_back(ti: World, node: Node) -> None:
    node.card.external_authenticate(bytes(32))
    ti.switchboard.pull_card("klinik")
    assert ti.switchboard.state().pins["klinik"] == "missing"
    with pytest.raises(CardMissing):
        node.card.external_authenticate(bytes(32))
    with pytest.raises(RecordRefused, match="statusMismatch"):
        ti.switchboard.enter_pin("klinik")
    ti.switchboard.insert_card("klinik")
    with pytest.raises(PinRequired):
        node.card.external_authenticate(bytes(32))


def test_i03_a_card_that_was_revoked_logs_in_nowhere_and_ocsp_says_why(ti: World, node: Node) -> None:
    ti.switchboard.revoke_card("klinik")
    with pytest.raises(CertificateRevoked):
        ask_ocsp(node)
    with pytest.raises(IdpRefused) as refused:
        node.log_in()
    assert refused.value.code == "2020"
    assert node.konnektor.verify_certificate(node.card.certificate, utc_now()).result is VerificationResult.INVALID


def test_i03_ocsp_says_that_the_certificates_of_the_idp_are_revoked_until_they_are_not(ti: World, node: Node) -> None:
    trust, known, shown = node.tsl.trust(policy=FD_SIG.policy), node.tsl.known, list[x509.Certificate]()
    assert known
    node.idp_client(lambda certificate, _: shown.append(certificate)).discover()
    proven = verify_service(shown[0], trust, utc_now(), profile=FD_SIG, role=ROLE_IDPD)
    question = Question.about(proven, known.ocsp_url(proven.issuer))
    with broken(ti, "idp", "certificates revoked"), pytest.raises(CertificateRevoked):
        OcspClient(utc_now).check(question, trust)
    assert OcspClient(utc_now).check(question, trust).revoked_from is None


def test_i02_a_card_whose_certificate_has_ended_proves_nothing(ti: World, node: Node) -> None:
    ti.switchboard.expire_card("klinik")
    with pytest.raises(CertificateRefused) as refused:
        verify_institution(node.card.certificate, node.tsl.trust(), utc_now())
    assert refused.value.reason is Reason.EXPIRED
    with pytest.raises(IdpRefused):
        log_in_as_client(node)


def test_i15_by_an_outdated_trust_list_nobody_is_trusted(ti: World, node: Node) -> None:
    ti.switchboard.outdate_tsl()
    with pytest.raises(TslRefused) as refused:
        node.tsl.trust()
    assert refused.value.step == 9


def test_i15_a_newer_trust_list_is_refused_while_ocsp_says_that_its_signer_is_revoked(ti: World, node: Node) -> None:
    known = node.tsl.known
    ti.switchboard.renew_tsl()
    with broken(ti, "tsl", "signer revoked"), pytest.raises(TslRefused) as refused:
        node.tsl.renew()
    assert (refused.value.step, refused.value.reason) == (11, TslReason.SIGNER_REVOKED)
    assert node.tsl.known is known
    assert node.tsl.renew() is not known


def test_f20_a_newer_trust_list_waits_while_ocsp_is_down(ti: World, node: Node) -> None:
    known = node.tsl.known
    ti.switchboard.renew_tsl()
    with broken(ti, "ocsp", "down"), pytest.raises(OcspSilent):
        node.tsl.renew()
    assert node.tsl.known is known


def test_a_login_ends_with_the_restart_of_the_record_system(ti: World, node: Node) -> None:
    assert node.log_in()
    assert not node.log_in()
    ti.switchboard.restart_record(1)
    with pytest.raises(TiError):
        node.log_in()
    assert node.log_in()


def test_signatures_and_requests_are_counted(ti: World, node: Node) -> None:
    before = ti.switchboard.state()
    node.log_in()
    after = ti.switchboard.state()
    assert after.signatures["klinik"] - before.signatures["klinik"] == 2
    asked = {name for name, count in after.requests.items() if count > before.requests[name]}
    assert asked == {"konnektor-klinik", "tsl", "idp", "vau-1", "record-1"}
    assert after.faults == {}


def test_a_fault_that_is_on_is_told(ti: World) -> None:
    with broken(ti, "tsl", "older number"):
        assert ti.switchboard.state().faults == {"tsl": ["older number"]}


def test_the_insurance_card_in_the_terminal_is_one_and_no_institutions(ti: World, node: Node) -> None:
    ti.switchboard.insert_egk("klinik", KVNR, given="", family="Beispiel-" * 10)
    _, egk = (card.handle for card in node.konnektor.cards())
    certificate = node.konnektor.certificate(egk)
    trust = node.tsl.trust(policy=CH_AUT.policy)
    proven = verify_service(certificate, trust, utc_now(), profile=CH_AUT, role=INSURED)
    OcspClient(utc_now).check(Question.about(proven), trust)
    with pytest.raises(CertificateRefused, match="step 3"):
        verify_institution(certificate, node.tsl.trust(), utc_now())
    ti.switchboard.pull_egk("klinik")


def test_an_insurance_card_is_read_while_it_is_in_the_terminal(ti: World, node: Node) -> None:
    ti.switchboard.insert_egk("klinik", KVNR, family="Beispiel", street=None)
    smcb, egk = (card.handle for card in node.konnektor.cards())
    insured = node.konnektor.read_vsd(egk, smcb)
    assert (insured.kvnr, insured.family, insured.street) == (KVNR, "Beispiel", None)
    ti.switchboard.pull_egk("klinik")
    with pytest.raises(CardFailed):
        node.konnektor.read_vsd(egk, smcb)
    assert len(node.konnektor.cards()) == 1
