"""Why the simulated XDS Document Service says no, and what the rules of the record are called in XDS."""

from __future__ import annotations

from typing import Final

from ti_adapter.errors import ErrorCode, RecordRefused
from ti_adapter.simulator.record import RightMissing


class Refusal(Exception):
    """An error of a RegistryErrorList, by its code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


_CODES: Final = {
    ErrorCode.NOT_ENTITLED: "XDSUnknownPatientId",
    ErrorCode.MALFORMED_REQUEST: "XDSRepositoryMetadataError",
    ErrorCode.NO_RESOURCE: "UnresolvedReferenceException",
    ErrorCode.STATUS_MISMATCH: "XDSRegistryDeprecatedDocumentError",
    ErrorCode.DUPLICATE_DOCUMENT: "XDSDuplicateUniqueIdInRegistry",
    ErrorCode.DOCUMENT_TOO_LARGE: "XDSRepositoryOutOfResources",
}
"""Which code a record system of gematik's gives for each of them is not certain."""


def code_of(refused: Refusal | RecordRefused) -> str:
    """The code that is answered."""
    if isinstance(refused, Refusal):
        return refused.code
    return "LocalPolicyRestrictionError" if isinstance(refused, RightMissing) else _CODES[refused.code]
