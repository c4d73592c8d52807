"""Signed tokens of an IDP: compact JWS (RFC 7515), one algorithm on one curve, the key by name.

A key of brainpoolP256r1 would also verify a signature that calls itself ES256, so algorithm **and** curve are pinned:
`BP256R1`, gematik's name for ECDSA with SHA-256 on brainpoolP256r1 (gemSpec_Krypt). Keys that a token brings along are
never looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ec import BrainpoolP256R1, EllipticCurvePublicKey
from jwcrypto.common import JWException
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from ti_adapter import compact
from ti_adapter.card import Card, sign_compact
from ti_adapter.errors import CardFailed, ProofFailed
from ti_adapter.idp.reason import Reason

ALGORITHM = "BP256R1"
TOKEN_MAX_BYTES = 16 * 1024
EMBEDDED_KEYS = frozenset({"jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256"})
"""Header parameters by which a token brings its own key; they are never looked at."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What one kind of signed token looks like: its error, its `typ` in small letters, what its header may hold."""

    refused: type[ProofFailed]
    typs: frozenset[str]
    header: frozenset[str] = frozenset({"alg", "typ", "kid", "exp"})
    max_bytes: int = TOKEN_MAX_BYTES


@dataclass(frozen=True, slots=True)
class Received:
    """A token of the right form whose signature has **not** been looked at."""

    token: str = field(repr=False)
    header: Mapping[str, object]
    kind: Kind


def read(token: str, kind: Kind) -> Received:
    """Steps 1 to 4 of every signed token; raises the error of its kind.

    1. Size. 2. Three segments of strict base64url, the first of them a JSON object with no key twice. JSON
    serialisation, in which a token may have several signatures, is none.
    3. The header has the right `typ`, a `kid` where its kind has one, and nothing that its kind does not have: no
    extension, no compression, no key of its own. A header `exp`, which the reference server writes, is ignored on
    purpose, since the claim `exp` counts. 4. `alg` is BP256R1.
    """
    if len(token) > kind.max_bytes:
        raise kind.refused(1, Reason.SIZE)
    if token.lstrip().startswith("{"):
        raise kind.refused(2, Reason.SERIALISATION)
    header = _header(token, kind)
    _check_header(header, kind)
    if header.get("alg") != ALGORITHM:
        raise kind.refused(4, Reason.ALGORITHM)
    return Received(token, header, kind)


def prove(received: Received, kid: str | None, key: EllipticCurvePublicKey) -> dict[str, object]:
    """Steps 5 to 7 of every signed token: what it says, with a proven signature and nothing more.

    5. `kid` is the name of the key, which lies on brainpoolP256r1; None where the token itself shows the certificate.
    6. The signature is that key's, as two numbers of 32 bytes. 7. The payload is a JSON object with no key twice.
    """
    kind = received.kind
    if kid is not None and received.header.get("kid") != kid:
        raise kind.refused(5, Reason.KEY)
    if not isinstance(key.curve, BrainpoolP256R1):
        raise kind.refused(5, Reason.CURVE)
    payload = _proven_payload(received, key)
    try:
        return compact.json_object(payload)
    except ValueError as wrong:
        raise kind.refused(7, Reason.PAYLOAD) from wrong


def sign(card: Card, header: Mapping[str, object], payload: bytes) -> str:
    """Let a card sign; `header` without `alg`. Raises `CardFailed`, also for a signature that is not its own."""
    token = sign_compact(card, {"alg": ALGORITHM, **header}, payload)
    if not _is_signed_by(card, token):
        raise CardFailed("the signature is not that of the card's certificate")
    return token


def _is_signed_by(card: Card, token: str) -> bool:
    key = card.certificate.public_key()
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, BrainpoolP256R1):
        return False
    return _payload(token, key) is not None


def _header(token: str, kind: Kind) -> dict[str, object]:
    segments = token.split(".", 3)
    try:
        contents = [compact.content_of(segment) for segment in segments]
        header = compact.json_object(contents[0])
    except ValueError as wrong:
        raise kind.refused(2, Reason.FORM) from wrong
    if len(segments) != 3:
        raise kind.refused(2, Reason.FORM)
    return header


def _check_header(header: Mapping[str, object], kind: Kind) -> None:
    foreign = header.keys() - kind.header
    if "crit" in foreign or "b64" in foreign:
        raise kind.refused(3, Reason.CRITICAL)
    if "zip" in foreign:
        raise kind.refused(3, Reason.COMPRESSION)
    if foreign & EMBEDDED_KEYS:
        raise kind.refused(3, Reason.EMBEDDED_KEY)
    if foreign or ("kid" in kind.header and not isinstance(header.get("kid"), str)):
        raise kind.refused(3, Reason.HEADER)
    if str(header.get("typ", "")).lower() not in kind.typs:
        raise kind.refused(3, Reason.TYPE)


def _proven_payload(received: Received, key: EllipticCurvePublicKey) -> bytes:
    signature = compact.content_of(received.token.rpartition(".")[2])
    payload = _payload(received.token, key) if len(signature) == 2 * compact.SCALAR_BYTES else None
    if payload is None:
        raise received.kind.refused(6, Reason.SIGNATURE)
    return payload


def _payload(token: str, key: EllipticCurvePublicKey) -> bytes | None:
    jws = JWS()
    jws.allowed_algs = [ALGORITHM]
    try:
        jws.deserialize(token, JWK.from_pyca(key))
    except (JWException, ValueError):
        return None
    return bytes(jws.payload)
