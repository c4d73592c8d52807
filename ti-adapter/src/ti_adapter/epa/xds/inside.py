"""The XDS Document Service inside the VAU channel of a record system."""

from __future__ import annotations

from ti_adapter.epa.rest import Rest
from ti_adapter.epa.values import Kvnr
from ti_adapter.epa.xds.client import XdsDocumentService
from ti_adapter.epa.xds.names import INSTITUTION_PATH


def documents_of(rest: Rest, kvnr: Kvnr) -> XdsDocumentService:
    """The documents of one record, for the institution that is logged in.

    `rest.http` has the transport of `ti_adapter.vau`. Beside what `XdsDocumentService` raises, its operations raise
    `EpaRefused` where a record system refuses before it reads a message, and `EpaSilent`.
    """

    def post(message: bytes, content_type: str) -> tuple[bytes, str]:
        answer = rest.soap(INSTITUTION_PATH, message, content_type, kvnr)
        return answer.body, answer.headers.get("Content-Type", "")

    return XdsDocumentService(post, f"{str(rest.http.base_url).rstrip('/')}{INSTITUTION_PATH}")
