"""Why a PoPP token is refused."""

from __future__ import annotations

from enum import StrEnum

from ti_adapter.errors import ProofFailed


class Reason(StrEnum):
    """The number of the step that goes with it is that of `token.read`, `proof.prove` or `proof.accept`."""

    SIZE = "size"
    FORM = "form"
    TYPE = "type"
    HEADER = "header"
    ALGORITHM = "algorithm"
    CLAIMS = "claims"
    VERSION = "version"
    METHOD = "proof-method"
    KEY = "unknown-key"
    CERTIFICATE = "certificate"
    CURVE = "curve"
    SIGNATURE = "signature"
    ISSUER = "issuer"
    ACTOR = "actor"
    PROFESSION = "profession"
    PATIENT = "patient"
    NOT_YET = "issued-in-the-future"
    ISSUED_TOO_LONG_AGO = "issued-too-long-ago"
    PROOF_TIME = "proven-after-it-was-issued"
    PROVEN_TOO_LONG_AGO = "proven-too-long-ago"


class PoppRefused(ProofFailed):
    """A PoPP token is not to be believed, or not ours to use."""

    subject = "PoPP token"
