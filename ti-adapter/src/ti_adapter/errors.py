"""What ti_adapter raises: proofs that failed, a card that cannot sign, a record that refuses or is silent.

No text here ever holds patient data, a token or a key: a refusal is a number and a code.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import ClassVar


class TiError(Exception):
    """The one base of all errors of this package."""


class ProofFailed(TiError):
    """Something could not be proven: the numbered step that failed, and a stable code that says why."""

    subject: ClassVar[str] = "proof"

    def __init__(self, step: int, reason: StrEnum) -> None:
        super().__init__(step, reason)
        self.step = step
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.subject}, step {self.step}: {self.reason}"


class CertificateRefused(ProofFailed):
    """A certificate is not that of an institution or service in the TI; steps of `pki.verify_institution`."""

    subject = "certificate"


class AttestationRefused(ProofFailed):
    """An attestation is not to be believed; steps of `attestation.verify`."""

    subject = "attestation"


class OcspRefused(ProofFailed):
    """An OCSP answer does not prove that a certificate is not revoked; steps of `pki.verify_not_revoked`."""

    subject = "OCSP answer"


class CertificateRevoked(OcspRefused):
    """A responder that is believed says that the certificate has been revoked, and since when."""

    def __init__(self, step: int, reason: StrEnum, since: datetime) -> None:
        super().__init__(step, reason)
        self.args = (step, reason, since)
        self.since = since


class ServiceSilent(TiError):
    """A service of the PKI does not answer: nothing is known, so nothing is believed."""


class OcspSilent(ServiceSilent):
    """The OCSP responder does not answer, or there is none to ask."""


class TslSilent(ServiceSilent):
    """The place where the trust-service status list lies does not answer."""


class TslRefused(ProofFailed):
    """A trust-service status list is not taken, or no longer believed; steps of `pki.read_tsl`."""

    subject = "TSL"


class CardFailed(TiError):
    """The card cannot sign: it is not there, or its PIN is not verified."""


class ErrorCode(StrEnum):
    """`errorCode` of the record system's answers, spelled as the ePA spells them."""

    MALFORMED_REQUEST = "malformedRequest"
    INVALID_AUTH = "invalAuth"
    NOT_ENTITLED = "notEntitled"
    NO_HEALTH_RECORD = "noHealthRecord"
    NO_RESOURCE = "noResource"
    STATUS_MISMATCH = "statusMismatch"
    DOCUMENT_TOO_LARGE = "documentTooLarge"
    DUPLICATE_DOCUMENT = "XDSDuplicateDocument"


class RecordRefused(TiError):
    """The record system says no; asking again changes nothing."""

    def __init__(self, code: ErrorCode) -> None:
        super().__init__(code)
        self.code = code


class RecordSilent(TiError):
    """The record system does not answer, or what answers is not the record system."""
