"""Encrypted tokens between a client and an IDP: compact JWE (RFC 7516), A256GCM, two ways to the key.

To the IDP: ECDH-ES on brainpoolP256r1 to its encryption key. From the IDP: `dir` with the key of 32 bytes that the
client has sent it. What is nested travels as `{"njwt": "<JWS>"}` (gemSpec_IDP_Dienst). The JOSE library unpacks what
is compressed, up to 100 MB, so `zip` is refused before it looks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from jwcrypto.common import JWException
from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK

from ti_adapter import compact
from ti_adapter.idp.errors import EnvelopeRefused
from ti_adapter.idp.jws import EMBEDDED_KEYS
from ti_adapter.idp.keys import EncryptionKey
from ti_adapter.idp.reason import Reason
from ti_adapter.idp.times import CLOCK_SKEW

ENCRYPTION = "A256GCM"
TOKEN_KEY_BYTES = 32
ENVELOPE_MAX_BYTES = 32 * 1024
_IV_BYTES, _TAG_BYTES = 12, 16


@dataclass(frozen=True, slots=True)
class Way:
    """How the key is agreed, and what the header then holds."""

    algorithm: str
    header: frozenset[str]


DIRECT = Way("dir", frozenset({"alg", "enc", "cty", "exp", "kid", "typ"}))
AGREED = Way("ECDH-ES", frozenset({"alg", "enc", "cty", "exp", "kid", "typ", "epk", "apu", "apv"}))


def encrypt(content: bytes, key: EncryptionKey, *, cty: str, expires: int | None = None) -> str:
    """ECDH-ES and A256GCM to an IDP's key, with a new ephemeral key on the same curve."""
    header: dict[str, object] = {"alg": AGREED.algorithm, "enc": ENCRYPTION, "cty": cty}
    if expires is not None:
        header["exp"] = expires
    jwe = JWE(content, compact.as_json(header).decode(), algs=["ECDH-ES", "A256GCM"])
    jwe.add_recipient(JWK.from_pyca(key.key))
    return str(jwe.serialize(compact=True))


def nest(token: str) -> bytes:
    """A signed token as the content of an encrypted one."""
    return compact.as_json({"njwt": token})


def unnest(content: bytes) -> str:
    """Step 8 of an encrypted token: `{"njwt": "<JWS>"}` and nothing else. Raises `EnvelopeRefused`."""
    try:
        match compact.json_object(content):
            case {"njwt": str(token), **other} if not other:
                return token
    except ValueError as wrong:
        raise EnvelopeRefused(8, Reason.NESTING) from wrong
    raise EnvelopeRefused(8, Reason.NESTING)


def decrypt(token: str, key: bytes | EllipticCurvePrivateKey, now: datetime) -> bytes:
    """Open a token, with a shared key (`dir`) or a private one (ECDH-ES); raises `EnvelopeRefused`.

    1. Size: at most 32 kB. 2. Five segments of strict base64url, in their lengths: no encrypted key, 12 bytes of IV, 16
    of tag; the header is a JSON object with no key twice. JSON serialisation is none.
    3. The header has what belongs to the way, and nothing else: no compression, no extension, no key of its own.
    4. `alg` is that of the way, `enc` is A256GCM. 5. `epk`, where the key is agreed, lies on BP-256.
    6. The header `exp`, where there is one, has not passed, with 37.5 s for the clocks.
    7. It can be decrypted: key, header and content are those that were sealed.
    """
    way = DIRECT if isinstance(key, bytes) else AGREED
    header = _read(token)
    _check_header(header, way)
    _check_expiry(header, now)
    return _decrypted(token, _symmetric(key) if isinstance(key, bytes) else JWK.from_pyca(key), way)


def _read(token: str) -> dict[str, object]:
    if len(token) > ENVELOPE_MAX_BYTES:
        raise EnvelopeRefused(1, Reason.SIZE)
    if token.lstrip().startswith("{"):
        raise EnvelopeRefused(2, Reason.SERIALISATION)
    try:
        header, encrypted_key, iv, _, tag = map(compact.content_of, token.split(".", 5))
        if (encrypted_key, len(iv), len(tag)) != (b"", _IV_BYTES, _TAG_BYTES):
            raise ValueError("lengths")
        return compact.json_object(header)
    except ValueError as wrong:
        raise EnvelopeRefused(2, Reason.FORM) from wrong


def _check_header(header: Mapping[str, object], way: Way) -> None:
    foreign = header.keys() - way.header
    if "zip" in foreign:
        raise EnvelopeRefused(3, Reason.COMPRESSION)
    if "crit" in foreign:
        raise EnvelopeRefused(3, Reason.CRITICAL)
    if foreign & EMBEDDED_KEYS:
        raise EnvelopeRefused(3, Reason.EMBEDDED_KEY)
    if header.get("alg") != way.algorithm:
        raise EnvelopeRefused(4, Reason.ALGORITHM)
    if foreign:
        raise EnvelopeRefused(3, Reason.HEADER)
    if header.get("enc") != ENCRYPTION:
        raise EnvelopeRefused(4, Reason.ENCRYPTION)
    if way is AGREED:
        _check_ephemeral_key(header.get("epk"))


def _check_ephemeral_key(key: object) -> None:
    if not isinstance(key, dict) or (key.get("kty"), key.get("crv")) != ("EC", "BP-256"):
        raise EnvelopeRefused(5, Reason.CURVE)


def _check_expiry(header: Mapping[str, object], now: datetime) -> None:
    expires = header.get("exp", now.timestamp())
    if isinstance(expires, bool) or not isinstance(expires, int | float):
        raise EnvelopeRefused(6, Reason.HEADER)
    if now.timestamp() - CLOCK_SKEW.total_seconds() >= expires:
        raise EnvelopeRefused(6, Reason.EXPIRED)


def _decrypted(token: str, key: JWK, way: Way) -> bytes:
    jwe = JWE()
    jwe.allowed_algs = [way.algorithm, ENCRYPTION]
    try:
        jwe.deserialize(token, key)
        return bytes(jwe.payload)
    except (JWException, ValueError) as wrong:
        raise EnvelopeRefused(7, Reason.DECRYPTION) from wrong


def _symmetric(key: bytes) -> JWK:
    return JWK(kty="oct", k=compact.segment(key))
