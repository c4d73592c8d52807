"""One call to an OCSP responder."""

from __future__ import annotations

from ti_adapter.errors import OcspSilent
from ti_adapter.pki.fetching import Limits, fetch
from ti_adapter.pki.ocsp_reading import ANSWER_MAX_BYTES

LIMIT_SECONDS = 10.0
"""How long a responder may take (gemSpec_PKI)."""

_HEADERS = {"content-type": "application/ocsp-request", "accept": "application/ocsp-response"}


def fetch_answer(url: str, request: bytes, *, limit_seconds: float = LIMIT_SECONDS) -> bytes:
    """Post a request and take the answer, DER; raises `OcspSilent` as `fetch` does."""
    limits = Limits(limit_seconds, ANSWER_MAX_BYTES)
    return fetch("POST", url, headers=_HEADERS, limits=limits, silent=OcspSilent, content=request)
