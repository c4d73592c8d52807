"""Why a certificate is refused."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why a certificate is refused."""

    UNREADABLE = "unreadable"
    NOT_YET_VALID = "not-yet-valid"
    EXPIRED = "expired"
    SELF_ISSUED = "self-issued"
    ISSUER_UNKNOWN = "issuer-unknown"
    ISSUER_KEY = "issuer-key-unknown"
    ISSUER_NOT_VALID = "issuer-not-valid"
    SIGNATURE = "signature"
    CURVE = "curve"
    CA_CERTIFICATE = "ca-certificate"
    KEY_USAGE = "key-usage"
    EXTENDED_KEY_USAGE = "extended-key-usage"
    POLICY_MISSING = "policy-missing"
    TYPE = "certificate-type"
    CRITICAL_EXTENSION = "unknown-critical-extension"
    ADMISSION = "admission"
    TELEMATIK_ID = "telematik-id"
    PROFESSION = "profession"
