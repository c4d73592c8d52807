"""The simulated OCSP responder over HTTP (RFC 6960, appendix A)."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response

from ti_adapter.simulator.body import read_body
from ti_adapter.simulator.line import Line, in_manner
from ti_adapter.simulator.ocsp_responder import OcspResponder

_REQUEST, _ANSWER = "application/ocsp-request", "application/ocsp-response"
_REQUEST_MAX_BYTES = 4096


def create_ocsp_app(responder: OcspResponder, line: Line) -> FastAPI:
    """The responder as an ASGI application; it answers at every path, as AIA addresses have any."""
    app = FastAPI(title="Simulated OCSP responder", openapi_url=None)

    @app.post("/{path:path}")
    async def answer(request: Request) -> Response:
        body = await read_body(request, _REQUEST_MAX_BYTES)
        if request.headers.get("content-type") != _REQUEST or len(body) > _REQUEST_MAX_BYTES:
            return Response(status_code=400)
        return await in_manner(line, responder.answer(body), _ANSWER)

    return app
