"""Everything that can be wrong with what the simulated IDP signs and seals, by name."""

from __future__ import annotations

import hmac
import zlib
from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ti_adapter import compact
from ti_adapter.compact import as_json
from ti_adapter.simulator.idp.draft import Break, Draft, Forge, in_json
from ti_adapter.simulator.idp.identity import jwk

_DAY = 86_400


def _hs256_with_the_public_key(draft: Draft) -> str:
    text = draft.heading(alg="HS256").sign().rpartition(".")[0]
    secret = draft.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"{text}.{compact.segment(hmac.digest(secret, text.encode(), 'sha256'))}"


def _with_a_key_of_its_own(draft: Draft) -> str:
    shown = jwk(draft.strangers.public_key(), "own", "sig")
    return draft.heading(jwk=shown).signed_by(draft.strangers).sign()


def _with_signature(draft: Draft, signature: bytes) -> str:
    return f"{draft.sign().rpartition('.')[0]}.{compact.segment(signature)}"


def _tampered(draft: Draft) -> str:
    """The claims of another token under the signature of this one."""
    protected, _, signature = draft.sign().split(".")
    return f"{protected}.{draft.claiming(iss='https://other.example').sign().split('.')[1]}.{signature}"


def _with_twice(draft: Draft) -> str:
    return draft.sign(b'{"exp":1,' + as_json(draft.claims)[1:])


SIGNED: Mapping[str, Forge] = {
    "two-signatures": lambda it: in_json(it.sign()),
    "no-token": lambda _: "token",
    "fourth-segment": lambda it: f"{it.sign()}.e30",
    "padding": lambda it: it.sign().replace(".", "=.", 1),
    "unknown-critical-header": lambda it: it.heading(crit=["x"], x=1).sign(),
    "zip": lambda it: it.heading(zip="DEF").sign(),
    "own-key": _with_a_key_of_its_own,
    "key-address": lambda it: it.heading(jku="https://other.example/jwks").sign(),
    "unknown-header": lambda it: it.heading(x=1).sign(),
    "no-kid": lambda it: it.heading(kid=None).sign(),
    "other-typ": lambda it: it.heading(typ="logout+jwt").sign(),
    "alg-none": lambda it: f"{it.heading(alg='none').sign().rpartition('.')[0]}.",
    "alg-none-with-signature": lambda it: it.heading(alg="nOnE").sign(),
    "alg-es256": lambda it: it.heading(alg="ES256").sign(),
    "alg-rs256": lambda it: it.heading(alg="RS256").sign(),
    "alg-hs256": _hs256_with_the_public_key,
    "alg-missing": lambda it: it.heading(alg=None).sign(),
    "other-curve": lambda it: it.signed_by(generate_private_key(SECP256R1())).sign(),
    "other-key": lambda it: it.signed_by(it.strangers).sign(),
    "tampered": _tampered,
    "no-signature": lambda it: _with_signature(it, b""),
    "zero-signature": lambda it: _with_signature(it, bytes(64)),
    "longer-signature": lambda it: _with_signature(it, bytes(80)),
    "no-json": lambda it: it.sign(b"claims"),
    "claim-twice": _with_twice,
    "no-issuer": lambda it: it.claiming(iss=None, issuer=None).sign(),
    "time-as-text": lambda it: it.claiming(exp="tomorrow").sign(),
    "other-issuer": lambda it: it.claiming(iss="https://other.example", issuer="https://other.example").sign(),
    "expired": lambda it: it.lasting(-_DAY, -60).sign(),
    "future": lambda it: it.lasting(_DAY, _DAY + 60).sign(),
    "not-before": lambda it: it.claiming(nbf=2**40).sign(),
    "too-long": lambda it: it.lasting(0, 2 * _DAY).sign(),
}
"""What any signed token may suffer."""

DISCOVERY: Mapping[str, Forge] = {
    "oversize": lambda it: it.claiming(padding="x" * 80_000).sign(),
    "no-certificate": lambda it: it.heading(x5c=[]).sign(),
    "unreadable-certificate": lambda it: it.heading(x5c=["MIIB"]).sign(),
    "no-token-endpoint": lambda it: it.claiming(token_endpoint=None).sign(),
    "plain-http": lambda it: it.claiming(uri_puk_idp_sig="http://other.example/key").sign(),
    "plain-pkce": lambda it: it.claiming(code_challenge_methods_supported=["plain"]).sign(),
    "rs256-tokens": lambda it: it.claiming(id_token_signing_alg_values_supported=["RS256"]).sign(),
}
_NAMED: Mapping[str, Forge] = {
    "oversize": lambda it: it.claiming(padding="x" * 15_000).sign(),
    "other-kid": lambda it: it.heading(kid="other").sign(),
    "shown-certificate": lambda it: it.heading(x5c=["MIIB"]).sign(),
}
CHALLENGE: Mapping[str, Forge] = {
    **_NAMED,
    "no-challenge": lambda it: it.claiming(token_type="code").sign(),  # noqa: S106 - a name
    "other-client": lambda it: it.claiming(client_id="other").sign(),
    "other-redirect": lambda it: it.claiming(redirect_uri="https://other.example/").sign(),
    "other-state": lambda it: it.claiming(state="other").sign(),
    "other-nonce": lambda it: it.claiming(nonce="other").sign(),
    "other-code-challenge": lambda it: it.claiming(code_challenge="other").sign(),
    "plain-pkce": lambda it: it.claiming(code_challenge_method="plain").sign(),
    "other-response-type": lambda it: it.claiming(response_type="token").sign(),
    "other-scope": lambda it: it.claiming(scope="openid e-rezept").sign(),
}
TOKEN: Mapping[str, Forge] = {
    **_NAMED,
    "other-audience": lambda it: it.claiming(aud="other").sign(),
    "audience-list": lambda it: it.claiming(aud=[it.claims["aud"], "other"]).sign(),
    "other-party": lambda it: it.claiming(azp="other").sign(),
    "lower-assurance": lambda it: it.claiming(acr="gematik-ehealth-loa-substantial").sign(),
    "without-card": lambda it: it.claiming(amr=["mfa"]).sign(),
    "methods-as-text": lambda it: it.claiming(amr="mfa sc pin").sign(),
    "authenticated-in-the-future": lambda it: it.claiming(auth_time=2**40).sign(),
    "other-institution": lambda it: it.claiming(idNummer="1-2other").sign(),
    "other-profession": lambda it: it.claiming(professionOID="1.2.276.0.76.4.5").sign(),
    "no-institution": lambda it: it.claiming(idNummer=None).sign(),
}
ID_TOKEN: Mapping[str, Forge] = {
    "other-nonce": lambda it: it.claiming(nonce="other").sign(),
    "no-nonce": lambda it: it.claiming(nonce=None).sign(),
    "other-at-hash": lambda it: it.claiming(at_hash="other").sign(),
}
ACCESS_TOKEN: Mapping[str, Forge] = {
    "other-client": lambda it: it.claiming(client_id="other").sign(),
    "other-scope": lambda it: it.claiming(scope="openid e-rezept").sign(),
}


def _bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, wbits=-15)
    return packer.compress(bytes(megabytes << 20)) + packer.flush()


SEALED: Mapping[str, Break] = {
    "oversize": lambda it: it.heading(cty="x" * 40_000).close(),
    "in-json": lambda it: f'{{"ciphertext":"{it.close()}"}}',
    "fourth-segment-missing": lambda it: it.close().rpartition(".")[0],
    "encrypted-key": lambda it: it.close(encrypted_key=b"key"),
    "short-tag": lambda it: it.close(tag_bytes=12),
    "zip-bomb": lambda it: it.heading(zip="DEF").over(_bomb(16)).close(),
    "unknown-critical-header": lambda it: it.heading(crit=["x"], x=1).close(),
    "own-key": lambda it: it.heading(jwk={"kty": "oct", "k": "AA"}).close(),
    "unknown-header": lambda it: it.heading(x=1).close(),
    "other-alg": lambda it: it.heading(alg="A256KW").close(),
    "other-enc": lambda it: it.heading(enc="A128GCM").close(),
    "expired": lambda it: it.heading(exp=1).close(),
    "time-as-text": lambda it: it.heading(exp="tomorrow").close(),
    "other-key": lambda it: it.under(bytes(32)).close(),
    "flipped": lambda it: _flipped(it.close()),
    "not-nested": lambda it: it.over(b'{"jwt":"e30.e30.e30"}').close(),
    "nested-with-more": lambda it: it.over(it.content[:-1] + b',"x":1}').close(),
    "nested-no-json": lambda it: it.over(b"njwt").close(),
}
"""What a sealed token may suffer."""


def _flipped(token: str) -> str:
    head, _, tag = token.rpartition(".")
    content = bytearray(compact.content_of(tag))
    content[0] ^= 1
    return f"{head}.{compact.segment(bytes(content))}"
