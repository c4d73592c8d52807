"""One call to an OCSP responder over HTTP: the only place of the OCSP check that touches the network."""

from __future__ import annotations

import asyncio
import ssl
from functools import cache

import httpx

from ti_adapter.errors import OcspSilent
from ti_adapter.pki.ocsp_reading import ANSWER_MAX_BYTES

LIMIT_SECONDS = 10.0
"""How long a responder may take, from the first packet to the last byte (gemSpec_PKI)."""

_HEADERS = {
    "content-type": "application/ocsp-request",
    "accept": "application/ocsp-response",
    "accept-encoding": "identity",
}


def fetch_answer(url: str, request: bytes, *, limit_seconds: float = LIMIT_SECONDS) -> bytes:
    """Post a request and take the answer, DER, of which nothing is believed yet.

    Raises `OcspSilent` when no answer comes within the limit, however slowly it drips, when it is no HTTP 200, and
    when it is larger than an answer may be. Does not follow redirects, does not try again, uses no proxy of the
    environment. For threads without an event loop of their own. Only the look-up of the host's name may take longer.
    """
    return asyncio.run(_fetch(url, request, limit_seconds))


@cache
def _tls() -> ssl.SSLContext:
    """Made once, since it reads all the CAs of the web; most responders of the TI are asked in the clear."""
    return httpx.create_ssl_context(trust_env=False)


async def _fetch(url: str, request: bytes, limit_seconds: float) -> bytes:
    client = httpx.AsyncClient(timeout=limit_seconds, trust_env=False, verify=_tls())
    asking = client.stream("POST", url, content=request, headers=_HEADERS)
    try:
        async with asyncio.timeout(limit_seconds), client, asking as response:
            return await _body(response)
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as wrong:
        raise OcspSilent(type(wrong).__name__) from wrong


async def _body(response: httpx.Response) -> bytes:
    if response.status_code != httpx.codes.OK:
        raise OcspSilent(f"HTTP {response.status_code}")
    content = bytearray()
    async for chunk in response.aiter_raw():
        content += chunk
        if len(content) > ANSWER_MAX_BYTES:
            raise OcspSilent("the answer is too large")
    return bytes(content)
