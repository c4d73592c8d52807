"""Builds OCSP answers: right by default, and wrong in any way a test wants.

`cryptography` cannot write extensions about a single certificate, and certHash is one, so asn1crypto does it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from asn1crypto import algos, core, ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding

from ti_adapter.simulator.ocsp_signer import OcspSigner

CERT_HASH_OID = "1.3.36.8.3.13"

_ALGORITHMS = {"sha256": "sha256_ecdsa", "sha384": "sha384_ecdsa"}


@dataclass(frozen=True, slots=True)
class AnswerShape:
    """How an answer looks. Times count from the moment of the answer.

    `revoked` is when the certificate was revoked, None where it was not; `cert_hash` None is that of the certificate
    asked about, and empty is none at all. `certificates` None is the signer's own. `more` are further extensions about
    the single certificate, `about_all` about the whole answer: value and critical flag by OID.
    """

    is_known: bool = True
    revoked: timedelta | None = None
    produced: timedelta = timedelta(0)
    this_update: timedelta = timedelta(0)
    next_update: timedelta | None = None
    cert_hash: bytes | None = None
    more: Mapping[str, tuple[bytes, bool]] = field(default_factory=dict)
    about_all: Mapping[str, tuple[bytes, bool]] = field(default_factory=dict)
    answers: int = 1
    by_key: bool = False
    responder_name: x509.Name | None = None
    certificates: tuple[x509.Certificate, ...] | None = None
    digest: SHA256 | SHA384 = field(default_factory=SHA256)


RIGHT = AnswerShape()


def cert_hash_of(content: bytes, algorithm: str = "sha256") -> bytes:
    """The value of certHash over a certificate in DER."""
    digest = hashlib.new(algorithm, content).digest()
    named = {"algorithm": algorithm, "parameters": core.Null()}
    encoded: bytes = algos.DigestInfo({"digest_algorithm": named, "digest": digest}).dump()
    return encoded


def build_answer(
    request: bytes, certificate: x509.Certificate, signer: OcspSigner, now: datetime, shape: AnswerShape = RIGHT
) -> bytes:
    """Answer a request about a certificate; the certID is the one asked for."""
    asked = ocsp.OCSPRequest.load(request)["tbs_request"]["request_list"][0]["req_cert"]
    single = ocsp.SingleResponse(_single(asked, certificate, now, shape))
    about_all = {"response_extensions": _extensions(shape.about_all)} if shape.about_all else {}
    told = ocsp.ResponseData(
        {
            "responder_id": _responder_id(signer, shape),
            "produced_at": _moment(now + shape.produced),
            "responses": [single] * shape.answers,
            **about_all,
        }
    )
    return _signed(told, signer, shape)


def unsuccessful(status: str) -> bytes:
    """An answer that is none: `try_later`, `internal_error`, `malformed_request`, `sign_required`, `unauthorized`."""
    encoded: bytes = ocsp.OCSPResponse({"response_status": status}).dump()
    return encoded


def _signed(told: ocsp.ResponseData, signer: OcspSigner, shape: AnswerShape) -> bytes:
    certificates = (signer.certificate,) if shape.certificates is None else shape.certificates
    basic = {
        "tbs_response_data": told,
        "signature_algorithm": {"algorithm": _ALGORITHMS[shape.digest.name]},
        "signature": signer.key.sign(told.dump(), ECDSA(shape.digest)),
    }
    if certificates:
        basic["certs"] = [asn1_x509.Certificate.load(one.public_bytes(Encoding.DER)) for one in certificates]
    body = {"response_type": "basic_ocsp_response", "response": ocsp.BasicOCSPResponse(basic)}
    encoded: bytes = ocsp.OCSPResponse({"response_status": "successful", "response_bytes": body}).dump()
    return encoded


def _single(asked: ocsp.CertId, certificate: x509.Certificate, now: datetime, shape: AnswerShape) -> dict[str, object]:
    cert_hash = cert_hash_of(certificate.public_bytes(Encoding.DER)) if shape.cert_hash is None else shape.cert_hash
    about = {CERT_HASH_OID: (cert_hash, False), **shape.more} if cert_hash else shape.more
    single: dict[str, object] = {
        "cert_id": asked,
        "cert_status": _status(now, shape),
        "this_update": _moment(now + shape.this_update),
    }
    if shape.next_update is not None:
        single["next_update"] = _moment(now + shape.next_update)
    if about:
        single["single_extensions"] = _extensions(about)
    return single


def _status(now: datetime, shape: AnswerShape) -> ocsp.CertStatus:
    if shape.revoked is not None:
        return ocsp.CertStatus("revoked", {"revocation_time": _moment(now + shape.revoked)})
    return ocsp.CertStatus("good" if shape.is_known else "unknown", core.Null())


def _responder_id(signer: OcspSigner, shape: AnswerShape) -> ocsp.ResponderId:
    if shape.by_key:
        digest = x509.SubjectKeyIdentifier.from_public_key(signer.key.public_key()).digest
        return ocsp.ResponderId("by_key", core.OctetString(digest))
    name = shape.responder_name or signer.certificate.subject
    return ocsp.ResponderId("by_name", asn1_x509.Name.load(name.public_bytes()))


def _extensions(about: Mapping[str, tuple[bytes, bool]]) -> list[dict[str, object]]:
    return [
        {"extn_id": oid, "critical": critical, "extn_value": core.ParsableOctetString(value)}
        for oid, (value, critical) in about.items()
    ]


def _moment(time: datetime) -> datetime:
    return time.replace(microsecond=0)
