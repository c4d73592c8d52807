"""How a fault is told on FHIR routes: an OperationOutcome (FHIR R4), where other routes answer problem details.

Status, headers and what may be said are those of `problem`, and so is the trace id that stands in the log.
"""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response

from linkexchange.errors import Fault
from linkexchange.problem import Problem, problem

MEDIA_TYPE = "application/fhir+json"
SYSTEM = "urn:linkexchange:problem"
"""Code system of our error codes."""

_ISSUES = {403: "forbidden", 404: "not-found", 410: "deleted", 413: "too-long", 422: "invalid", 429: "throttled"}
"""Status to code of the value set issue-type."""


def outcome(fault: Fault, trace_id: str) -> Response:
    """The answer to a request on a FHIR route that failed."""
    told = problem(fault, trace_id)
    content = json.dumps(resource(told)).encode()
    return Response(content, told.status, headers=told.headers, media_type=MEDIA_TYPE)


def resource(told: Problem) -> dict[str, Any]:
    """A problem as the content of an OperationOutcome; the trace id is its logical id."""
    body = told.body
    said = [str(body[name]) for name in ("detail", "next_step") if body.get(name)]
    issue = {
        "severity": "error",
        "code": _ISSUES.get(told.status, "transient" if told.status >= 500 else "processing"),
        "details": {"coding": [{"system": SYSTEM, "code": body["code"]}], "text": body["title"]},
        "diagnostics": ". ".join(said),
    }
    return {"resourceType": "OperationOutcome", "id": body["trace_id"], "issue": [issue]}
