"""What can be switched wrong at the simulated Konnektor, by name. A code of gematik is a name as well: "4085"."""

from __future__ import annotations

from enum import StrEnum

from ti_adapter.konnektor.meanings import MEANINGS


class Fault(StrEnum):
    """Names of the switchboard."""

    DOWN = "down"
    SLOW = "slow"
    ACCESS_REFUSED = "access-refused"
    ELSEWHERE = "elsewhere"
    PAGE = "page"
    TOO_LARGE = "too-large"
    DTD = "dtd"
    OTHER_ANSWER = "other-answer"
    FAULT_WITHOUT_DETAIL = "fault-without-detail"
    WARNING = "warning"
    SIGNATURE_OF_ANOTHER = "signature-of-another"
    SIGNATURE_MISSING = "signature-missing"
    CERTIFICATE_MISSING = "certificate-missing"
    CERTIFICATE_REVOKED = "certificate-revoked"
    OCSP_UNAVAILABLE = "ocsp-unavailable"
    VSDM_UNREACHABLE = "vsdm-unreachable"
    DIRECTORY_OTHER_HOST = "directory-other-host"
    DIRECTORY_CLEAR_TEXT = "directory-clear-text"
    DIRECTORY_WITHOUT_SERVICE = "directory-without-service"
    DIRECTORY_OTHER_VERSION = "directory-other-version"


class Refusal(Exception):
    """A request is answered with a gematik fault of this code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def named(name: str) -> str:
    """A name that the switchboard knows. Raises ValueError."""
    if name.isascii() and name.isdigit() and int(name) in MEANINGS:
        return name
    return Fault(name)


def switched_code(faults: set[str]) -> int | None:
    """The gematik code that is switched on, the lowest of several."""
    return min((int(name) for name in faults if name.isdigit()), default=None)
