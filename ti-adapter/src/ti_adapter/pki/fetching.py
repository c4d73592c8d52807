"""One call over HTTP, within a time and a size: the only place of this package that touches the network."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import httpx

from ti_adapter.bounded import whole_async
from ti_adapter.errors import ServiceSilent


@dataclass(frozen=True, slots=True)
class Limits:
    """What an answer may take: seconds from the first packet to the last byte, and bytes."""

    seconds: float
    max_bytes: int


def fetch(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    limits: Limits,
    silent: type[ServiceSilent],
    content: bytes | None = None,
) -> bytes:
    """The body of the answer, of which nothing is believed yet.

    Raises `silent` when no answer comes within the limits, however slowly it drips, and when it is no HTTP 200. Does
    not follow redirects, does not try again, uses no proxy of the environment. For threads without an event loop of
    their own. Only the look-up of the host's name may take longer.
    """
    try:
        request = httpx.Request(method, url, headers={**headers, "accept-encoding": "identity"}, content=content)
        return asyncio.run(_fetch(request, limits))
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as wrong:
        raise silent(type(wrong).__name__) from wrong
    except _NoAnswerError as wrong:
        raise silent(str(wrong)) from wrong


class _NoAnswerError(Exception):
    """What came is not the answer."""


@cache
def _tls() -> ssl.SSLContext:
    """Made once, since it reads all the CAs of the web; most responders of the TI are asked in the clear."""
    return httpx.create_ssl_context(trust_env=False)


async def _fetch(request: httpx.Request, limits: Limits) -> bytes:
    client = httpx.AsyncClient(timeout=limits.seconds, trust_env=False, verify=_tls())
    async with asyncio.timeout(limits.seconds), client:
        response = await client.send(request, stream=True)
        if response.status_code != httpx.codes.OK:
            raise _NoAnswerError(f"HTTP {response.status_code}")
        return await whole_async(response.aiter_raw(), limits.max_bytes, _NoAnswerError("the answer is too large"))
