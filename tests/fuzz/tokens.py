"""What is fuzzed of the tokens of an IDP and of a PoPP service.

Each target takes bytes, and only a `TiError` may come out of it. What lies behind a signature or a seal is signed or
sealed here, so that the fuzzer reaches it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from ti_adapter import compact, popp
from ti_adapter.compact import as_json
from ti_adapter.errors import TiError
from ti_adapter.idp import challenge, discovery, exchange, jwe, jws, keys, redirect, request, tokens
from ti_adapter.idp.keys import SigningKey
from ti_adapter.pki.extensions import read_admission
from ti_adapter.popp.token import TYPE
from ti_adapter.simulator.idp import IdpIdentity, Switch
from ti_adapter.simulator.idp.draft import Draft, Seal
from ti_adapter.simulator.idp.identity import SIGNING_KID, shown
from ti_adapter.simulator.idp.issuing import IdpService
from ti_adapter.simulator.pki import SimulatedPki
from ti_adapter.simulator.popp import KID, SimulatedPopp
from ti_adapter.simulator.shape import SimulatedInstitution

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
ISSUER, SECONDS = "https://idp.example", int(NOW.timestamp())
_PKI = SimulatedPki.generate(NOW)
_CARD = _PKI.card(SimulatedInstitution("5-2.9001", "Klinik Nord"))
_IDENTITY = IdpIdentity.generate(_PKI)
_KEY = SigningKey(SIGNING_KID, _IDENTITY.signing.key.public_key())
_CLIENT = request.Registration("client", "https://node.example/", "openid links", "https://links.example/")
_ASKED = request.begin(_CLIENT, f"{ISSUER}/sign_response").request
_ADMISSION = read_admission(_CARD.certificate.extensions)
_EXPECTED = tokens.Expected(ISSUER, "client", _CLIENT.audience, _CLIENT.scope, _ASKED.nonce, _ADMISSION)
_POPP = SimulatedPopp.generate(NOW)
_MET = popp.Expected(_POPP.issuer, "5-2.9001", _ADMISSION.profession_oids, "A123456780")
_POPP_HEADER = {"typ": TYPE, "alg": "ES256", "kid": KID}
_POPP_TOKEN = _POPP.token(_POPP.claims(_MET.patient_id, _MET.telematik_id, _ADMISSION.profession_oids[0], NOW))
_TOKEN_KEY = bytes(32)
_HEADER = {"alg": "BP256R1", "typ": "JWT", "kid": SIGNING_KID}
_SEAL = {"alg": "dir", "enc": "A256GCM", "cty": "NJWT", "exp": SECONDS + 300}


def token(content: bytes) -> None:
    """A signed token as it comes."""
    jws.prove(jws.read(content.decode("latin-1"), tokens.ID_TOKEN), SIGNING_KID, _KEY.key)


def header(content: bytes) -> None:
    """The header of a signed token."""
    jws.read(f"{compact.segment(content)}.e30.AA", discovery.KIND)


def id_token(content: bytes) -> None:
    """The claims of an ID token."""
    signed = Draft(_HEADER, {}, _IDENTITY.signing.key, _IDENTITY.strangers).sign(content)
    tokens.verify_id_token(signed, access_token="a", key=_KEY, expected=_EXPECTED, now=NOW)


def asked(content: bytes) -> None:
    """The claims of a challenge."""
    signed = Draft(_HEADER, {}, _IDENTITY.signing.key, _IDENTITY.strangers).sign(content)
    challenge.verify(signed, issuer=ISSUER, key=_KEY, request=_ASKED, now=NOW)


def document(content: bytes) -> None:
    """The members of a discovery document."""
    shows = {**_HEADER, "x5c": [shown(_IDENTITY.discovery.certificate)]}
    signed = Draft(shows, {}, _IDENTITY.discovery.key, _IDENTITY.strangers).sign(content)
    discovery.verify(signed, issuer=ISSUER, prove=lambda *_: None, now=NOW)


def certificate(content: bytes) -> None:
    """A certificate in a header."""
    keys.read_signing_key(
        as_json({**_IDENTITY.signing_jwk(), "x5c": [content.decode("latin-1")]}), lambda *_: None, NOW
    )


def envelope(content: bytes) -> None:
    """A sealed token as it comes, by either way."""
    for key in (_TOKEN_KEY, _IDENTITY.encryption):
        with suppress(TiError):
            jwe.decrypt(content.decode("latin-1"), key, NOW)


def seal(content: bytes) -> None:
    """The header of a sealed token, by either way."""
    rest = ".".join(map(compact.segment, (b"", bytes(12), b"c", bytes(16))))
    envelope(f"{compact.segment(content)}.{rest}".encode())


def nested(content: bytes) -> None:
    """What a sealed token holds."""
    jwe.unnest(jwe.decrypt(Seal(_SEAL, content, _TOKEN_KEY).close(), _TOKEN_KEY, NOW))


def answers(content: bytes) -> None:
    """A key, and the answers of both endpoints."""
    for read in (
        lambda: keys.read_signing_key(content, lambda *_: None, NOW),
        lambda: challenge.read_answer(content),
        lambda: exchange.read_answer(content),
    ):
        with suppress(TiError):
            read()


def popp_token(content: bytes) -> None:
    """A PoPP token as it comes: only what the service has signed is believed."""
    proven = popp.prove(popp.read(content.decode("latin-1")), _POPP.named, NOW)
    assert proven.claims == popp.read(_POPP_TOKEN).claims


def popp_header(content: bytes) -> None:
    """The header of a PoPP token."""
    popp.read(f"{compact.segment(content)}.{_POPP_TOKEN.partition('.')[2]}")


def popp_claims(content: bytes) -> None:
    """The claims of a PoPP token: what is accepted is about those whom it is expected for."""
    signed = Draft(_POPP_HEADER, {}, _POPP.card.key, _IDENTITY.strangers).sign(content)
    claims = popp.accept(popp.prove(popp.read(signed), _POPP.named, NOW), _MET, NOW)
    assert (claims.patient_id, claims.actor_id) == (_MET.patient_id, _MET.telematik_id)


def popp_certificate(content: bytes) -> None:
    """A certificate in the header of a PoPP token: only the service's own is believed."""
    key = _POPP.certified({"x5c": [content.decode("latin-1")]}, NOW)
    assert key == _POPP.card.key.public_key()


def addresses(content: bytes) -> None:
    """A redirect of the IDP, and one of a record system."""
    text = content.decode("latin-1")
    with suppress(TiError):
        redirect.read(text, _ASKED)
    request.read(text, f"{ISSUER}/sign_response")


TARGETS: tuple[Callable[[bytes], None], ...] = (
    token,
    header,
    id_token,
    asked,
    document,
    certificate,
    envelope,
    seal,
    nested,
    answers,
    addresses,
    popp_token,
    popp_header,
    popp_claims,
    popp_certificate,
)


def one_input(content: bytes) -> None:
    """The first byte says which target gets the rest."""
    if content:
        with suppress(TiError):
            TARGETS[content[0] % len(TARGETS)](content[1:])


def seeds() -> Iterator[bytes]:
    """A well-formed input for each target, and an object that has nothing."""
    for number, target in enumerate(TARGETS):
        yield bytes((number,)) + _SEEDS[target]
        yield bytes((number,)) + b"{}"


def _payload(signed: str) -> bytes:
    return compact.content_of(signed.split(".")[1])


_SERVICE = IdpService(_IDENTITY, _PKI.trust, [_CLIENT], Switch(), lambda: NOW)
_SAID: Mapping[str, str] = {
    "client_id": "client",
    "redirect_uri": _CLIENT.redirect_uri,
    "response_type": "code",
    "state": _ASKED.state,
    "nonce": _ASKED.nonce,
    "scope": _CLIENT.scope,
    "code_challenge": _ASKED.code_challenge,
    "code_challenge_method": "S256",
}
_CLAIMS: Mapping[str, Any] = {
    "iss": ISSUER,
    "aud": "client",
    "azp": "client",
    "sub": "s",
    "nonce": _ASKED.nonce,
    "iat": SECONDS,
    "exp": SECONDS + 300,
    "auth_time": SECONDS,
    "acr": discovery.ACR,
    "amr": ["mfa", "sc", "pin"],
    "idNummer": "5-2.9001",
    "professionOID": _ADMISSION.profession_oids[0],
}
_SEEDS: Mapping[Callable[[bytes], None], bytes] = {
    token: Draft(_HEADER, {}, _IDENTITY.signing.key, _IDENTITY.strangers).sign().encode(),
    header: json.dumps({**_HEADER, "x5c": ["MIIB"], "exp": 1}).encode(),
    id_token: as_json(_CLAIMS),
    asked: _payload(_SERVICE.challenge(_SAID, ISSUER)),
    document: _payload(_SERVICE.discovery(ISSUER)),
    certificate: shown(_IDENTITY.signing.certificate).encode(),
    envelope: Seal(_SEAL, jwe.nest("e30.e30.AA"), _TOKEN_KEY).close().encode(),
    seal: json.dumps({**_SEAL, "alg": "ECDH-ES", "epk": {"kty": "EC", "crv": "BP-256", "x": "AA", "y": "AA"}}).encode(),
    nested: jwe.nest("e30.e30.AA"),
    answers: as_json(_IDENTITY.signing_jwk()),
    addresses: _ASKED.uri.encode(),
    popp_token: _POPP_TOKEN.encode(),
    popp_header: as_json({**_POPP_HEADER, "x5c": _POPP.x5c}),
    popp_claims: _payload(_POPP_TOKEN),
    popp_certificate: _POPP.x5c[0].encode(),
}


def plant(name: str) -> None:
    """Put one bug into the product, in this process."""
    where, attribute, bug = PLANTED[name]
    setattr(where, attribute, bug)


PLANTED: Mapping[str, tuple[Any, str, Any]] = {"object": (compact, "json_object", json.loads)}
"""Each leaves out one check that the product makes."""
