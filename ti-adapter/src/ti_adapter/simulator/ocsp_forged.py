"""What is done to OCSP answers that a shape alone does not say: wrong signers, signatures, names and hashes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from asn1crypto import ocsp
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ti_adapter.simulator.ocsp_answer import CERT_HASH_OID, AnswerShape, build_answer, cert_hash_of
from ti_adapter.simulator.ocsp_signer import OcspSigner

Breaking = Callable[["Asked"], bytes]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a broken answer is made from: the request, the certificate it asks about, the right signer, the time."""

    request: bytes
    certificate: x509.Certificate
    signer: OcspSigner
    now: datetime

    def answered(self, shape: AnswerShape, signer: OcspSigner | None = None) -> bytes:
        """An answer of this shape."""
        return build_answer(self.request, self.certificate, signer or self.signer, self.now, shape)


def foreign(asked: Asked) -> bytes:
    """A stranger signs, and shows his own certificate."""
    return asked.answered(AnswerShape(), OcspSigner.generate(asked.now))


def foreign_that_shows_the_right_certificate(asked: Asked) -> bytes:
    """A stranger signs, and shows the certificate of the right responder."""
    shown = AnswerShape(certificates=(asked.signer.certificate,))
    return asked.answered(shown, OcspSigner.generate(asked.now))


def flipped_signature(asked: Asked) -> bytes:
    """One bit of the signature is another."""
    return _resigned(asked, lambda signature: signature[:-1] + bytes([signature[-1] ^ 1]))


def empty_signature(asked: Asked) -> bytes:
    """There is no signature."""
    return _resigned(asked, lambda _: b"")


def signature_of_zeros(asked: Asked) -> bytes:
    """Both numbers of the signature are zero."""
    return _resigned(asked, lambda _: bytes.fromhex("3006020100020100"))


def _resigned(asked: Asked, change: Callable[[bytes], bytes]) -> bytes:
    response = ocsp.OCSPResponse.load(asked.answered(AnswerShape()))
    basic = response.basic_ocsp_response
    basic["signature"] = change(basic["signature"].native)
    return _packed(basic)


def other_content_under_the_signature(asked: Asked) -> bytes:
    """What was signed called the certificate revoked; the good answer that is shown bears that signature."""
    good = ocsp.OCSPResponse.load(asked.answered(AnswerShape())).basic_ocsp_response
    revoked = ocsp.OCSPResponse.load(asked.answered(AnswerShape(revoked=timedelta(0)))).basic_ocsp_response
    good["signature"] = revoked["signature"]
    return _packed(good)


def _packed(basic: ocsp.BasicOCSPResponse) -> bytes:
    body = {"response_type": "basic_ocsp_response", "response": basic.untag().copy()}
    encoded: bytes = ocsp.OCSPResponse({"response_status": "successful", "response_bytes": body}).dump()
    return encoded


def about_another_serial(asked: Asked) -> bytes:
    """Speaks of another certificate of the same issuer."""
    return _renamed(asked, "serial_number", asked.certificate.serial_number + 1)


def about_another_issuer(asked: Asked) -> bytes:
    """Speaks of a certificate of another issuer."""
    return _renamed(asked, "issuer_key_hash", bytes(20))


def _renamed(asked: Asked, part: str, value: object) -> bytes:
    request = ocsp.OCSPRequest.load(asked.request)
    request["tbs_request"]["request_list"][0]["req_cert"][part] = value
    return build_answer(request.dump(force=True), asked.certificate, asked.signer, asked.now)


def hash_of_another_certificate(asked: Asked) -> bytes:
    """CertHash is that of another certificate."""
    other = asked.signer.certificate.public_bytes(Encoding.DER)
    return asked.answered(AnswerShape(cert_hash=cert_hash_of(other)))


def hash_by_another_digest(algorithm: str) -> Breaking:
    """CertHash is right, by another digest than SHA-256."""

    def answer(asked: Asked) -> bytes:
        own = asked.certificate.public_bytes(Encoding.DER)
        return asked.answered(AnswerShape(cert_hash=cert_hash_of(own, algorithm)))

    return answer


def bare_hash(asked: Asked) -> bytes:
    """CertHash is a bare number without its digest's name."""
    own = hashlib.sha256(asked.certificate.public_bytes(Encoding.DER)).digest()
    return asked.answered(AnswerShape(cert_hash=b"\x04\x20" + own))


def hash_beside_the_certificate(asked: Asked) -> bytes:
    """CertHash stands at the whole answer and not at the certificate."""
    own = cert_hash_of(asked.certificate.public_bytes(Encoding.DER))
    return asked.answered(AnswerShape(cert_hash=b"", about_all={CERT_HASH_OID: (own, False)}))


def replayed(asked: Asked) -> bytes:
    """What was answered an hour ago."""
    earlier = asked.now - timedelta(hours=1)
    return build_answer(asked.request, asked.certificate, asked.signer, earlier)


def truncated(asked: Asked) -> bytes:
    """The end is missing."""
    return asked.answered(AnswerShape())[:-20]
