"""Why something that came from an IDP, or claims to, is refused."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why it is refused. The number of the step that goes with it is that of the function which names its steps."""

    SIZE = "size"
    SERIALISATION = "not-compact"
    FORM = "form"
    HEADER = "header"
    CRITICAL = "critical-header"
    COMPRESSION = "compression"
    EMBEDDED_KEY = "embedded-key"
    TYPE = "type"
    ALGORITHM = "algorithm"
    ENCRYPTION = "encryption-algorithm"
    KEY = "unknown-key"
    CURVE = "curve"
    SIGNATURE = "signature"
    PAYLOAD = "payload"
    DECRYPTION = "decryption"
    NESTING = "nesting"

    CERTIFICATE = "certificate-unreadable"
    NOT_HANDED_IN = "certificate-not-handed-in"
    CERTIFICATE_KEY = "key-is-not-the-certificates"
    PURPOSE = "purpose-of-key"
    PRIVATE_KEY = "private-key"

    CLAIMS = "claims"
    ISSUER = "issuer"
    ENDPOINT = "endpoint"
    CAPABILITY = "capability"
    NOT_YET_VALID = "not-yet-valid"
    EXPIRED = "expired"
    LIFETIME = "lifetime"

    PARAMETERS = "parameters"
    RESPONSE_TYPE = "response-type"
    CODE_CHALLENGE = "code-challenge"
    SCOPE = "scope"
    TOKEN_TYPE = "token-type"  # noqa: S105 - a name
    CLIENT = "client"
    REDIRECT = "redirect"
    STATE = "state"
    NONCE = "nonce"

    AUDIENCE = "audience"
    AUTHORIZED_PARTY = "authorized-party"
    AUTHENTICATION_CLASS = "authentication-class"
    AUTHENTICATION_METHODS = "authentication-methods"
    AUTHENTICATION_TIME = "authentication-time"
    ACCESS_TOKEN_HASH = "access-token-hash"  # noqa: S105 - a name
    INSTITUTION = "institution"
    PROFESSION = "profession"
