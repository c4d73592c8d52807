"""ID token and access token: opened, proven, and checked step by step.

Four states of belief: what the token endpoint answers is a `TokenAnswer`; what `jwe.decrypt` opens is a `str`;
`jws.prove` gives claims with a proven signature; `IdToken` and `AccessToken` are accepted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ti_adapter import compact
from ti_adapter.errors import ProofFailed
from ti_adapter.idp import jws, times
from ti_adapter.idp.claims import Claims
from ti_adapter.idp.discovery import ACR
from ti_adapter.idp.errors import AccessTokenRefused, IdTokenRefused
from ti_adapter.idp.keys import SigningKey
from ti_adapter.idp.reason import Reason
from ti_adapter.pki import Admission

ID_TOKEN = jws.Kind(IdTokenRefused, frozenset({"jwt"}))
ACCESS_TOKEN = jws.Kind(AccessTokenRefused, frozenset({"at+jwt"}))

_CHECKED = {
    "iss": str,
    "aud": str,
    "azp": str,
    "iat": int,
    "exp": int,
    "nbf": int,
    "acr": str,
    "amr": list,
    "auth_time": int,
    "idNummer": str,
    "professionOID": str,
}
# The number of a token serves to recognise it when it comes again; ours came in answer to our request, sealed with a
# key that was made for it. Of an institution the other claims say nothing that its certificate does not.
_IGNORED = frozenset({"jti", "given_name", "family_name", "display_name", "organizationIK"})
ID_CLAIMS = Claims(
    checked={**_CHECKED, "nonce": str, "at_hash": str},
    used={"sub": str, "organizationName": str},
    ignored=_IGNORED,
    optional=frozenset({"nbf", "at_hash", "organizationName"}),
)
ACCESS_CLAIMS = Claims(
    checked={**_CHECKED, "client_id": str, "scope": str},
    used={"sub": str},
    ignored=_IGNORED | {"organizationName"},
    optional=frozenset({"nbf"}),
)


@dataclass(frozen=True, slots=True)
class TokenRules:
    """What the reference server issues; an operator may set others, so they can be named.

    How long a token may be valid, its level of assurance, and the methods that have to be among those it claims.
    """

    lifetime_max: timedelta = timedelta(minutes=5)
    acr: str = ACR
    amr: frozenset[str] = frozenset({"mfa", "sc", "pin"})


USUAL = TokenRules()


@dataclass(frozen=True, slots=True)
class Expected:
    """What the tokens of one login must say; `institution` is the one whose card has signed the challenge."""

    issuer: str
    client_id: str
    audience: str
    scope: str
    nonce: str = field(repr=False)
    institution: Admission
    rules: TokenRules = USUAL


@dataclass(frozen=True, slots=True)
class IdToken:
    """Accepted: this institution has just logged in at our client.

    `subject` is a pseudonym per client, so `telematik_id` is the key by which an institution is known.
    """

    telematik_id: str
    profession_oid: str
    name: str
    subject: str
    auth_time: int
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AccessToken:
    """Accepted: opens the service of `audience` until `expires` (seconds since 1970)."""

    token: str = field(repr=False)
    audience: str
    scope: str
    expires: int
    unknown: tuple[str, ...] = ()


def verify_id_token(token: str, *, access_token: str, key: SigningKey, expected: Expected, now: datetime) -> IdToken:
    """Believe an ID token; raises `IdTokenRefused`.

    1. to 7. Size, form, header with typ JWT, algorithm, key, signature, payload: `jws.read` and `jws.prove`. 8. The
    claims are complete and of the right types; `aud` is one text, never a list. 9. The issuer. 10. The audience is our
    client. 11. The authorized party, too. 12. The level of assurance (`acr`) and the methods (`amr`). 13. It is valid
    now, with 37.5 s for the clocks, and for no longer than is expected; the card was not used in the future.
    14. The institution is that of the card, by Telematik-ID and role. 15. The nonce is that of the request.
    16. `at_hash`, where it is there, is that of the access token (OpenID Connect Core, section 3.1.3.6), which means
    the signed token and not the sealed one, as the reference server does it.
    """
    said = jws.prove(jws.read(token, ID_TOKEN), key.kid, key.key)
    claims, unknown = ID_CLAIMS.sort(said, IdTokenRefused)
    _check(claims, expected, expected.client_id, now, IdTokenRefused)
    if claims["nonce"] != expected.nonce:
        raise IdTokenRefused(15, Reason.NONCE)
    if claims.get("at_hash", at_hash(access_token)) != at_hash(access_token):
        raise IdTokenRefused(16, Reason.ACCESS_TOKEN_HASH)
    telematik_id, profession = str(claims["idNummer"]), str(claims["professionOID"])
    name, subject = str(claims.get("organizationName", "")), str(claims["sub"])
    return IdToken(telematik_id, profession, name, subject, times.seconds_of(claims, "auth_time"), unknown)


def verify_access_token(token: str, *, key: SigningKey, expected: Expected, now: datetime) -> AccessToken:
    """Believe an access token; raises `AccessTokenRefused`.

    1. to 14. As for an ID token, but the typ is at+JWT, and the audience is the service. 15. It is for our client.
    16. Its scope is the one that was asked for.
    """
    said = jws.prove(jws.read(token, ACCESS_TOKEN), key.kid, key.key)
    claims, unknown = ACCESS_CLAIMS.sort(said, AccessTokenRefused)
    _check(claims, expected, expected.audience, now, AccessTokenRefused)
    if claims["client_id"] != expected.client_id:
        raise AccessTokenRefused(15, Reason.CLIENT)
    if set(str(claims["scope"]).split()) != set(expected.scope.split()):
        raise AccessTokenRefused(16, Reason.SCOPE)
    return AccessToken(token, expected.audience, expected.scope, times.seconds_of(claims, "exp"), unknown)


def at_hash(access_token: str) -> str:
    """The left half of the SHA-256 of an access token."""
    return compact.segment(hashlib.sha256(access_token.encode()).digest()[:16])


def _check(
    claims: Mapping[str, object], expected: Expected, audience: str, now: datetime, refused: type[ProofFailed]
) -> None:
    """Steps 9 to 14, which both kinds have."""
    if claims["iss"] != expected.issuer:
        raise refused(9, Reason.ISSUER)
    if claims["aud"] != audience:
        raise refused(10, Reason.AUDIENCE)
    if claims["azp"] != expected.client_id:
        raise refused(11, Reason.AUTHORIZED_PARTY)
    _check_authentication(claims, expected.rules, refused)
    times.check(claims, now, longest=expected.rules.lifetime_max, refused=refused, step=13)
    if times.seconds_of(claims, "auth_time") > now.timestamp() + times.CLOCK_SKEW.total_seconds():
        raise refused(13, Reason.AUTHENTICATION_TIME)
    if claims["idNummer"] != expected.institution.telematik_id:
        raise refused(14, Reason.INSTITUTION)
    if claims["professionOID"] not in expected.institution.profession_oids:
        raise refused(14, Reason.PROFESSION)


def _check_authentication(claims: Mapping[str, object], rules: TokenRules, refused: type[ProofFailed]) -> None:
    methods = claims["amr"]
    assert isinstance(methods, list)
    if claims["acr"] != rules.acr:
        raise refused(12, Reason.AUTHENTICATION_CLASS)
    if not rules.amr <= set(methods):
        raise refused(12, Reason.AUTHENTICATION_METHODS)
