"""The OpenAPI document of the hub's interface: every answer, every refusal and header of it.

It is made from the routes themselves, for docs/reference; no port serves it.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from linkexchange.problem import MEDIA_TYPE as PROBLEM
from linkexchange.signing import PROOF_MAX_BYTES, TOKEN_MAX_BYTES
from linkexchange.web.outcome import MEDIA_TYPE as FHIR
from linkexchange.web.refusing import FHIR as FHIR_PATHS

_SENTENCES = {
    403: "The rules say no.",
    404: "There is no such thing, or not for this caller.",
    408: "The body did not arrive in time.",
    413: "The body is too large.",
    415: "The body is compressed or of another kind.",
    422: "The request is not well formed.",
    429: "Too many requests from this caller or its address.",
    503: "It does not work now and may work later.",
}
_LATER = frozenset({429, 503})
_RETRY_AFTER = {"Retry-After": {"description": "Seconds.", "required": True, "schema": {"type": "integer"}}}


def _content(media_type: str, name: str) -> dict[str, Any]:
    return {media_type: {"schema": {"$ref": f"#/components/schemas/{name}"}}}


def _refusal(status: int) -> dict[str, Any]:
    headers = {"headers": _RETRY_AFTER} if status in _LATER else {}
    return {"description": _SENTENCES[status], "content": _content(PROBLEM, "Problem"), **headers}


REFUSALS: dict[int | str, dict[str, Any]] = {status: _refusal(status) for status in _SENTENCES}
"""What every route may answer instead."""


def _signed(max_bytes: int) -> dict[str, Any]:
    """A body that is a compact JWS and not JSON."""
    content = {"application/jose": {"schema": {"type": "string", "maxLength": max_bytes}}}
    return {"requestBody": {"required": True, "content": content}}


RECEIPT = _signed(PROOF_MAX_BYTES)
DISPATCH = _signed(TOKEN_MAX_BYTES)

SCHEMAS: dict[str, Any] = {
    "Problem": {
        "description": "Problem details (RFC 9457).",
        "type": "object",
        "required": ["type", "title", "status", "code", "owner", "next_step", "trace_id"],
        "properties": {
            **{name: {"type": "string"} for name in ("type", "title", "code", "owner", "next_step", "detail")},
            "status": {"type": "integer"},
            "trace_id": {"type": "string", "format": "uuid"},
            "after_seconds": {"type": "integer"},
        },
        "additionalProperties": False,
    },
    "OperationOutcome": {
        "description": "OperationOutcome (FHIR R4).",
        "type": "object",
        "required": ["resourceType", "issue"],
        "properties": {
            "resourceType": {"const": "OperationOutcome"},
            "issue": {"type": "array", "minItems": 1, "items": {"type": "object", "required": ["severity", "code"]}},
        },
    },
}


def document(app: FastAPI, *, shows_certificate: bool = True) -> dict[str, Any]:
    """The OpenAPI 3.1 document of an application of ours; whether its callers show a certificate."""
    made = app.openapi()
    components = made.setdefault("components", {})
    components.setdefault("schemas", {}).update(SCHEMAS)
    if shows_certificate:
        components["securitySchemes"] = {"mutualTLS": {"type": "mutualTLS", "description": "A node's certificate."}}
        made["security"] = [{"mutualTLS": []}]
    for path, operations in made["paths"].items():
        if path.startswith(FHIR_PATHS):
            _as_outcomes(operations)
    return made


def _as_outcomes(operations: dict[str, Any]) -> None:
    """FHIR routes refuse in FHIR's own form."""
    for operation in operations.values():
        for answer in operation["responses"].values():
            if PROBLEM in answer.get("content", {}):
                answer["content"] = _content(FHIR, "OperationOutcome")
