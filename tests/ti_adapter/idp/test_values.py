"""Rules of values that no fault of the simulated IDP reaches."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from hypothesis import given
from hypothesis import strategies as st
from simulated_idp import CARD, CARDS, CLINIC, IDENTITY, NOW, OURS

from ti_adapter.compact import as_json
from ti_adapter.errors import CertificateRefused
from ti_adapter.idp import challenge, discovery, exchange, keys, tokens
from ti_adapter.idp.errors import AnswerRefused, ChallengeRefused, DiscoveryRefused, KeyRefused
from ti_adapter.idp.keys import SigningKey, handed_in
from ti_adapter.idp.reason import Reason
from ti_adapter.pki import TrustList, verify_institution
from ti_adapter.pki.extensions import read_admission
from ti_adapter.simulator.idp import Switch
from ti_adapter.simulator.idp.draft import Draft
from ti_adapter.simulator.idp.identity import jwk, shown
from ti_adapter.simulator.idp.issuing import IdpService
from ti_adapter.simulator.shape import Shape

BELIEVED = handed_in(*IDENTITY.certificates)
ISSUER = "https://idp.example"
SERVICE = IdpService(IDENTITY, CARDS.trust, [OURS], Switch(), lambda: NOW)
SIGNING = SigningKey("puk_idp_sig", IDENTITY.signing.key.public_key())
EXPECTED = tokens.Expected(
    ISSUER, OURS.client_id, OURS.audience, OURS.scope, "nonce", read_admission(CARD.certificate.extensions)
)
SECONDS = int(NOW.timestamp())
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "aud": OURS.client_id,
    "azp": OURS.client_id,
    "sub": "pseudonym",
    "iat": SECONDS,
    "exp": SECONDS + 300,
    "auth_time": SECONDS,
    "acr": "gematik-ehealth-loa-high",
    "amr": ["mfa", "sc", "pin"],
    "idNummer": CLINIC.telematik_id,
    "professionOID": CLINIC.profession_oids[0],
    "nonce": "nonce",
}


def id_token(**changes: object) -> tokens.IdToken:
    header = {"alg": "BP256R1", "typ": "JWT", "kid": "puk_idp_sig"}
    token = Draft(header, CLAIMS, IDENTITY.signing.key, IDENTITY.strangers).claiming(**changes).sign()
    return tokens.verify_id_token(token, access_token="a", key=SIGNING, expected=EXPECTED, now=NOW)


def test_an_unknown_claim_is_no_reason_to_refuse_but_is_reported() -> None:
    assert id_token(more="x", another=1).unknown == ("another", "more")


def test_claims_that_say_nothing_count_as_not_there() -> None:
    header = {"alg": "BP256R1", "typ": "JWT", "kid": "puk_idp_sig"}
    claims = {**CLAIMS, "organizationName": None, "at_hash": None, "given_name": None}
    token = Draft(header, claims, IDENTITY.signing.key, IDENTITY.strangers).sign()
    read = tokens.verify_id_token(token, access_token="a", key=SIGNING, expected=EXPECTED, now=NOW)
    assert (read.name, read.unknown) == ("", ())


@pytest.mark.parametrize(("name", "value"), [("iat", True), ("auth_time", 1.5), ("amr", [1]), ("aud", ["a"])])
def test_i11_a_claim_of_another_type_is_refused(name: str, value: object) -> None:
    with pytest.raises(tokens.IdTokenRefused, match="step 8: claims"):
        id_token(**{name: value})


@pytest.mark.parametrize("ahead", [37, -37])
def test_clocks_that_differ_by_37_seconds_do_no_harm(ahead: int) -> None:
    end = SECONDS + ahead + 300 if ahead > 0 else SECONDS + ahead
    assert id_token(iat=SECONDS + min(ahead, 37) - (300 if ahead < 0 else 0), exp=end).subject == "pseudonym"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iat": SECONDS + 38, "exp": SECONDS + 300}, Reason.NOT_YET_VALID),
        ({"nbf": SECONDS + 38}, Reason.NOT_YET_VALID),
        ({"iat": SECONDS - 300, "exp": SECONDS - 38}, Reason.EXPIRED),
        ({"exp": 10**400}, Reason.LIFETIME),
        ({"iat": SECONDS + 20, "exp": SECONDS + 10}, Reason.LIFETIME),
        ({"auth_time": SECONDS + 38}, Reason.AUTHENTICATION_TIME),
    ],
    ids=str,
)
def test_i11_a_time_beyond_the_tolerance_is_refused(changes: dict[str, object], reason: Reason) -> None:
    with pytest.raises(tokens.IdTokenRefused) as refused:
        id_token(**changes)
    assert (refused.value.step, refused.value.reason) == (13, reason)


def test_the_hash_of_an_access_token_is_the_left_half_of_its_digest() -> None:
    """The example of OpenID Connect Core, appendix A.4."""
    assert tokens.at_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y") == "77QmUPtjPfzWtF2AnpK9RQ"


def test_i02_a_discovery_document_signed_on_another_curve_is_refused() -> None:
    signer = CARDS.card(CLINIC, Shape(curve=SECP256R1()))
    header = {"alg": "BP256R1", "typ": "JWT", "kid": "k", "x5c": [shown(signer.certificate)]}
    token = Draft(header, {}, signer.key, signer.key).sign()
    with pytest.raises(DiscoveryRefused, match="step 5: curve"):
        discovery.verify(token, issuer=ISSUER, prove=handed_in(signer.certificate), now=NOW)


def test_i01_the_certificate_of_a_discovery_document_is_proven_before_its_signature_is_looked_at() -> None:
    tampered = SERVICE.discovery(ISSUER)[:-4] + "AAAA"
    with pytest.raises(CertificateRefused):
        discovery.verify(tampered, issuer=ISSUER, prove=handed_in(CARD.certificate), now=NOW)


def document(**changes: object) -> discovery.DiscoveryDocument:
    """What is read of a discovery document with other members."""
    key = IDENTITY.discovery.key
    received = discovery.jws.read(SERVICE.discovery(ISSUER), discovery.KIND)
    draft = Draft(received.header, discovery.jws.prove(received, None, key.public_key()), key, key)
    return discovery.verify(draft.claiming(**changes).sign(), issuer=ISSUER, prove=BELIEVED, now=NOW)


@pytest.mark.parametrize(
    "address",
    ["ftp://idp.example", "https://", "https://user@idp.example/", "https://idp.example/#a", "https://[", "token"],
)
@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "uri_puk_idp_sig", "uri_puk_idp_enc"])
def test_an_address_that_is_none_makes_no_discovery_document(name: str, address: str) -> None:
    with pytest.raises(DiscoveryRefused, match="step 10: endpoint"):
        document(**{name: address})


def test_a_key_may_lie_at_an_address_with_a_query_but_requests_may_not() -> None:
    assert document(uri_puk_idp_enc="https://idp.example/jwk.json?keyId=enc").uri_puk_idp_enc.endswith("keyId=enc")
    with pytest.raises(DiscoveryRefused, match="step 10: endpoint"):
        document(authorization_endpoint="https://idp.example/auth?x=1")


def test_members_that_nobody_knows_are_reported() -> None:
    assert document(more="x", signed_jwks_uri="https://idp.example/jwks").unknown == ("more",)


def test_a_discovery_document_ends_a_day_after_it_was_made() -> None:
    document = discovery.verify(SERVICE.discovery(ISSUER), issuer=ISSUER, prove=BELIEVED, now=NOW)
    assert document.expires == NOW + timedelta(days=1)
    later = document.expires + timedelta(seconds=38)
    with pytest.raises(DiscoveryRefused, match="step 12: expired"):
        discovery.verify(SERVICE.discovery(ISSUER), issuer=ISSUER, prove=BELIEVED, now=later)


def test_an_encryption_key_needs_no_certificate_but_one_that_it_has_must_be_believed_and_its_own() -> None:
    members = jwk(IDENTITY.discovery.key.public_key(), "puk_idp_enc", "enc")
    assert keys.read_encryption_key(as_json(members), BELIEVED, NOW).kid == "puk_idp_enc"
    certified = {**members, "x5c": [shown(IDENTITY.discovery.certificate)]}
    assert keys.read_encryption_key(as_json(certified), BELIEVED, NOW).key == IDENTITY.discovery.key.public_key()
    with pytest.raises(CertificateRefused):
        keys.read_encryption_key(as_json(certified), handed_in(), NOW)
    other = {**members, "x5c": [shown(IDENTITY.signing.certificate)]}
    with pytest.raises(KeyRefused, match="step 7"):
        keys.read_encryption_key(as_json(other), BELIEVED, NOW)


def test_i02_a_signing_key_whose_certificate_is_on_another_curve_is_refused() -> None:
    signer = CARDS.card(CLINIC, Shape(curve=SECP256R1()))
    members = {**IDENTITY.signing_jwk(), "x5c": [shown(signer.certificate)]}
    with pytest.raises(KeyRefused, match="step 6: curve"):
        keys.read_signing_key(as_json(members), handed_in(signer.certificate), NOW)


@pytest.mark.parametrize("content", [b"challenge", b"[]", b'{"challenge":{}}', b"{}"])
def test_an_answer_without_a_challenge_is_none(content: bytes) -> None:
    with pytest.raises(ChallengeRefused, match="step 0: form"):
        challenge.read_answer(content)


def test_an_answer_that_is_too_large_holds_no_challenge() -> None:
    with pytest.raises(ChallengeRefused, match="step 0: size"):
        challenge.read_answer(bytes(40_000))


@given(st.binary())
def test_whatever_the_token_endpoint_answers_is_refused_as_an_answer_and_nothing_else(content: bytes) -> None:
    with pytest.raises(AnswerRefused):
        exchange.read_answer(content)


@given(st.dictionaries(st.sampled_from(["kty", "crv", "kid", "x", "y", "use", "x5c", "d"]), st.text()))
def test_whatever_is_published_as_a_key_is_refused_as_a_key_and_nothing_else(members: dict[str, object]) -> None:
    believing = {"kty": "EC", "crv": "BP-256", "kid": "k", **members}
    for content in (members, believing):
        with pytest.raises(KeyRefused):
            keys.read_signing_key(json.dumps(content).encode(), lambda *_: None, NOW)


def test_a_trust_list_is_the_clients_own_affair() -> None:
    """`prove` may be any verifier that raises; here one over a trust list, which a card's certificate passes."""
    trust = TrustList((CARDS.authority,))
    members = {**jwk(CARD.key.public_key(), "puk_idp_sig", "sig"), "x5c": [shown(CARD.certificate)]}
    believed = keys.read_signing_key(
        as_json(members), lambda certificate, now: verify_institution(certificate, trust, now), NOW
    )
    assert believed.kid == "puk_idp_sig"
