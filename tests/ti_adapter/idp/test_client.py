"""The client against the simulated IDP, over a real socket."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.serialization import Encoding
from simulated_idp import CARD, CARDS, CLINIC, COMPONENTS, IDENTITY, NOW, OURS, RECORD, IdpWorld
from simulated_ti import make_pki

from ti_adapter.errors import CardFailed, CertificateRefused, ProofFailed
from ti_adapter.idp import IdpRefused, IdpSilent, Registration, TokenRules, exchange, request
from ti_adapter.idp.errors import ChallengeRefused, DiscoveryRefused, IdTokenRefused, RequestRefused
from ti_adapter.idp.fault import Whose
from ti_adapter.idp.keys import ROLE_IDPD, handed_in, vouched_for
from ti_adapter.idp.reason import Reason
from ti_adapter.idp.tokens import Expected
from ti_adapter.pki import FD_SIG, HCI_AUT
from ti_adapter.pki.extensions import read_admission
from ti_adapter.simulator.card import CardSlot, SimulatedCard
from ti_adapter.simulator.shape import HOSPITAL, Shape, SimulatedInstitution

pytestmark = pytest.mark.slow
GZIP = {"content-encoding": "gzip"}


class CountingCard:
    """A card that knows how often it has signed."""

    certificate = CARD.certificate

    def __init__(self) -> None:
        self.signatures = 0

    def external_authenticate(self, digest: bytes) -> bytes:
        self.signatures += 1
        return CARD.external_authenticate(digest)


def uri_of_the_record(world: IdpWorld, verifier: str = "v" * 43, **changes: str) -> str:
    """What a record system redirects us to; it keeps the verifier."""
    parameters = {
        "client_id": RECORD.client_id,
        "redirect_uri": RECORD.redirect_uri,
        "response_type": "code",
        "state": "state-of-the-record",
        "nonce": "nonce-of-the-record",
        "scope": RECORD.scope,
        "code_challenge": request.code_challenge(verifier),
        "code_challenge_method": "S256",
        **changes,
    }
    return f"{world.url}/sign_response?{urlencode(parameters)}"


def refused(world: IdpWorld, registration: Registration = OURS) -> IdpRefused:
    with pytest.raises(IdpRefused) as no:
        world.log_in(registration)
    return no.value


def silence(world: IdpWorld) -> str:
    with pytest.raises(IdpSilent) as silent:
        world.log_in()
    return str(silent.value)


def test_an_institution_logs_in_as_itself_with_the_audience_and_scope_of_the_service(world: IdpWorld) -> None:
    done = world.log_in()
    assert (done.id_token.telematik_id, done.id_token.profession_oid) == (CLINIC.telematik_id, HOSPITAL)
    assert done.id_token.name == "Klinik Nord TEST-ONLY"
    assert (done.access_token.audience, done.access_token.scope) == (OURS.audience, OURS.scope)
    assert done.access_token.expires == int(NOW.timestamp()) + 300


def test_nothing_that_the_reference_servers_tokens_hold_is_unknown(world: IdpWorld) -> None:
    done = world.log_in()
    assert (done.id_token.unknown, done.access_token.unknown, world.discover().document.unknown) == ((), (), ())


def test_one_login_is_one_signature_of_the_card(world: IdpWorld) -> None:
    card, client = CountingCard(), world.client()
    client.log_in(OURS, card, client.discover())
    assert card.signatures == 1


def test_a_record_system_that_keeps_the_verifier_gets_the_code_and_can_exchange_it(world: IdpWorld) -> None:
    idp = world.discover()
    code = world.authorize(uri_of_the_record(world, "verifier-of-the-record-" + "x" * 20))
    key = exchange.make_token_key("verifier-of-the-record-" + "x" * 20, idp.encryption_key)
    answer = world.post(
        "/token",
        grant_type="authorization_code",
        client_id=RECORD.client_id,
        code=code.code,
        redirect_uri=RECORD.redirect_uri,
        key_verifier=key.key_verifier,
    )
    admission = read_admission(CARD.certificate.extensions)
    expected = Expected(world.url, RECORD.client_id, RECORD.audience, RECORD.scope, "nonce-of-the-record", admission)
    tokens = exchange.read_answer(answer.content)
    done = exchange.accept(tokens, key.key, key=idp.signing_key, expected=expected, now=NOW)
    assert done.id_token.telematik_id == CLINIC.telematik_id


def test_what_a_record_system_adds_to_its_request_travels_on_and_is_named(world: IdpWorld) -> None:
    uri = uri_of_the_record(world, prompt="login")
    assert request.read(uri, f"{world.url}/sign_response").unknown == ("prompt",)
    assert world.authorize(uri).code


def test_a_request_of_a_record_system_that_leads_to_another_address_is_not_followed(world: IdpWorld) -> None:
    with pytest.raises(RequestRefused) as no:
        world.authorize(uri_of_the_record(world).replace(world.url, "http://127.0.0.1:1"))
    assert (no.value.step, no.value.reason) == (2, Reason.ENDPOINT)


def test_the_address_of_the_idp_and_its_issuer_may_differ(world: IdpWorld) -> None:
    other = world.url.replace("127.0.0.1", "localhost")
    assert world.client(other, issuer=other).discover().document.token_endpoint == f"{other}/token"


def test_a_certificate_that_the_pki_does_not_believe_ends_the_discovery(world: IdpWorld) -> None:
    with pytest.raises(CertificateRefused, match="certificate-not-handed-in"):
        world.client(prove=handed_in(CARD.certificate)).discover()


def test_a_trust_list_vouches_for_an_idp_by_type_and_role(world: IdpWorld) -> None:
    client = world.client(prove=vouched_for(COMPONENTS.trust))
    assert client.log_in(OURS, CARD, client.discover()).id_token.telematik_id == CLINIC.telematik_id


def test_i01_an_idp_of_a_look_alike_ca_is_refused(world: IdpWorld) -> None:
    with pytest.raises(CertificateRefused, match="issuer-key-unknown"):
        world.client(prove=vouched_for(make_pki(NOW, name="GEM.KOMP-CA900").trust)).discover()


@pytest.mark.parametrize(
    ("shape", "role", "reason"),
    [
        (Shape(policies=(FD_SIG.policy,)), HOSPITAL, "profession"),
        (Shape(policies=(HCI_AUT.policy,)), ROLE_IDPD, "certificate-type"),
        (Shape(policies=(FD_SIG.policy,), ends=timedelta(seconds=-1)), ROLE_IDPD, "expired"),
    ],
    ids=["another role", "another type", "expired"],
)
def test_i02_a_certificate_that_is_not_an_idps_does_not_vouch_for_one(shape: Shape, role: str, reason: str) -> None:
    signer = COMPONENTS.card(SimulatedInstitution("5-2.1", "IDP", (role,)), shape)
    with pytest.raises(CertificateRefused, match=reason):
        vouched_for(COMPONENTS.trust)(signer.certificate, NOW)


def test_each_certificate_is_put_before_the_pki_with_the_moment_of_the_check(world: IdpWorld) -> None:
    asked = []
    world.client(prove=lambda certificate, now: asked.append((certificate, now))).discover()
    assert asked == [(certificate, NOW) for certificate in IDENTITY.certificates]


def test_an_unknown_client_is_refused_with_the_code_that_says_so_and_what_to_do(world: IdpWorld) -> None:
    no = refused(world, Registration("other", OURS.redirect_uri, OURS.scope, OURS.audience))
    assert (no.code, no.advice.whose, len(no.uuid)) == ("2012", Whose.SITE, 36)


def test_a_software_that_the_idp_turns_away_is_told_so(world: IdpWorld) -> None:
    with pytest.raises(IdpRefused) as no:
        world.client(user_agent="").discover()
    assert (no.value.code, no.value.advice.whose) == ("-1", Whose.SOFTWARE)


def test_a_scope_that_is_not_registered_is_refused_by_redirect_with_its_code(world: IdpWorld) -> None:
    assert refused(world, Registration(OURS.client_id, OURS.redirect_uri, "openid x", OURS.audience)).code == "1030"


def test_a_card_that_the_idp_does_not_know_is_refused_as_a_card(world: IdpWorld) -> None:
    world.card = CARDS.self_signed_card(CLINIC)
    assert (refused(world).code, refused(world).advice.whose) == ("2020", Whose.SITE)


def test_a_card_on_another_curve_is_not_used(world: IdpWorld) -> None:
    world.card = CARDS.card(CLINIC, Shape(curve=SECP256R1()))
    with pytest.raises(CardFailed, match="brainpoolP256r1"):
        world.log_in()


def test_a_card_whose_signature_is_not_its_own_is_seen_before_anything_is_sent(world: IdpWorld) -> None:
    world.card = SimulatedCard(CARD.certificate, CARDS.card(CLINIC).key)
    with pytest.raises(CardFailed, match="not that of the card"):
        world.log_in()


def test_a_card_without_admission_cannot_log_in(world: IdpWorld) -> None:
    world.card = CARDS.card(CLINIC, Shape(admissions=0))
    with pytest.raises(CertificateRefused, match="admission"):
        world.log_in()


def test_a_challenge_is_not_signed_for_another_request(world: IdpWorld) -> None:
    card, client = CountingCard(), world.client()
    world.switch.on("challenge/other-nonce")
    with pytest.raises(ChallengeRefused):
        client.log_in(OURS, card, client.discover())
    assert card.signatures == 0


def test_a_card_whose_certificate_cannot_be_read_has_failed(world: IdpWorld) -> None:
    key_usage_twice = CARD.certificate.public_bytes(Encoding.DER).replace(b"\x55\x1d\x23", b"\x55\x1d\x0f", 1)
    world.card = SimulatedCard(x509.load_der_x509_certificate(key_usage_twice), CARD.key)
    with pytest.raises(CardFailed, match="cannot be read"):
        world.log_in()


def test_a_terminal_without_a_card_has_failed(world: IdpWorld, tmp_path: Path) -> None:
    client = world.client()
    with pytest.raises(CardFailed, match="no simulated card"):
        client.log_in(OURS, CardSlot(tmp_path), client.discover())


def switching(world: IdpWorld, after: str, fault: str) -> httpx.Client:
    """Sockets with which a fault is switched on once something was answered at a path."""

    def answered(response: httpx.Response) -> None:
        if (response.request.method, response.url.path) == tuple(after.split()):
            world.switch.on(fault)

    return httpx.Client(trust_env=False, event_hooks={"response": [answered]})


@pytest.mark.parametrize("after", ["GET /idpEnc/jwk.json", "GET /sign_response", "POST /sign_response"])
@pytest.mark.parametrize("fault", ["service/moved", "service/page", "service/down"])
def test_f20_an_idp_that_falls_ill_in_the_midst_of_a_login_logs_nobody_in(
    world: IdpWorld, after: str, fault: str
) -> None:
    with switching(world, after, fault) as http, pytest.raises((IdpSilent, ProofFailed)) as ended:
        world.client(http=http).log_in(OURS, CARD, world.client(http=http).discover())
    assert fault in world.switch.faults
    assert str(ended.value)


def test_i10_an_answer_that_was_compressed_unasked_is_not_unpacked(world: IdpWorld) -> None:
    bomb = gzip.compress(bytes(64 << 20))
    packed = httpx.MockTransport(lambda _: httpx.Response(200, stream=httpx.ByteStream(bomb), headers=GZIP))
    with httpx.Client(transport=packed) as http, pytest.raises(DiscoveryRefused, match="step 2: form"):
        world.client(http=http).discover()


def test_f20_an_answer_in_drops_ends_after_half_a_minute(world: IdpWorld) -> None:
    told: list[int] = []

    def drops() -> Iterator[bytes]:
        for number in range(1000):
            told.append(number)
            world.advance(seconds=10)
            yield b"e"

    dripping = httpx.MockTransport(lambda _: httpx.Response(200, content=drops()))
    with httpx.Client(transport=dripping) as http, pytest.raises(IdpSilent, match="takes too long"):
        world.client(http=http).discover()
    assert len(told) == 4


def test_what_an_operator_issues_otherwise_can_be_named(world: IdpWorld) -> None:
    client = world.client()
    world.switch.on("access-token/without-card")
    world.switch.on("id-token/without-card")
    rules = TokenRules(amr=frozenset({"mfa"}))
    assert client.log_in(OURS, CARD, client.discover(), rules=rules).id_token.telematik_id == CLINIC.telematik_id
    with pytest.raises(IdTokenRefused, match="step 13: lifetime"):
        client.log_in(OURS, CARD, client.discover(), rules=TokenRules(timedelta(minutes=4), amr=rules.amr))


def test_a_page_instead_of_the_discovery_document_is_no_document(world: IdpWorld) -> None:
    world.switch.on("service/page")
    with pytest.raises(DiscoveryRefused, match="step 2: form"):
        world.discover()


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("service/down", "HTTP 503"),
        ("service/internal-error", "HTTP 500 1500"),
        ("service/moved", "HTTP 302"),
        ("service/huge", "the answer is too large"),
    ],
)
def test_f20_an_idp_that_is_not_well_counts_as_none(world: IdpWorld, fault: str, said: str) -> None:
    world.switch.on(fault)
    assert silence(world) == said


def test_f20_an_idp_that_takes_too_long_counts_as_none(world: IdpWorld) -> None:
    world.switch.on("service/slow")
    world.switch.slow_seconds = 0.4
    with httpx.Client(trust_env=False, timeout=0.1) as hasty, pytest.raises(IdpSilent, match="ReadTimeout"):
        world.client(http=hasty).discover()


def test_f20_an_idp_that_is_not_there_counts_as_none(world: IdpWorld) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with pytest.raises(IdpSilent, match="ConnectError"):
        world.client(f"http://127.0.0.1:{port}").discover()


def test_neither_secrets_nor_tokens_show_in_the_text_of_what_a_login_gives(world: IdpWorld) -> None:
    done = world.log_in()
    assert done.access_token.token not in repr(done)


def test_state_nonce_and_verifier_are_new_each_time_and_do_not_show_in_text() -> None:
    made = [request.begin(OURS, "https://idp.example/auth") for _ in range(50)]
    for secrets in ([it.request.state for it in made], [it.request.nonce for it in made]):
        assert len(set(secrets)) == 50
    own = made[0]
    said = {name: values[0] for name, values in parse_qs(urlsplit(own.request.uri).query).items()}
    assert said["code_challenge"] == request.code_challenge(own.code_verifier)
    hidden = (own.code_verifier, own.request.state, own.request.nonce, own.request.code_challenge)
    assert not any(secret in repr(own) for secret in hidden)
