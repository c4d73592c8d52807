"""ExternalAuthenticate (AuthSignatureService): the card signs a SHA-256 digest with ECDSA on brainpoolP256r1.

The Konnektor hands DER (`SEQUENCE {r, s}`) back; JOSE wants r and s side by side, 32 bytes each (RFC 7518, 3.4).
"""

from __future__ import annotations

import base64
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from lxml import etree  # type: ignore[import-untyped]

from ti_adapter import compact
from ti_adapter.konnektor import reading
from ti_adapter.konnektor.context import Context
from ti_adapter.konnektor.errors import SignatureWrong
from ti_adapter.konnektor.names import CONN, DIGEST_MEDIA_TYPE, DSS, ECDSA_SIGNATURE, Dialect
from ti_adapter.konnektor.soap import maker

DIGEST_BYTES: Final = 32


def external_authenticate(dialect: Dialect, context: Context, handle: str, digest: bytes) -> etree._Element:
    """SIG:ExternalAuthenticate. Raises ValueError where `digest` is not of 32 bytes: it is no text, but its SHA-256."""
    if len(digest) != DIGEST_BYTES:
        raise ValueError("what is signed is a SHA-256 digest")
    sig, dss = maker(dialect.namespace), maker(DSS)
    return sig.ExternalAuthenticate(
        maker(CONN).CardHandle(handle),
        context.element(),
        sig.OptionalInputs(dss.SignatureType(ECDSA_SIGNATURE)),
        sig.BinaryString(dss.Base64Data(base64.b64encode(digest).decode(), MimeType=DIGEST_MEDIA_TYPE)),
    )


def read_signature(answer: etree._Element) -> bytes:
    """The DER signature in a SIG:ExternalAuthenticateResponse."""
    signed = reading.only(answer, f"{{{DSS}}}SignatureObject")
    return reading.value(signed, f"{{{DSS}}}Base64Signature", reading.binary)


def check_signature(signature: bytes, digest: bytes, certificate: x509.Certificate) -> None:
    """That the key of this certificate has signed this digest. Raises `SignatureWrong`."""
    key = certificate.public_key()
    if not isinstance(key, EllipticCurvePublicKey):
        raise SignatureWrong
    try:
        key.verify(signature, digest, ECDSA(Prehashed(SHA256())))
    except InvalidSignature:
        raise SignatureWrong from None


def jose_signature(signature: bytes) -> bytes:
    """R and s of a DER signature side by side, 64 bytes. Raises `SignatureWrong`."""
    try:
        return compact.raw_signature(signature)
    except ValueError:
        raise SignatureWrong from None
