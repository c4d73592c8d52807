"""OCSP answers as a VAU brings them along: right by default, and wrong in any way a test wants."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from asn1crypto import algos, core, ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ti_adapter.vau.ocsp import CERT_HASH

_RESPONSE_TYPE = "basic_ocsp_response"
_SIGNATURES = {"sha256": SHA256(), "sha384": SHA384()}


@dataclass(frozen=True, slots=True)
class OcspShape:
    """How the answer looks. Times count from the moment it is about.

    `status` is good, revoked or unknown; `response_status` that of the answer as a whole. `hashed` is hashed in the
    place of the certificate; `critical` adds an extension that nobody knows; `signature_bit` changes the signature.
    """

    status: str = "good"
    response_status: str = "successful"
    serial_offset: int = 0
    has_cert_hash: bool = True
    hashed: bytes | None = None
    critical: bool = False
    produced: timedelta = timedelta(0)
    this_update: timedelta = timedelta(0)
    next_update: timedelta | None = timedelta(hours=24)
    digest: str = "sha256"
    signature_bit: int = 0


@dataclass(frozen=True, slots=True)
class OcspSigner:
    """A responder: its certificate and key."""

    certificate: x509.Certificate
    key: EllipticCurvePrivateKey

    def answer(self, about: x509.Certificate, issuer: x509.Certificate, now: datetime, shape: OcspShape) -> bytes:
        """Sign an answer about a certificate, DER; its times have whole seconds (RFC 6960, section 4.2.2.1)."""
        if shape.response_status != "successful":
            return bytes(ocsp.OCSPResponse({"response_status": shape.response_status}).dump())
        data = self._data(about, issuer, now.replace(microsecond=0), shape)
        signature = bytearray(self.key.sign(data.dump(), ECDSA(_SIGNATURES[shape.digest])))
        signature[-1] ^= shape.signature_bit
        basic = ocsp.BasicOCSPResponse(
            {
                "tbs_response_data": data,
                "signature_algorithm": {"algorithm": f"{shape.digest}_ecdsa"},
                "signature": bytes(signature),
                "certs": [asn1_x509.Certificate.load(self.certificate.public_bytes(Encoding.DER))],
            }
        )
        inner = {"response_type": _RESPONSE_TYPE, "response": basic}
        return bytes(ocsp.OCSPResponse({"response_status": "successful", "response_bytes": inner}).dump())

    def _data(
        self, about: x509.Certificate, issuer: x509.Certificate, now: datetime, shape: OcspShape
    ) -> ocsp.ResponseData:
        key = self.certificate.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        responder = ocsp.ResponderId(name="by_key", value=core.OctetString(hashlib.sha1(key).digest()))  # noqa: S324
        return ocsp.ResponseData(
            {
                "responder_id": responder,
                "produced_at": now + shape.produced,
                "responses": [_single(about, issuer, now, shape)],
            }
        )


def _single(about: x509.Certificate, issuer: x509.Certificate, now: datetime, shape: OcspShape) -> dict[str, object]:
    single: dict[str, object] = {
        "cert_id": _cert_id(about, issuer, shape),
        "cert_status": _status(now, shape),
        "this_update": now + shape.this_update,
    }
    if shape.next_update is not None:
        single["next_update"] = now + shape.next_update
    single["single_extensions"] = [*_extensions(about, shape)]
    return single


def _extensions(about: x509.Certificate, shape: OcspShape) -> Iterator[dict[str, object]]:
    if shape.has_cert_hash:
        hashed = about.public_bytes(Encoding.DER) if shape.hashed is None else shape.hashed
        yield {"extn_id": CERT_HASH.dotted_string, "extn_value": _cert_hash(hashed)}
    if shape.critical:
        yield {"extn_id": "1.2.3.4.5", "critical": True, "extn_value": b"\x05\x00"}


def _cert_id(about: x509.Certificate, issuer: x509.Certificate, shape: OcspShape) -> dict[str, object]:
    key = issuer.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    name = issuer.subject.public_bytes()
    return {
        "hash_algorithm": {"algorithm": "sha1"},
        "issuer_name_hash": hashlib.sha1(name).digest(),  # noqa: S324
        "issuer_key_hash": hashlib.sha1(key).digest(),  # noqa: S324
        "serial_number": about.serial_number + shape.serial_offset,
    }


def _status(now: datetime, shape: OcspShape) -> ocsp.CertStatus:
    match shape.status:
        case "revoked":
            return ocsp.CertStatus(name="revoked", value=ocsp.RevokedInfo({"revocation_time": now}))
        case "unknown":
            return ocsp.CertStatus(name="unknown", value=ocsp.StatusUnknown())
        case _:
            return ocsp.CertStatus(name="good", value=ocsp.StatusGood())


def _cert_hash(hashed: bytes) -> bytes:
    """CertHash of ISIS-MTT has the form of a DigestInfo."""
    digest = {"digest_algorithm": {"algorithm": "sha256"}, "digest": hashlib.sha256(hashed).digest()}
    return bytes(algos.DigestInfo(digest).dump())
