"""Everything that the simulated IDP can get wrong, each refused by the client for its own reason."""

from __future__ import annotations

from typing import Any

import pytest
from simulated_idp import OURS, IdpWorld

from ti_adapter.errors import ProofFailed
from ti_adapter.idp import redirect, request
from ti_adapter.idp.errors import (
    AccessTokenRefused,
    AnswerRefused,
    ChallengeRefused,
    DiscoveryRefused,
    EnvelopeRefused,
    IdTokenRefused,
    KeyRefused,
    RedirectRefused,
)
from ti_adapter.idp.reason import Reason
from ti_adapter.simulator.idp import FAULTS

pytestmark = pytest.mark.slow

Expected = dict[str, tuple[int, Reason]]

FORM: Expected = {
    "oversize": (1, Reason.SIZE),
    "two-signatures": (2, Reason.SERIALISATION),
    "no-token": (2, Reason.FORM),
    "fourth-segment": (2, Reason.FORM),
    "padding": (2, Reason.FORM),
    "unknown-critical-header": (3, Reason.CRITICAL),
    "zip": (3, Reason.COMPRESSION),
    "own-key": (3, Reason.EMBEDDED_KEY),
    "key-address": (3, Reason.EMBEDDED_KEY),
    "unknown-header": (3, Reason.HEADER),
    "no-kid": (3, Reason.HEADER),
    "other-typ": (3, Reason.TYPE),
    "alg-none": (4, Reason.ALGORITHM),
    "alg-none-with-signature": (4, Reason.ALGORITHM),
    "alg-es256": (4, Reason.ALGORITHM),
    "alg-rs256": (4, Reason.ALGORITHM),
    "alg-hs256": (4, Reason.ALGORITHM),
    "alg-missing": (4, Reason.ALGORITHM),
    "other-curve": (6, Reason.SIGNATURE),
    "other-key": (6, Reason.SIGNATURE),
    "tampered": (6, Reason.SIGNATURE),
    "no-signature": (6, Reason.SIGNATURE),
    "zero-signature": (6, Reason.SIGNATURE),
    "longer-signature": (6, Reason.SIGNATURE),
    "no-json": (7, Reason.PAYLOAD),
    "claim-twice": (7, Reason.PAYLOAD),
    "no-issuer": (8, Reason.CLAIMS),
    "time-as-text": (8, Reason.CLAIMS),
}


def timed(step: int) -> Expected:
    return {
        "expired": (step, Reason.EXPIRED),
        "future": (step, Reason.NOT_YET_VALID),
        "not-before": (step, Reason.NOT_YET_VALID),
        "too-long": (step, Reason.LIFETIME),
    }


DISCOVERY: Expected = {
    **FORM,
    "no-certificate": (5, Reason.CERTIFICATE),
    "unreadable-certificate": (5, Reason.CERTIFICATE),
    "no-token-endpoint": (8, Reason.CLAIMS),
    "other-issuer": (9, Reason.ISSUER),
    "plain-http": (10, Reason.ENDPOINT),
    "plain-pkce": (11, Reason.CAPABILITY),
    "rs256-tokens": (11, Reason.CAPABILITY),
    **timed(12),
}
NAMED: Expected = {"other-kid": (5, Reason.KEY), "shown-certificate": (3, Reason.EMBEDDED_KEY)}
CHALLENGE: Expected = {
    **FORM,
    **NAMED,
    "no-challenge": (9, Reason.TOKEN_TYPE),
    "other-issuer": (10, Reason.ISSUER),
    "other-client": (11, Reason.CLIENT),
    "other-redirect": (11, Reason.REDIRECT),
    "other-state": (11, Reason.STATE),
    "other-nonce": (11, Reason.NONCE),
    "other-code-challenge": (11, Reason.CODE_CHALLENGE),
    "plain-pkce": (11, Reason.CODE_CHALLENGE),
    "other-response-type": (11, Reason.RESPONSE_TYPE),
    "other-scope": (11, Reason.SCOPE),
    **timed(12),
}
TOKEN: Expected = {
    **FORM,
    **NAMED,
    "audience-list": (8, Reason.CLAIMS),
    "methods-as-text": (8, Reason.CLAIMS),
    "no-institution": (8, Reason.CLAIMS),
    "other-issuer": (9, Reason.ISSUER),
    "other-audience": (10, Reason.AUDIENCE),
    "other-party": (11, Reason.AUTHORIZED_PARTY),
    "lower-assurance": (12, Reason.AUTHENTICATION_CLASS),
    "without-card": (12, Reason.AUTHENTICATION_METHODS),
    "authenticated-in-the-future": (13, Reason.AUTHENTICATION_TIME),
    "other-institution": (14, Reason.INSTITUTION),
    "other-profession": (14, Reason.PROFESSION),
    **timed(13),
}
ID_TOKEN: Expected = {
    **TOKEN,
    "no-nonce": (8, Reason.CLAIMS),
    "other-nonce": (15, Reason.NONCE),
    "other-at-hash": (16, Reason.ACCESS_TOKEN_HASH),
}
ACCESS_TOKEN: Expected = {**TOKEN, "other-client": (15, Reason.CLIENT), "other-scope": (16, Reason.SCOPE)}
SEALED: Expected = {
    "oversize": (1, Reason.SIZE),
    "in-json": (2, Reason.SERIALISATION),
    "fourth-segment-missing": (2, Reason.FORM),
    "encrypted-key": (2, Reason.FORM),
    "short-tag": (2, Reason.FORM),
    "zip-bomb": (3, Reason.COMPRESSION),
    "unknown-critical-header": (3, Reason.CRITICAL),
    "own-key": (3, Reason.EMBEDDED_KEY),
    "unknown-header": (3, Reason.HEADER),
    "other-alg": (4, Reason.ALGORITHM),
    "other-enc": (4, Reason.ENCRYPTION),
    "time-as-text": (6, Reason.HEADER),
    "expired": (6, Reason.EXPIRED),
    "other-key": (7, Reason.DECRYPTION),
    "flipped": (7, Reason.DECRYPTION),
    "not-nested": (8, Reason.NESTING),
    "nested-with-more": (8, Reason.NESTING),
    "nested-no-json": (8, Reason.NESTING),
}
KEY: Expected = {
    "oversize": (1, Reason.SIZE),
    "no-json": (2, Reason.FORM),
    "other-curve": (3, Reason.CURVE),
    "private": (3, Reason.PRIVATE_KEY),
    "no-kid": (3, Reason.KEY),
    "other-use": (4, Reason.PURPOSE),
    "off-curve": (5, Reason.FORM),
    "bare": (6, Reason.CERTIFICATE),
    "other-certificate": (7, Reason.CERTIFICATE_KEY),
}
REDIRECT: Expected = {
    "oversize": (1, Reason.SIZE),
    "nothing": (5, Reason.STATE),
    "state-twice": (2, Reason.PARAMETERS),
    "elsewhere": (4, Reason.REDIRECT),
    "other-state": (5, Reason.STATE),
    "no-code": (6, Reason.PARAMETERS),
}
ANSWER: Expected = {
    "oversize": (1, Reason.SIZE),
    "no-json": (2, Reason.FORM),
    "member-twice": (2, Reason.FORM),
    "other-type": (3, Reason.TOKEN_TYPE),
    "no-id-token": (3, Reason.CLAIMS),
}
MATRIX: dict[str, tuple[type[ProofFailed], Expected]] = {
    "discovery": (DiscoveryRefused, DISCOVERY),
    "key": (KeyRefused, KEY),
    "challenge": (ChallengeRefused, CHALLENGE),
    "redirect": (RedirectRefused, REDIRECT),
    "answer": (AnswerRefused, ANSWER),
    "sealed-id": (EnvelopeRefused, SEALED),
    "sealed-access": (EnvelopeRefused, SEALED),
    "id-token": (IdTokenRefused, ID_TOKEN),
    "access-token": (AccessTokenRefused, ACCESS_TOKEN),
}
CASES: list[Any] = [
    pytest.param(f"{place}/{fault}", kind, step, reason, id=f"{place}/{fault}")
    for place, (kind, faults) in MATRIX.items()
    for fault, (step, reason) in faults.items()
]
ELSEWHERE = {"redirect/with-more", "answer/with-more", "answer/swapped"}
"""Faults with tests of their own below; those of the service stand with the client."""


@pytest.mark.parametrize(("fault", "kind", "step", "reason"), CASES)
def test_i06_i08_i10_i11_i12_a_fault_is_refused_at_the_step_that_is_there_for_it(
    world: IdpWorld, fault: str, kind: type[ProofFailed], step: int, reason: Reason
) -> None:
    world.switch.on(fault)
    with pytest.raises(ProofFailed) as refused:
        world.log_in()
    assert (type(refused.value), refused.value.step, refused.value.reason) == (kind, step, reason)


def test_every_fault_that_can_be_switched_on_has_its_case() -> None:
    cases = {f"{place}/{fault}" for place, (_, faults) in MATRIX.items() for fault in faults}
    assert cases | ELSEWHERE == {fault for fault in FAULTS if not fault.startswith("service/")}


def test_i11_an_access_token_in_the_place_of_an_id_token_is_of_the_wrong_type(world: IdpWorld) -> None:
    world.switch.on("answer/swapped")
    with pytest.raises(IdTokenRefused, match="step 3: type"):
        world.log_in()


def test_what_an_idp_adds_to_its_redirect_is_named_and_its_sso_token_left_alone(world: IdpWorld) -> None:

    asked = request.begin(OURS, f"{world.url}/sign_response").request
    location = f"{OURS.redirect_uri}?code=c&ssotoken=s&more=m&state={asked.state}"
    assert redirect.read(location, asked).unknown == ("more",)
    world.switch.on("redirect/with-more")
    assert world.log_in()


def test_what_an_idp_adds_to_its_answer_does_no_harm(world: IdpWorld) -> None:
    world.switch.on("answer/with-more")
    assert world.log_in()
