"""The one place that speaks HTTP to a Konnektor: who we are, limits of time and size, and foreign errors end here."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import urljoin, urlsplit

import httpx

from ti_adapter.bounded import in_time, whole
from ti_adapter.konnektor.errors import AccessRefused, KonnektorSilent, Silence
from ti_adapter.konnektor.reading import BYTES_MAX
from ti_adapter.konnektor.soap import MEDIA_TYPE

DIRECTORY: Final = "connector.sds"
CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 30.0
"""For a whole answer, however slowly it comes."""

_ANSWERED = frozenset({200, 500})
"""SOAP 1.1 over HTTP: an answer, or a fault."""


@dataclass(frozen=True, slots=True)
class BasicAuthentication:
    """User and password of this client system."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Address:
    """Where the Konnektor is. Raises ValueError for what is no https URL.

    Only a simulator, or a Konnektor within the same machine, is called with `unsafe_clear_text` and http.
    """

    url: str
    unsafe_clear_text: bool = False

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        allowed = {"https", "http"} if self.unsafe_clear_text else {"https"}
        if parts.scheme not in allowed or not parts.hostname or parts.username or parts.query or parts.fragment:
            raise ValueError("the address of a Konnektor is an https URL without user, query and fragment")

    @property
    def directory(self) -> str:
        """URL of the service directory, which lies beside what the address ends with."""
        return urljoin(self.url, DIRECTORY)


class Transport:
    """Calls one Konnektor; a context manager. Every error of the way is `KonnektorSilent` or `AccessRefused`.

    Retries nothing: that is for the caller's queue. Follows no redirect, knows no proxy and unpacks nothing.
    """

    def __init__(
        self,
        address: Address,
        *,
        context: ssl.SSLContext | None = None,
        authentication: BasicAuthentication | None = None,
        answer_seconds: float = ANSWER_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.address = address
        self._answer_seconds = answer_seconds
        self._monotonic = monotonic
        self._http = httpx.Client(
            verify=context if context is not None else True,
            auth=(authentication.user, authentication.password) if authentication else None,
            headers={"accept-encoding": "identity"},
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def directory(self) -> bytes:
        """`connector.sds` as it is."""
        status, content = self._call("GET", self.address.directory, {}, None, seconds=self._answer_seconds)
        if status != httpx.codes.OK:
            raise KonnektorSilent(Silence.STATUS)
        return content

    def send(self, url: str, action: str, message: bytes, *, seconds: float | None = None) -> bytes:
        """The answer to a SOAP message: an envelope with a message or a fault. `seconds` is the limit of this call."""
        headers = {"content-type": f"{MEDIA_TYPE}; charset=UTF-8", "soapaction": f'"{action}"'}
        return self._call("POST", url, headers, message, seconds=seconds or self._answer_seconds)[1]

    def _call(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None, *, seconds: float
    ) -> tuple[int, bytes]:
        timeout = httpx.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds))
        ends = self._monotonic() + seconds
        try:
            with self._http.stream(method, url, headers=headers, content=content, timeout=timeout) as response:
                _check_status(response.status_code)
                return response.status_code, self._limited(response, ends)
        except (httpx.HTTPError, httpx.InvalidURL) as wrong:
            raise KonnektorSilent(_silence(wrong)) from wrong

    def _limited(self, response: httpx.Response, ends: float) -> bytes:
        chunks = in_time(response.iter_raw(), lambda: self._monotonic() > ends, KonnektorSilent(Silence.TIMEOUT))
        return whole(chunks, BYTES_MAX, KonnektorSilent(Silence.TOO_LARGE))


def _check_status(status: int) -> None:
    if status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        raise AccessRefused
    if status not in _ANSWERED:
        raise KonnektorSilent(Silence.STATUS)


def _silence(wrong: Exception) -> Silence:
    if isinstance(wrong, httpx.TimeoutException):
        return Silence.TIMEOUT
    if _is_tls(wrong):
        return Silence.TLS
    return Silence.UNREACHABLE if isinstance(wrong, httpx.ConnectError | httpx.InvalidURL) else Silence.BROKEN_OFF


def _is_tls(wrong: BaseException | None) -> bool:
    """Whether OpenSSL's error stands somewhere behind it: a server may refuse our certificate after the handshake."""
    while wrong:
        if isinstance(wrong, ssl.SSLError):
            return True
        wrong = wrong.__cause__ or wrong.__context__
    return False
