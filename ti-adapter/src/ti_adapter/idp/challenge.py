"""The challenge: what an IDP wants to have signed, checked before the card signs it, and the answer.

Wire format of the answer: the challenge as `{"njwt": "<JWS>"}`, signed by the card, and that as `{"njwt": "<JWS>"}`,
encrypted to the IDP (gemSpec_IDP_Dienst). A card signs what it is given, so a challenge that is not the answer to the
very request is not put before it.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.serialization import Encoding

from ti_adapter import compact
from ti_adapter.card import Card
from ti_adapter.errors import CardFailed
from ti_adapter.idp import jwe, jws, times
from ti_adapter.idp.claims import Claims
from ti_adapter.idp.errors import ChallengeRefused
from ti_adapter.idp.keys import EncryptionKey, SigningKey
from ti_adapter.idp.reason import Reason
from ti_adapter.idp.request import AuthorizationRequest
from ti_adapter.pki import is_on_card_curve

LIFETIME_MAX = timedelta(minutes=5)
"""The reference server gives a challenge three minutes."""

KIND = jws.Kind(ChallengeRefused, frozenset({"jwt"}))
ANSWER_MAX_BYTES = 32 * 1024

CLAIMS = Claims(
    checked={
        "iss": str,
        "iat": int,
        "exp": int,
        "nbf": int,
        "token_type": str,
        "response_type": str,
        "code_challenge_method": str,
        "code_challenge": str,
        "client_id": str,
        "redirect_uri": str,
        "scope": str,
        "state": str,
        "nonce": str,
    },
    used={},
    # The server's own nonce and number: they are for the IDP to recognise its challenge by.
    ignored=frozenset({"snc", "jti"}),
    optional=frozenset({"nbf"}),
)


@dataclass(frozen=True, slots=True)
class Challenge:
    """A challenge that belongs to our request and may be signed; `expires` in seconds since 1970."""

    token: str = field(repr=False)
    expires: int
    unknown: tuple[str, ...] = ()


def read_answer(content: bytes) -> str:
    """Step 0 of `verify`: the challenge in the answer of the authorization endpoint.

    Its `user_consent` is ignored on purpose: an institution consents by its registration.
    """
    if len(content) > ANSWER_MAX_BYTES:
        raise ChallengeRefused(0, Reason.SIZE)
    try:
        token = compact.json_object(content).get("challenge")
    except ValueError as wrong:
        raise ChallengeRefused(0, Reason.FORM) from wrong
    if not isinstance(token, str):
        raise ChallengeRefused(0, Reason.FORM)
    return token


def verify(token: str, *, issuer: str, key: SigningKey, request: AuthorizationRequest, now: datetime) -> Challenge:
    """Believe that a challenge is the IDP's answer to a request; raises `ChallengeRefused`.

    1. to 7. Size, form, header, algorithm, key, signature, payload: `jws.read` and `jws.prove`. 8. The claims are
    complete and of the right types. 9. It is a challenge, and no other token of the IDP. 10. The issuer is that of the
    discovery document. 11. It repeats the request: client, redirect, state, nonce, scope, response type and code
    challenge. 12. It is valid now, with 37.5 s for the clocks, and for no longer than five minutes.
    """
    said = jws.prove(jws.read(token, KIND), key.kid, key.key)
    claims, unknown = CLAIMS.sort(said, ChallengeRefused)
    if claims["token_type"] != "challenge":  # noqa: S105 - a name
        raise ChallengeRefused(9, Reason.TOKEN_TYPE)
    if claims["iss"] != issuer:
        raise ChallengeRefused(10, Reason.ISSUER)
    _check_repeats(claims, request)
    times.check(claims, now, longest=LIFETIME_MAX, refused=ChallengeRefused, step=12)
    return Challenge(token, times.seconds_of(claims, "exp"), unknown)


def answer(challenge: Challenge, card: Card, key: EncryptionKey) -> str:
    """Let the card sign the challenge, and seal it for the IDP; raises `CardFailed`.

    The seal carries the end of the challenge in its header. Cards with RSA keys (PS256) are not served: they are being
    retired.
    """
    certificate = card.certificate
    if not is_on_card_curve(certificate):
        raise CardFailed("the card's key is not on brainpoolP256r1")
    shown = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
    signed = jws.sign(card, {"typ": "JWT", "cty": "NJWT", "x5c": [shown]}, jwe.nest(challenge.token))
    return jwe.encrypt(jwe.nest(signed), key, cty="NJWT", expires=challenge.expires)


def _check_repeats(claims: Mapping[str, object], request: AuthorizationRequest) -> None:
    for name, wanted, reason in (
        ("client_id", request.client_id, Reason.CLIENT),
        ("redirect_uri", request.redirect_uri, Reason.REDIRECT),
        ("state", request.state, Reason.STATE),
        ("nonce", request.nonce, Reason.NONCE),
        ("response_type", "code", Reason.RESPONSE_TYPE),
        ("code_challenge_method", "S256", Reason.CODE_CHALLENGE),
        ("code_challenge", request.code_challenge, Reason.CODE_CHALLENGE),
    ):
        if claims[name] != wanted:
            raise ChallengeRefused(11, reason)
    # The reference server sorts the scopes anew.
    if set(str(claims["scope"]).split()) != set(request.scope.split()):
        raise ChallengeRefused(11, Reason.SCOPE)
