"""Why a trust-service status list is refused."""

from __future__ import annotations

from enum import StrEnum


class TslReason(StrEnum):
    """Why a TSL is not taken, or no longer believed."""

    SIZE = "size"
    NOT_WELL_FORMED = "not-well-formed"
    DTD = "document-type"
    NOT_A_TSL = "not-a-tsl"
    SIGNATURES = "not-one-signature"
    SIGNER_UNREADABLE = "signer-unreadable"
    SIGNER_ISSUER = "signer-issuer-unknown"
    SIGNER_SIGNATURE = "signer-signature"
    SIGNER_NOT_VALID = "signer-not-valid"
    ANCHOR_NOT_VALID = "trust-anchor-not-valid"
    SIGNER_CURVE = "signer-curve"
    SIGNER_KEY_USAGE = "signer-key-usage"
    SIGNER_EXTENDED_KEY_USAGE = "signer-extended-key-usage"
    SIGNATURE = "signature"
    NOT_THE_WHOLE = "not-the-whole-list-is-signed"
    CONTENTS = "contents"
    OLDER = "older-than-the-known-list"
    SAME_NUMBER = "number-of-the-known-list"
    SAME_ID = "id-of-the-known-list"
    ISSUED_TOO_LATE = "issued-in-the-future"
    SIGNER_REVOKED = "signer-revoked"
    SIGNER_NOT_PROVEN = "signer-not-proven"
    NONE_KNOWN = "no-list-is-known"
    EXPIRED = "expired"
    NO_AUTHORITY = "no-authority"
