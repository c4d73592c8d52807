"""The simulated IDP refuses what the real one refuses, with its codes."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from simulated_idp import ADMIN_KEY, CARD, CARDS, CLINIC, IDENTITY, OURS, RECORD, USER_AGENT, IdpWorld

from ti_adapter import compact
from ti_adapter.idp import challenge, exchange, jwe, jws, request
from ti_adapter.idp.keys import EncryptionKey
from ti_adapter.simulator.card import SimulatedCard
from ti_adapter.simulator.idp.identity import shown

pytestmark = pytest.mark.slow

VERIFIER = "v" * 43
ASKED = {
    "client_id": OURS.client_id,
    "redirect_uri": OURS.redirect_uri,
    "response_type": "code",
    "state": "state",
    "nonce": "nonce",
    "scope": OURS.scope,
    "code_challenge": request.code_challenge(VERIFIER),
    "code_challenge_method": "S256",
}
SEALING = EncryptionKey("puk_idp_enc", IDENTITY.encryption.public_key())


def challenge_of(world: IdpWorld) -> str:
    return str(world.get("/sign_response", **ASKED).json()["challenge"])


def claims_of(token: str) -> dict[str, object]:
    return compact.json_object(compact.content_of(token.split(".")[1]))


def answered(token: str, card: SimulatedCard = CARD, **changes: object) -> str:
    """What a client sends for a challenge, with another header of the card's signature, or of the seal."""
    header = {"typ": "JWT", "cty": "NJWT", "x5c": [shown(card.certificate)]}
    signed = jws.sign(card, {**header, **changes}, jwe.nest(token))
    expires = claims_of(token)["exp"]
    assert isinstance(expires, int)
    return jwe.encrypt(jwe.nest(signed), SEALING, cty="NJWT", expires=expires)


def code_of(world: IdpWorld) -> str:
    answer = world.post("/sign_response", signed_challenge=answered(challenge_of(world)))
    return parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]


def exchange_of(world: IdpWorld, issued: str, **changes: str) -> httpx.Response:
    form = {
        "grant_type": "authorization_code",
        "client_id": OURS.client_id,
        "code": issued,
        "redirect_uri": OURS.redirect_uri,
        "key_verifier": exchange.make_token_key(VERIFIER, SEALING).key_verifier,
        **changes,
    }
    return world.post("/token", **{name: value for name, value in form.items() if value})


def refusal(answer: httpx.Response) -> str:
    """The code of an error that is told, not redirected."""
    assert answer.status_code == 400
    assert set(answer.json()) == {
        "error",
        "gematik_error_text",
        "gematik_timestamp",
        "gematik_uuid",
        "gematik_code",
    }
    return str(answer.json()["gematik_code"])


def redirected(answer: httpx.Response) -> tuple[str, str]:
    """The code and the state of an error that is redirected to the client."""
    assert answer.status_code == 302
    address, _, query = answer.headers["location"].partition("?")
    assert address == OURS.redirect_uri
    said = parse_qs(query)
    return said["gematik_code"][0], said.get("state", [""])[0]


def test_whoever_does_not_say_what_it_is_is_refused(world: IdpWorld) -> None:
    answer = httpx.get(f"{world.url}/.well-known/openid-configuration", headers={"user-agent": ""})
    assert (answer.status_code, answer.json()["gematik_code"]) == (403, "-1")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"client_id": ""}, "1002"),
        ({"client_id": "other"}, "2012"),
        ({"redirect_uri": ""}, "1004"),
        ({"redirect_uri": RECORD.redirect_uri}, "1020"),
    ],
)
def test_a_client_that_is_not_registered_is_told_so_and_not_redirected(
    world: IdpWorld, changes: dict[str, str], code: str
) -> None:
    assert refusal(world.get("/sign_response", **{**ASKED, **changes})) == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"response_type": ""}, "2004"),
        ({"response_type": "token"}, "2005"),
        ({"nonce": ""}, "2007"),
        ({"code_challenge_method": "plain"}, "2008"),
        ({"code_challenge": ""}, "2009"),
        ({"code_challenge": "short"}, "2010"),
        ({"scope": ""}, "1005"),
        ({"scope": "openid"}, "1022"),
        ({"scope": "links"}, "1022"),
        ({"scope": "openid x"}, "1030"),
    ],
)
def test_i06_a_wrong_request_is_redirected_with_its_code_and_state(
    world: IdpWorld, changes: dict[str, str], code: str
) -> None:
    assert redirected(world.get("/sign_response", **{**ASKED, **changes})) == (code, "state")


def test_a_request_without_state_is_redirected_with_its_code(world: IdpWorld) -> None:
    assert redirected(world.get("/sign_response", **{**ASKED, "state": ""})) == ("2002", "")


def test_a_challenge_repeats_the_request_for_three_minutes(world: IdpWorld) -> None:
    claims = claims_of(challenge_of(world))
    assert {name: claims[name] for name in ASKED} == ASKED
    assert claims["token_type"] == "challenge"
    assert claims["exp"] == int(world.now.timestamp()) + 180


def test_i06_a_challenge_is_answered_once(world: IdpWorld) -> None:
    token = challenge_of(world)
    assert world.post("/sign_response", signed_challenge=answered(token)).status_code == 302
    assert refusal(world.post("/sign_response", signed_challenge=answered(token))) == "2030"


def test_a_challenge_that_has_expired_is_refused(world: IdpWorld) -> None:
    token = challenge_of(world)
    world.advance(seconds=181)
    assert refusal(world.post("/sign_response", signed_challenge=answered(token))) == "2032"


@pytest.mark.parametrize("sent", ["", "challenge", "a.b.c.d.e"])
def test_what_is_not_sealed_to_the_idp_is_no_challenge(world: IdpWorld, sent: str) -> None:
    assert refusal(world.post("/sign_response", signed_challenge=sent)) == "2030"


def test_a_seal_without_an_end_or_of_another_content_is_refused(world: IdpWorld) -> None:
    signed = jws.sign(CARD, {"typ": "JWT", "cty": "NJWT", "x5c": [shown(CARD.certificate)]}, b"{}")
    for sealed in (
        jwe.encrypt(jwe.nest(signed), SEALING, cty="NJWT"),
        jwe.encrypt(jwe.nest(signed), SEALING, cty="JSON", expires=2**40),
        jwe.encrypt(b"{}", SEALING, cty="NJWT", expires=2**40),
        jwe.encrypt(jwe.nest(signed), SEALING, cty="NJWT", expires=2**40),
    ):
        assert refusal(world.post("/sign_response", signed_challenge=sealed)) == "2030"


@pytest.mark.parametrize(
    "changes", [{"cty": "JWT"}, {"typ": "other"}, {"x5c": []}, {"kid": "own"}, {"jku": "https://x.example"}], ids=str
)
def test_a_signature_with_another_header_is_no_answer(world: IdpWorld, changes: dict[str, object]) -> None:
    sealed = answered(challenge_of(world), **changes)
    assert refusal(world.post("/sign_response", signed_challenge=sealed)) == "2030"


def test_i01_a_card_that_nobody_vouches_for_is_refused(world: IdpWorld) -> None:
    sealed = answered(challenge_of(world), CARDS.self_signed_card(CLINIC))
    assert refusal(world.post("/sign_response", signed_challenge=sealed)) == "2020"


def test_the_signature_of_another_card_under_this_certificate_is_refused(world: IdpWorld) -> None:
    sealed = answered(challenge_of(world), CARDS.card(CLINIC), x5c=[shown(CARD.certificate)])
    assert refusal(world.post("/sign_response", signed_challenge=sealed)) == "2013"


def test_a_challenge_that_is_not_its_own_is_refused(world: IdpWorld) -> None:
    world.switch.on("challenge/other-key")
    sealed = answered(challenge_of(world))
    assert refusal(world.post("/sign_response", signed_challenge=sealed)) == "2030"


def test_a_token_of_its_own_that_is_no_challenge_is_refused(world: IdpWorld) -> None:
    world.switch.on("challenge/no-challenge")
    sealed = answered(challenge_of(world))
    assert refusal(world.post("/sign_response", signed_challenge=sealed)) == "2030"


def test_i06_a_code_is_good_once(world: IdpWorld) -> None:
    code = code_of(world)
    assert exchange_of(world, code).status_code == 200
    assert refusal(exchange_of(world, code)) == "3013"


def test_i06_a_code_is_good_for_a_minute(world: IdpWorld) -> None:
    code = code_of(world)
    world.advance(seconds=60)
    assert refusal(exchange_of(world, code)) == "3011"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"grant_type": ""}, "3006"),
        ({"grant_type": "password"}, "3014"),
        ({"client_id": "other"}, "3007"),
        ({"client_id": RECORD.client_id}, "3007"),
        ({"redirect_uri": RECORD.redirect_uri}, "1020"),
        ({"code": ""}, "3005"),
        ({"code": "other"}, "3013"),
        ({"key_verifier": ""}, "3004"),
        ({"key_verifier": "a.b.c.d.e"}, "3004"),
    ],
)
def test_i06_a_wrong_exchange_is_refused_with_its_code(world: IdpWorld, changes: dict[str, str], code: str) -> None:
    assert refusal(exchange_of(world, code_of(world), **changes)) == code


@pytest.mark.parametrize(
    "content",
    [
        {"token_key": compact.segment(bytes(16)), "code_verifier": VERIFIER},
        {"token_key": "=", "code_verifier": VERIFIER},
        {"code_verifier": VERIFIER},
        [],
    ],
    ids=["short key", "no base64url", "no key", "no object"],
)
def test_a_verifier_with_another_content_is_refused(world: IdpWorld, content: object) -> None:
    verifier = jwe.encrypt(json.dumps(content).encode(), SEALING, cty="JSON")
    assert refusal(exchange_of(world, code_of(world), key_verifier=verifier)) == "3004"


def test_i06_a_verifier_that_does_not_fit_the_challenge_is_refused(world: IdpWorld) -> None:
    content = {"token_key": compact.segment(bytes(32)), "code_verifier": "w" * 43}
    verifier = jwe.encrypt(json.dumps(content).encode(), SEALING, cty="JSON")
    assert refusal(exchange_of(world, code_of(world), key_verifier=verifier)) == "3000"


def test_a_form_of_another_kind_or_beyond_64_kilobytes_is_empty(world: IdpWorld) -> None:
    headers = {"user-agent": USER_AGENT}
    assert refusal(httpx.post(f"{world.url}/token", json={"grant_type": "x"}, headers=headers)) == "3006"
    assert refusal(world.post("/token", grant_type="x" * 70_000)) == "3006"


def test_a_field_that_comes_twice_counts_as_missing(world: IdpWorld) -> None:
    query = f"client_id={OURS.client_id}&client_id=other"
    assert refusal(httpx.get(f"{world.url}/sign_response?{query}")) == "1002"


def test_the_answer_of_the_client_is_what_the_simulator_reads(world: IdpWorld) -> None:
    made = challenge.Challenge(challenge_of(world), int(world.now.timestamp()) + 180)
    answer = world.post("/sign_response", signed_challenge=challenge.answer(made, CARD, SEALING))
    assert answer.headers["location"].startswith(f"{OURS.redirect_uri}?code=")


def switched(world: IdpWorld, method: str, fault: str, key: str = ADMIN_KEY) -> int:
    address = f"{world.url}/simulator/faults/{fault}"
    return httpx.request(method, address, headers={"x-admin-key": key}).status_code


def test_a_fault_is_switched_on_and_off_by_name_even_while_all_is_down(world: IdpWorld) -> None:
    assert switched(world, "PUT", "service/down") == 204
    assert world.get("/idpEnc/jwk.json").status_code == 503
    assert switched(world, "DELETE", "service/down") == 204
    assert world.get("/idpEnc/jwk.json").status_code == 200


def test_a_fault_that_is_none_or_without_the_key_is_not_switched(world: IdpWorld) -> None:
    assert switched(world, "PUT", "service/other") == 404
    assert switched(world, "PUT", "service/down", key="guessed") == 400
    assert world.switch.faults == set()


def test_a_page_instead_of_the_idp_is_served_while_that_fault_is_on(world: IdpWorld) -> None:
    world.switch.on("service/page")
    assert world.get("/sign_response").text.startswith("<html>")
