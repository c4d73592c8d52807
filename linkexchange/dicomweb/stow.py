"""What a STOW-RS service says of an instance (PS3.18 section 10.5.3, annex I.2), as a DIMSE status.

Stored is only what the answer names as stored. HTTP's own status says too little: Orthanc answers 200 with two empty
sequences when it has passed over all that it got.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress

from linkexchange.dicomweb import qido
from linkexchange.errors import PacsUnavailable
from linkexchange.model.identifiers import SopInstanceUid

STORED = 0x0000
PROCESSING_FAILURE = 0x0110
NOT_SUPPORTED = 0x0122
"""SOP class not supported (PS3.7 annex C): so is called here what a service does not take under this syntax."""
OUT_OF_RESOURCES = 0xA700

_FAILED_SOP_SEQUENCE = "00081198"
_REFERENCED_SOP_SEQUENCE = "00081199"
_REFERENCED_SOP_INSTANCE_UID = "00081155"
_FAILURE_REASON = "00081197"
_WARNING_REASON = "00081196"

_SYNTAX_NOT_SUPPORTED = 0xC122
_WARNINGS = range(0xB000, 0xC000)
_FAILURES = (range(0x0100, 0x0220), range(0xA000, 0xB000), range(0xC000, 0xD000))

_STORING = (200, 202)
_BUSY = (429, 503, 507)
_OF_THE_SERVICE = (*range(300, 400), 401, 403, 404, 405, 407, 411, 501, 502, 504)


def status_of(http_status: int, body: bytes, instance: SopInstanceUid) -> int:
    """The status of an instance that was sent alone.

    Raises `PacsUnavailable` where the answer is not about the instance: the service is not there, or does not let us
    in.
    """
    answer = _parsed(body)
    failed = _named(answer, _FAILED_SOP_SEQUENCE, instance)
    if failed is not None:
        return _failure(qido.text(failed, _FAILURE_REASON))
    stored = _named(answer, _REFERENCED_SOP_SEQUENCE, instance)
    if stored is not None and http_status in _STORING:
        return _warning(qido.text(stored, _WARNING_REASON))
    if http_status in _BUSY:
        return OUT_OF_RESOURCES
    if http_status in _OF_THE_SERVICE:
        raise PacsUnavailable(f"STOW-RS answered HTTP {http_status}")
    return PROCESSING_FAILURE


def _parsed(body: bytes) -> qido.Row:
    """The answer, whatever its Content-Type, since Orthanc leaves that out with 409; empty where it is none."""
    with suppress(ValueError, RecursionError):
        answer = json.loads(body)
        if isinstance(answer, dict):
            return answer
    return {}


def _named(answer: qido.Row, sequence: str, instance: SopInstanceUid) -> qido.Row | None:
    items: Iterable[object] = qido.values(answer, sequence)
    rows = (item for item in items if isinstance(item, dict))
    return next((row for row in rows if qido.text(row, _REFERENCED_SOP_INSTANCE_UID) == instance), None)


def _failure(reason: str) -> int:
    """A Failure Reason; one that is missing or means no failure at all is a failure without a reason."""
    with suppress(ValueError):
        code = int(reason)
        if code == _SYNTAX_NOT_SUPPORTED:
            return NOT_SUPPORTED
        if any(code in codes for codes in _FAILURES):
            return code
    return PROCESSING_FAILURE


def _warning(reason: str) -> int:
    """A Warning Reason; one that is not known is a warning all the same."""
    if not reason:
        return STORED
    with suppress(ValueError):
        if int(reason) in _WARNINGS:
            return int(reason)
    return _WARNINGS.start
