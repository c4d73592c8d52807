"""RegistryResponse (ebRS 3.0) and the errors in it, by code (IHE ITI TF-3 section 4.2.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lxml import etree  # type: ignore[import-untyped]

from ti_adapter.epa.xds import tree
from ti_adapter.epa.xds.errors import (
    Malformed,
    XdsConflict,
    XdsFault,
    XdsMalformed,
    XdsNotFound,
    XdsNotPermitted,
    XdsRequestRefused,
    XdsUnavailable,
)
from ti_adapter.epa.xds.names import RS, Status
from ti_adapter.epa.xds.soap import maker

RESPONSE = f"{{{RS}}}RegistryResponse"
_ERRORS_MAX = 100
_SEVERITY = "urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:"
ERROR, WARNING = f"{_SEVERITY}Error", f"{_SEVERITY}Warning"

_LATER = "The record system is busy or not well: try again later."
_METADATA = "The record system does not accept the metadata: check the metadata profile in the settings."
_SOFTWARE = "The message is not as the record system expects it: update this software."
_GONE = "The document was removed, replaced or hidden, or never was there: search again."
_TAKEN = "A document with this number is in the record already: look whether it is the same."
_MOVED = "Somebody else has changed the document meanwhile: search again and repeat."
_RIGHTS = "Check whether the institution is entitled to this record and may do this to documents of this category."

MEANINGS: Final[dict[str, tuple[type[XdsFault], str]]] = {
    **dict.fromkeys(
        (
            "XDSRegistryBusy",
            "XDSRepositoryBusy",
            "XDSRegistryNotAvailable",
            "XDSRegistryError",
            "XDSRepositoryError",
            "XDSRegistryOutOfResources",
            "XDSRepositoryOutOfResources",
        ),
        (XdsUnavailable, _LATER),
    ),
    **dict.fromkeys(
        (
            "XDSRegistryMetadataError",
            "XDSRepositoryMetadataError",
            "XDSMissingDocumentMetadata",
            "XDSMetadataUpdateError",
            "XDSFutureMetadataError",
            "UnmodifiableMetadataError",
            "InvalidDocumentContent",
        ),
        (XdsRequestRefused, _METADATA),
    ),
    **dict.fromkeys(
        (
            "XDSMissingDocument",
            "XDSMissingHomeCommunityId",
            "XDSUnknownCommunity",
            "XDSUnknownRepositoryId",
            "XDSUnknownStoredQuery",
            "XDSStoredQueryMissingParam",
            "XDSStoredQueryParamNumber",
            "XDSResultNotSinglePatient",
            "XDSTooManyResults",
            "XDSRegistryDuplicateUniqueIdInMessage",
            "XDSRepositoryDuplicateUniqueIdInMessage",
            "XDSMetadataUpdateOperationError",
            "XDSMetadataAnnotationError",
            "XDSNonIdenticalSize",
            "XDSPatientIDReconciliationError",
        ),
        (XdsRequestRefused, _SOFTWARE),
    ),
    **dict.fromkeys(
        ("XDSUnknownPatientId", "XDSPatientIdDoesNotMatch", "LocalPolicyRestrictionError"),
        (XdsNotPermitted, _RIGHTS),
    ),
    **dict.fromkeys(
        ("XDSDocumentUniqueIdError", "UnresolvedReferenceException", "XDSMetadataIdentifierError"),
        (XdsNotFound, _GONE),
    ),
    **dict.fromkeys(
        ("XDSDuplicateUniqueIdInRegistry", "XDSDuplicateDocument", "XDSNonIdenticalHash"), (XdsConflict, _TAKEN)
    ),
    **dict.fromkeys(
        (
            "XDSReplaceFailed",
            "XDSRegistryDeprecatedDocumentError",
            "XDSMetadataVersionError",
            "ReferencesExistException",
        ),
        (XdsConflict, _MOVED),
    ),
}
"""What each code means. Codes of IHE; which of them a record system of gematik's uses is not certain."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a request ended: the status, and the codes of its errors and of its warnings."""

    status: Status
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def verdict(response: etree._Element) -> Verdict:
    """Of a RegistryResponse, or of an AdhocQueryResponse, which is one. Raises `XdsMalformed`."""
    try:
        status = Status(tree.attribute(response, "status"))
    except ValueError:
        raise XdsMalformed(Malformed.VALUE, "status") from None
    listed = tree.maybe(response, f"{{{RS}}}RegistryErrorList")
    rows = [] if listed is None else listed.findall(f"{{{RS}}}RegistryError")[:_ERRORS_MAX]
    warns = [row.get("severity", ERROR) == WARNING for row in rows]
    codes = [tree.attribute(row, "errorCode") for row in rows]
    return Verdict(
        status,
        tuple(code for code, warned in zip(codes, warns, strict=True) if not warned),
        tuple(code for code, warned in zip(codes, warns, strict=True) if warned),
    )


def check(found: Verdict, *, partial: bool = False) -> Verdict:
    """A verdict that is good, with its warnings. Raises `XdsFault` for any other.

    `partial` lets PartialSuccess pass, with its errors, as queries and retrievals may end. A success with errors in
    it is none, nor is a partial one that does not say what is missing.
    """
    if found.status is Status.PARTIAL and partial and found.errors:
        return found
    if found.status is not Status.SUCCESS or found.errors:
        raise fault_of(found.errors)
    return found


def fault_of(codes: tuple[str, ...]) -> XdsFault:
    """The error of the first code that is known."""
    for code in codes:
        if code in MEANINGS:
            kind, advice = MEANINGS[code]
            return kind(code, advice, codes)
    return XdsRequestRefused("unknown-code", "Look the code up in the documentation of the record system.", codes)


def write(found: Verdict) -> etree._Element:
    """The RegistryResponse of a verdict."""
    rs = maker(RS)
    response = rs.RegistryResponse(status=found.status)
    rows = [(code, ERROR) for code in found.errors] + [(code, WARNING) for code in found.warnings]
    if rows:
        errors = (rs.RegistryError(errorCode=code, codeContext=code, severity=severity) for code, severity in rows)
        response.append(rs.RegistryErrorList(*errors))
    return response
