"""Signed JSON (JWS, RFC 7515) between nodes and hub: one algorithm, keys by name, limits before parsing.

Only ES256 on P-256 is ever made or believed. A token that brings its own key, asks for compression or for an extension
is refused before its signature is looked at. The attestation is not read here: it is signed by a card, with another
curve, and `ti_adapter.attestation` reads it.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import rfc8785
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from jwcrypto.common import JWException
from jwcrypto.jwk import JWK, JWKSet
from jwcrypto.jws import JWS

from linkexchange.errors import MessageFault

TOKEN_MAX_BYTES = 16 * 1024
PROOF_MAX_BYTES = 64 * 1024 * 1024
_INTEGER_END = 1 << 53
_HEADER_KEYS = frozenset({"alg", "typ", "kid"})


@dataclass(frozen=True, slots=True)
class Proven:
    """Claims whose signature is proven, and nothing more: audience, time and binding are still to be checked."""

    typ: str
    kid: str
    claims: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key with the name under which others know its public half."""

    kid: str
    key: JWK = field(repr=False)
    earlier: PublicKeys | None = None
    """Public keys with which the same one has signed before, under other names."""

    @classmethod
    def of(cls, private_key: EllipticCurvePrivateKey, kid: str) -> Signer:
        """Wrap a P-256 key; raises ValueError for another curve."""
        if not isinstance(private_key.curve, SECP256R1):
            raise ValueError("not a P-256 key")
        return cls(kid, JWK.from_pyca(private_key))

    @classmethod
    def named(cls, private_key: EllipticCurvePrivateKey) -> Signer:
        """The same under the name that the key has by itself (RFC 7638), so that no two keys share one."""
        return cls.of(private_key, str(JWK.from_pyca(private_key).thumbprint()))

    def sign(self, claims: Mapping[str, Any], *, typ: str) -> str:
        """Compact JWS over the canonical JSON (RFC 8785) of the claims."""
        token = JWS(canonical(dict(claims)))
        token.add_signature(self.key, None, json.dumps({"alg": "ES256", "kid": self.kid, "typ": typ}))
        return str(token.serialize(compact=True))

    @property
    def public(self) -> PublicKeys:
        """The public half, for whoever must believe this signer."""
        before = self.earlier.keys if self.earlier else {}
        return PublicKeys({**before, self.kid: JWK.from_json(self.key.export_public())})


@dataclass(frozen=True, slots=True)
class PublicKeys:
    """Pinned public keys by name."""

    keys: Mapping[str, JWK]

    @classmethod
    def of(cls, public_key: EllipticCurvePublicKey, kid: str) -> PublicKeys:
        """One key under one name, such as a node's key under the thumbprint of its certificate.

        Raises ValueError for another curve: on brainpoolP256r1, too, a signature could pass as ES256.
        """
        if not isinstance(public_key.curve, SECP256R1):
            raise ValueError("not a P-256 key")
        return cls({kid: JWK.from_pyca(public_key)})

    @classmethod
    def from_jwks(cls, text: str) -> PublicKeys:
        """Read a JWK Set (RFC 7517); raises ValueError unless each key is P-256 and has a `kid` of its own."""
        try:
            listed = list(JWKSet.from_json(text)["keys"])
            keys = {_name(jwk): jwk for jwk in listed if jwk.get("crv") == "P-256" and jwk.get_op_key("verify")}
        except (JWException, RecursionError) as wrong:
            raise ValueError("not a JWK Set of P-256 keys") from wrong
        if not keys or len(keys) != len(listed):
            raise ValueError("a JWK Set of P-256 keys with different names is wanted")
        return cls(keys)

    @classmethod
    def from_texts(cls, texts: Mapping[str, str]) -> PublicKeys:
        """Keys by name, each as a JWK (RFC 7517) of a P-256 key; raises ValueError for another."""
        listed = [{**json.loads(text), "kid": kid} for kid, text in texts.items()]
        return cls.from_jwks(json.dumps({"keys": listed})) if listed else cls({})

    def by_thumbprint(self) -> PublicKeys:
        """The same keys, also under the names that they have by themselves (RFC 7638)."""
        return PublicKeys({**{str(jwk.thumbprint()): jwk for jwk in self.keys.values()}, **self.keys})

    def to_jwks(self) -> str:
        """The JWK Set that others pin."""
        rows = [{**json.loads(jwk.export_public()), "kid": kid, "alg": "ES256"} for kid, jwk in self.keys.items()]
        return json.dumps({"keys": rows}, sort_keys=True)


def canonical(value: dict[str, Any]) -> bytes:
    """Canonical JSON (RFC 8785).

    Where all is text and whole numbers under ASCII names, Python's own writer gives the same bytes in a tenth of the
    time, which counts for a proof of 5,000 lines.
    """
    if not _is_plain(value):
        return rfc8785.dumps(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _is_plain(value: object) -> bool:
    if isinstance(value, dict):
        return _are_ascii(value) and all(map(_is_plain, value.values()))
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, str) or (isinstance(value, int) and abs(value) < _INTEGER_END)


def _are_ascii(names: Mapping[object, object]) -> bool:
    try:
        return "".join(names).isascii()  # type: ignore[arg-type]
    except TypeError:
        return False


def verify(token: str, keys: PublicKeys, *, max_bytes: int = TOKEN_MAX_BYTES) -> Proven:
    """Prove the signature of a compact JWS; raises `MessageFault` with the failed step.

    1. Size. 2. Three segments of strict base64url; a header with `alg`, `typ`, `kid` and nothing else. 3. ES256. 4. A
    pinned key of that name. 5. The signature. 6. A JSON object. Neither object may have a key twice.
    """
    if len(token) > max_bytes:
        raise MessageFault("step 1: token too large")
    header = _header(token)
    if header["alg"] != "ES256":
        raise MessageFault("step 3: algorithm")
    if header["kid"] not in keys.keys:
        raise MessageFault("step 4: unknown key")
    return Proven(header["typ"], header["kid"], _payload(token, keys.keys[header["kid"]]))


def unproven(token: str, *, typ: str, max_bytes: int = TOKEN_MAX_BYTES) -> dict[str, Any]:
    """The claims of a compact JWS whose signature is **not** looked at here.

    Raises `MessageFault` where it is none, or of another type. For whoever does not know the key, and has another
    reason to believe what the claims say.
    """
    if len(token) > max_bytes:
        raise MessageFault("step 1: token too large")
    if _header(token)["typ"] != typ:
        raise MessageFault("step 2: header")
    return _object(_bytes(token.split(".")[1]), "step 6: payload")


def _header(token: str) -> dict[str, str]:
    # The JWS library also reads tokens in JSON, whose signed header would be another than the one that is read here.
    segments = [_bytes(segment) for segment in token.split(".", 3)]
    if len(segments) != 3:
        raise MessageFault("step 2: header")
    header = _object(segments[0], "step 2: header")
    if header.keys() == _HEADER_KEYS and all(isinstance(value, str) for value in header.values()):
        return header
    raise MessageFault("step 2: header")


def _payload(token: str, key: JWK) -> dict[str, Any]:
    jws = JWS()
    jws.allowed_algs = ["ES256"]
    try:
        jws.deserialize(token, key)
    except (JWException, ValueError) as wrong:
        raise MessageFault("step 5: signature") from wrong
    return _object(jws.payload, "step 6: payload")


def _bytes(segment: str) -> bytes:
    """What would not be written so is refused, so that one token has one spelling."""
    try:
        content = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except ValueError as wrong:
        raise MessageFault("step 2: header") from wrong
    if base64.urlsafe_b64encode(content).rstrip(b"=").decode() != segment:
        raise MessageFault("step 2: header")
    return content


def _object(text: bytes, step: str) -> dict[str, Any]:
    try:
        parsed = json.loads(text, object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError) as wrong:
        raise MessageFault(step) from wrong
    if not isinstance(parsed, dict):
        raise MessageFault(step)
    return parsed


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Two readers may take different ones of two equal keys, so there must not be two."""
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)


def _name(jwk: JWK) -> str:
    name = jwk.get("kid")
    if not isinstance(name, str) or not name:
        raise ValueError("a key without a name")
    return name


def thumbprint(certificate_der: bytes) -> str:
    """`x5t#S256` of RFC 8705: base64url of the SHA-256 of the DER certificate, without padding."""
    return base64.urlsafe_b64encode(hashlib.sha256(certificate_der).digest()).rstrip(b"=").decode()


def certificate_der(certificate: x509.Certificate) -> bytes:
    """The bytes that are hashed and sent."""
    return certificate.public_bytes(Encoding.DER)
