"""Why an OCSP answer is refused."""

from __future__ import annotations

from enum import StrEnum


class OcspReason(StrEnum):
    """Why an OCSP answer does not prove that a certificate is not revoked."""

    SIZE = "size"
    UNREADABLE = "unreadable"
    TRY_LATER = "try-later"
    NOT_SUCCESSFUL = "not-successful"
    ANSWERS = "not-one-answer"
    CRITICAL_EXTENSION = "unknown-critical-extension"
    RESPONDER = "responder-unknown"
    RESPONDER_NAME = "responder-name"
    RESPONDER_NOT_VALID = "responder-not-valid"
    ALGORITHM = "algorithm"
    CURVE = "curve"
    SIGNATURE = "signature"
    CERT_ID = "certificate-id"
    CERT_HASH_MISSING = "certificate-hash-missing"
    CERT_HASH_FORM = "certificate-hash-form"
    CERT_HASH = "certificate-hash"
    PRODUCED_TOO_LATE = "produced-in-the-future"
    PRODUCED_TOO_EARLY = "produced-too-long-ago"
    THIS_UPDATE = "this-update-in-the-future"
    NEXT_UPDATE = "next-update-has-passed"
    UNKNOWN = "certificate-unknown"
    REVOKED = "certificate-revoked"
