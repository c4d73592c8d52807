"""How messages get to the XDS Document Service: by an `httpx.Client` whose transport is that of `ti_adapter.vau`.

service = documents_of(Rest(inside, user_agent), kvnr)
"""

from __future__ import annotations

from http import HTTPStatus

import httpx

from ti_adapter.epa.errors import EpaSilent
from ti_adapter.epa.rest import Rest, common_headers, read, refusal_of
from ti_adapter.epa.values import Kvnr, UserAgent
from ti_adapter.epa.xds.client import Post, XdsDocumentService
from ti_adapter.epa.xds.multipart import LIMITS, SOAP_TYPE
from ti_adapter.epa.xds.names import INSTITUTION_PATH

_FAULTS = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.INTERNAL_SERVER_ERROR})
"""What SOAP 1.2 has for faults (part 2, section 7.5.2.2)."""


def posting(
    http: httpx.Client,
    user_agent: UserAgent,
    kvnr: Kvnr,
    *,
    path: str = INSTITUTION_PATH,
    max_bytes: int = LIMITS.body_bytes,
) -> Post:
    """The way to one patient's record, whose number goes into the header x-insurantid.

    Raises `EpaRefused` by code where it is not the service that answers, `EpaSilent`, `EpaMalformed`, and what a VAU
    transport raises.
    """

    def post(body: bytes, content_type: str) -> tuple[bytes, str]:
        headers = {**common_headers(user_agent, kvnr), "Content-Type": content_type}
        try:
            with http.stream("POST", path, headers=headers, content=body, follow_redirects=False) as answer:
                said, kind = read(answer, max_bytes), answer.headers.get("Content-Type", "")
        except httpx.TransportError as broken:
            raise EpaSilent from broken
        if answer.status_code == HTTPStatus.OK or (answer.status_code in _FAULTS and kind.startswith(SOAP_TYPE)):
            return said, kind
        raise refusal_of(answer.status_code, said)

    return post


def documents_of(rest: Rest, kvnr: Kvnr) -> XdsDocumentService:
    """The documents of one record, for the institution that is logged in; `rest` is inside the channel."""
    to = f"{str(rest.http.base_url).rstrip('/')}{INSTITUTION_PATH}"
    return XdsDocumentService(posting(rest.http, rest.user_agent, kvnr), to)
