"""What stands before every page, since pages have no login yet: who may ask, and what a browser may do with the answer.

1. The Host names this machine, so that no other site can borrow its own name for us (DNS rebinding).
2. What changes something comes from a page of this very server: Sec-Fetch-Site, Origin, and a token that the page and a
   SameSite cookie both carry. (With `Referrer-Policy: no-referrer` a browser sends `Origin: null` with its own forms,
   so that Sec-Fetch-Site must speak for them.)
3. A body is one of our small forms.
4. Every answer, whatever it is, carries the headers below.
5. A bug of ours shows and logs a trace id, and never its text, which might hold patient data.
"""

from __future__ import annotations

import re
import secrets
import traceback
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from typing import Annotated
from uuid import uuid4

import structlog
from fastapi import Form, HTTPException, Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

FORM_MAX_BYTES = 16 * 1024
COOKIE = "linkexchange-form"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_LOOPBACK = re.compile(r"(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?", re.IGNORECASE)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_log = structlog.get_logger(__name__)

Answer = Callable[[Request, int, str], Response]
"""Makes the page that says why not: request, status, trace id."""


def token_for_forms(request: Request) -> str:
    """The token that every form of this answer must carry."""
    return str(request.state.form_token)


def from_our_form(request: Request, form_token: Annotated[str, Form()] = "") -> None:
    """A dependency of every route that changes something; raises 403 unless form and cookie carry the same token."""
    if not secrets.compare_digest(form_token.encode(), request.state.form_token.encode()):
        raise HTTPException(403)


class Guard:
    """ASGI middleware around all pages of an application."""

    def __init__(self, app: ASGIApp, answer: Answer) -> None:
        self._app = app
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check the request, pass it on, and see to the answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        known = _token_of(headers.get("cookie", ""))
        token = known or secrets.token_urlsafe(32)
        guarded = {**scope, "state": {**scope.get("state", {}), "form_token": token}}
        armed = _Armed(send, "" if known else token)
        refusal = _refusal(scope, headers)
        if refusal:
            await self._answer(Request(guarded), refusal, str(uuid4()))(guarded, receive, armed)
        else:
            await self._pass_on(guarded, receive, armed)

    async def _pass_on(self, scope: Scope, receive: Receive, armed: _Armed) -> None:
        try:
            await self._app(scope, receive, armed)
        except Exception as bug:
            trace_id = str(uuid4())
            place = traceback.extract_tb(bug.__traceback__)[-1]
            where = f"{place.filename}:{place.lineno}"
            _log.error("unexpected error", kind=type(bug).__name__, where=where, trace_id=trace_id)
            if not armed.begun:
                await self._answer(Request(scope), 500, trace_id)(scope, receive, armed)


class _Armed:
    """A `send` that adds the headers, and the cookie to a page whose visitor has none."""

    def __init__(self, send: Send, new_token: str) -> None:
        self._send = send
        self._new_token = new_token
        self.begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            self._arm(MutableHeaders(scope=message))
        await self._send(message)

    def _arm(self, headers: MutableHeaders) -> None:
        for name, value in HEADERS.items():
            headers[name] = value
        if self._new_token and headers.get("content-type", "").startswith("text/html"):
            headers.append("Set-Cookie", f"{COOKIE}={self._new_token}; Path=/; HttpOnly; SameSite=Strict")


def _refusal(scope: Scope, headers: Headers) -> int | None:
    """The status with which a request is refused before anything is done; None where there is no objection."""
    host = headers.get("host", "")
    if not _LOOPBACK.fullmatch(host):
        return 421
    if scope["method"] in {"GET", "HEAD"}:
        return None
    if not _from_here(headers, f"{scope['scheme']}://{host}"):
        return 403
    return None if _is_small(headers) else 413


def _from_here(headers: Headers, own: str) -> bool:
    """A named Origin must be our own; beyond that, Sec-Fetch-Site decides, and Origin where a browser has none."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if origin not in {None, "null", own}:
        return False
    return site == "same-origin" if site else origin == own


def _is_small(headers: Headers) -> bool:
    """By its declared length; without one, no browser sends a form."""
    declared = headers.get("content-length", "")
    return "transfer-encoding" not in headers and declared.isdecimal() and int(declared) <= FORM_MAX_BYTES


def _token_of(cookies: str) -> str:
    """The token of a cookie that we could have set; empty otherwise."""
    try:
        morsel = SimpleCookie(cookies).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel and _TOKEN.fullmatch(morsel.value) else ""
