"""The signed discovery document: where an IDP answers, and where its keys lie (`/.well-known/openid-configuration`).

Wire format: a compact JWS whose header carries the certificate of its signer in `x5c`; the members are those of OpenID
Connect Discovery, with gematik's own `uri_puk_idp_sig` and `uri_puk_idp_enc`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from ti_adapter.idp import jws, times
from ti_adapter.idp.claims import Claims
from ti_adapter.idp.errors import DiscoveryRefused
from ti_adapter.idp.keys import Prove, certificate_of, key_of
from ti_adapter.idp.reason import Reason

WELL_KNOWN = "/.well-known/openid-configuration"
DOCUMENT_MAX_BYTES = 64 * 1024
LIFETIME_MAX = timedelta(hours=24)
ACR = "gematik-ehealth-loa-high"

KIND = jws.Kind(
    DiscoveryRefused,
    frozenset({"jwt", ""}),
    frozenset({"alg", "typ", "kid", "exp", "x5c"}),
    DOCUMENT_MAX_BYTES,
)
MEMBERS = Claims(
    checked={
        "issuer": str,
        "iat": int,
        "exp": int,
        "nbf": int,
        "response_types_supported": list,
        "code_challenge_methods_supported": list,
        "id_token_signing_alg_values_supported": list,
        "acr_values_supported": list,
    },
    used={"authorization_endpoint": str, "token_endpoint": str, "uri_puk_idp_sig": str, "uri_puk_idp_enc": str},
    # Single sign-on, pairing and logins by the apps of insurers are not for institutions; the keys come from the two
    # addresses of their own; how the token endpoint authenticates clients, and what else it can do, is a given.
    ignored=frozenset(
        {
            "sso_endpoint",
            "auth_pair_endpoint",
            "uri_pair",
            "kk_app_list_uri",
            "fed_idp_list_uri",
            "alternative_authorization_endpoint",
            "third_party_authorization_endpoint",
            "federation_authorization_endpoint",
            "jwks_uri",
            "signed_jwks_uri",
            "uri_disc",
            "subject_types_supported",
            "token_endpoint_auth_methods_supported",
            "grant_types_supported",
            "response_modes_supported",
            "scopes_supported",
        }
    ),
    optional=frozenset({"nbf"}),
)
_CAPABILITIES = {
    "response_types_supported": "code",
    "code_challenge_methods_supported": "S256",
    "id_token_signing_alg_values_supported": jws.ALGORITHM,
    "acr_values_supported": ACR,
}
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True)
class DiscoveryDocument:
    """Accepted. `unknown` are the members that this version neither checks, uses nor ignores on purpose."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    uri_puk_idp_sig: str
    uri_puk_idp_enc: str
    expires: datetime
    unknown: tuple[str, ...] = ()


def verify(token: str, *, issuer: str, prove: Prove, now: datetime) -> DiscoveryDocument:
    """Believe a discovery document; raises `DiscoveryRefused`, or `CertificateRefused` from step 5.

    1. to 4. Size (64 kB), form, header, algorithm: `jws.read`. 5. The certificate in `x5c` can be read, `prove`
    believes it, and its key lies on brainpoolP256r1. 6. The signature is that key's. 7. The payload is a JSON object.
    8. The members that this package needs are there, and of the right types. 9. The issuer is the wanted one.
    10. Every address is https, or a loopback one; that of the authorization endpoint has no query of its own.
    11. The IDP offers what this package speaks: response type code, S256, BP256R1, and a card's level of assurance.
    12. It is valid now, with 37.5 s for the clocks, and for no longer than 24 hours.
    """
    received = jws.read(token.strip(), KIND)
    certificate = certificate_of(received.header.get("x5c"), DiscoveryRefused, 5)
    prove(certificate, now)
    said = jws.prove(received, None, key_of(certificate, DiscoveryRefused, 5))
    members, unknown = MEMBERS.sort(said, DiscoveryRefused)
    if members["issuer"] != issuer:
        raise DiscoveryRefused(9, Reason.ISSUER)
    endpoints = {name: _endpoint(str(members[name])) for name in MEMBERS.used}
    if "?" in endpoints["authorization_endpoint"]:
        raise DiscoveryRefused(10, Reason.ENDPOINT)
    _check_capabilities(members)
    times.check(members, now, longest=LIFETIME_MAX, refused=DiscoveryRefused, step=12)
    expires = datetime.fromtimestamp(times.seconds_of(members, "exp"), UTC)
    return DiscoveryDocument(issuer, **endpoints, expires=expires, unknown=unknown)


def _endpoint(address: str) -> str:
    try:
        url = urlsplit(address)
        allowed = url.scheme == "https" or (url.scheme == "http" and url.hostname in _LOOPBACK)
    except ValueError:
        allowed, url = False, urlsplit("")
    if not allowed or not url.hostname or url.username is not None or url.fragment:
        raise DiscoveryRefused(10, Reason.ENDPOINT)
    return address


def _check_capabilities(members: dict[str, object]) -> None:
    for name, wanted in _CAPABILITIES.items():
        offered = members[name]
        assert isinstance(offered, list)
        if wanted not in offered:
            raise DiscoveryRefused(11, Reason.CAPABILITY)
