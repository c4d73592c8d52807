"""What an OCSP answer says, as a value that proves nothing yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.x509 import ocsp
from cryptography.x509.ocsp import OCSPCertStatus, OCSPResponseStatus

from ti_adapter.errors import OcspRefused
from ti_adapter.pki.ocsp_question import CertId
from ti_adapter.pki.ocsp_reason import OcspReason

ANSWER_MAX_BYTES = 64 * 1024

_CERT_HASH_OID = x509.ObjectIdentifier("1.3.36.8.3.13")

_MAY_PASS = (OCSPResponseStatus.TRY_LATER, OCSPResponseStatus.INTERNAL_ERROR)


@dataclass(frozen=True, slots=True)
class ReadAnswer:
    """A successful answer about one certificate. `cert_hash` is the DER value of the extension certHash."""

    signed: bytes
    signature: bytes
    algorithm: x509.ObjectIdentifier
    certificates: tuple[x509.Certificate, ...]
    responder_name: x509.Name | None
    responder_key_hash: bytes | None
    cert_id: CertId
    cert_hash: bytes | None
    produced: datetime
    this_update: datetime
    next_update: datetime | None
    status: OCSPCertStatus
    revoked: datetime | None


def read_answer(der: bytes) -> ReadAnswer:
    """Steps 1 to 3 of `verify_not_revoked`."""
    if len(der) > ANSWER_MAX_BYTES:
        raise OcspRefused(1, OcspReason.SIZE)
    try:
        response = ocsp.load_der_ocsp_response(der)
        status = response.response_status
    except Exception as wrong:
        raise OcspRefused(1, OcspReason.UNREADABLE) from wrong
    if status != OCSPResponseStatus.SUCCESSFUL:
        raise OcspRefused(2, OcspReason.TRY_LATER if status in _MAY_PASS else OcspReason.NOT_SUCCESSFUL)
    return _contents(response, der)


def _contents(response: ocsp.OCSPResponse, der: bytes) -> ReadAnswer:
    """Everything is parsed when it is first looked at, so all of it is looked at here.

    As with certificates, the parser raises many unrelated classes on hostile bytes and lists them nowhere. It also
    takes a signature whose last bits are called unused; the byte before it counts those, and no signature covers it.
    """
    try:
        singles = tuple(response.responses)
        extensions = tuple(response.extensions)
        about = tuple(response.single_extensions) if len(singles) == 1 else ()
        read = tuple(_value(response, single, about) for single in singles)
    except Exception as wrong:
        raise OcspRefused(3, OcspReason.UNREADABLE) from wrong
    if len(read) != 1:
        raise OcspRefused(3, OcspReason.ANSWERS)
    if b"\x00" + read[0].signature not in der:
        raise OcspRefused(3, OcspReason.UNREADABLE)
    if any(one.critical and one.oid != _CERT_HASH_OID for one in (*extensions, *about)):
        raise OcspRefused(3, OcspReason.CRITICAL_EXTENSION)
    return read[0]


def _value(
    response: ocsp.OCSPResponse,
    single: ocsp.OCSPSingleResponse,
    about: tuple[x509.Extension[x509.ExtensionType], ...],
) -> ReadAnswer:
    return ReadAnswer(
        signed=response.tbs_response_bytes,
        signature=response.signature,
        algorithm=response.signature_algorithm_oid,
        certificates=tuple(response.certificates),
        responder_name=response.responder_name,
        responder_key_hash=response.responder_key_hash,
        cert_id=CertId.of(single),
        cert_hash=_cert_hash(about),
        produced=response.produced_at_utc,
        this_update=single.this_update_utc,
        next_update=single.next_update_utc,
        status=single.certificate_status,
        revoked=single.revocation_time_utc,
    )


def _cert_hash(about: tuple[x509.Extension[x509.ExtensionType], ...]) -> bytes | None:
    for extension in about:
        if extension.oid == _CERT_HASH_OID and isinstance(extension.value, x509.UnrecognizedExtension):
            return extension.value.value
    return None
