"""One call to the place where the trust-service status list lies."""

from __future__ import annotations

from ti_adapter.errors import TslSilent
from ti_adapter.pki.fetching import Limits, fetch
from ti_adapter.pki.tsl_signature import TSL_MAX_BYTES

LIMIT_SECONDS = 60.0


def fetch_tsl(url: str, *, limit_seconds: float = LIMIT_SECONDS) -> bytes:
    """Get the list as it lies there; raises `TslSilent` as `fetch` does, also for more bytes than a list may have."""
    limits = Limits(limit_seconds, TSL_MAX_BYTES)
    return fetch("GET", url, headers={"accept": "*/*"}, limits=limits, silent=TslSilent)
