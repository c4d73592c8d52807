"""How a fault is told to another program over HTTP: problem details (RFC 9457), the same at node and hub.

`code` is the stable name from `errors`; `title`, `owner` and `next_step` are its sentences. `detail` goes out with a
refusal and with what the caller did wrong; of something that does not work it might describe the inner network, and
stays inside.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import ceil

from linkexchange.errors import (
    BodyTooLarge,
    BodyTooSlow,
    Fault,
    LinkWithdrawn,
    MediaRefused,
    MethodRefused,
    PeerFault,
    TooManyRequests,
    Unavailable,
    UnknownOperation,
    UnknownPacs,
    UnknownParticipant,
    UnknownRequest,
    UnknownStudy,
    UnknownTransfer,
)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 10

_STATUS: tuple[tuple[type[Fault], int], ...] = (
    (LinkWithdrawn, 410),
    (UnknownParticipant, 404),
    (UnknownPacs, 404),
    (UnknownStudy, 404),
    (UnknownTransfer, 404),
    (UnknownOperation, 404),
    (MethodRefused, 405),
    (BodyTooSlow, 408),
    (BodyTooLarge, 413),
    (MediaRefused, 415),
    (TooManyRequests, 429),
    (UnknownRequest, 404),
    (Unavailable, 503),
    (PeerFault, 422),
    (Fault, 403),
)
"""The first class that fits decides; what is left at the end are refusals."""


@dataclass(frozen=True, slots=True)
class Problem:
    """The answer to a request that failed."""

    status: int
    headers: dict[str, str]
    body: dict[str, str | int]

    @property
    def content(self) -> bytes:
        """The body as it is sent, of `MEDIA_TYPE`."""
        return json.dumps(self.body).encode()


def problem(fault: Fault, trace_id: str) -> Problem:
    """Describe a fault; under the same trace id it stands in the log."""
    status = next(number for kind, number in _STATUS if isinstance(fault, kind))
    body: dict[str, str | int] = {
        "type": f"urn:linkexchange:problem:{fault.code}",
        "title": type(fault)().cause,
        "status": status,
        "code": fault.code,
        "owner": fault.owner,
        "next_step": fault.next_step,
        "trace_id": trace_id,
    }
    unavailable = isinstance(fault, Unavailable)
    after = RETRY_AFTER_SECONDS
    if isinstance(fault, Unavailable) and fault.after_seconds is not None:
        body["after_seconds"] = after = ceil(fault.after_seconds)
    if fault.detail and not unavailable:
        body["detail"] = fault.detail
    return Problem(status, {"Retry-After": str(after)} if unavailable else {}, body)
