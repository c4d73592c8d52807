"""The simulated Konnektor over HTTP: the service directory, the services, and a switchboard behind a key.

Where `authentication` is given, every call but those of the switchboard needs it as HTTP Basic, or a client certificate
that the server has believed: TLS is the server's, which may leave the certificate in the state of the request.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Final

from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Request, Response
from lxml import etree  # type: ignore[import-untyped]

from ti_adapter.konnektor import soap
from ti_adapter.konnektor.names import SOAP, Dialect, Service, Spoken
from ti_adapter.konnektor.reading import BYTES_MAX
from ti_adapter.konnektor.transport import BasicAuthentication
from ti_adapter.simulator.body import read_body
from ti_adapter.simulator.konnektor import answers, requests
from ti_adapter.simulator.konnektor.directory import OFFERED, directory
from ti_adapter.simulator.konnektor.faults import Fault, Refusal, named, switched_code
from ti_adapter.simulator.konnektor.operations import OPERATIONS, Call
from ti_adapter.simulator.konnektor.state import SimulatedKonnektor

SLOW_SECONDS: Final = 20.0
PEER_CERTIFICATE: Final = "peer_certificate"
"""Where in the state of a request a TLS server leaves the certificate, DER, of a client that it has believed."""

_XML = f"{soap.MEDIA_TYPE}; charset=UTF-8"


@dataclass(frozen=True, slots=True)
class Served:
    """What stands behind the routes."""

    konnektor: SimulatedKonnektor
    offered: Spoken
    authentication: BasicAuthentication | None
    admin_key: str = field(repr=False)


def create_app(
    konnektor: SimulatedKonnektor,
    admin_key: str,
    *,
    authentication: BasicAuthentication | None = None,
    offered: Spoken = OFFERED,
) -> FastAPI:
    """The whole simulated Konnektor as an ASGI application; `offered` are the versions that it speaks."""
    app = FastAPI(title="Simulated Konnektor", openapi_url=None)
    app.state.served = Served(konnektor, offered, authentication, admin_key)
    app.include_router(konnektor_routes)
    app.include_router(switchboard)
    return app


async def _served(request: Request) -> Served:
    served: Served = request.app.state.served
    return served


Simulated = Annotated[Served, Depends(_served)]


async def _switched(served: Simulated, x_admin_key: Annotated[str, Header()] = "") -> SimulatedKonnektor:
    if not secrets.compare_digest(x_admin_key.encode(), served.admin_key.encode()):
        raise HTTPException(403)
    return served.konnektor


Switched = Annotated[SimulatedKonnektor, Depends(_switched)]
konnektor_routes = APIRouter()
switchboard = APIRouter(prefix="/switchboard")


@konnektor_routes.get("/connector.sds")
async def service_directory(request: Request, served: Simulated) -> Response:
    """Which services there are."""
    wrong = await _wrong(request, served)
    if wrong is not None:
        return wrong
    konnektor = served.konnektor
    base = str(request.base_url).rstrip("/")
    return Response(directory(base, served.offered, konnektor.faults, konnektor.clock()), media_type=_XML)


@konnektor_routes.post("/ws/{service}/{version}")
async def call(request: Request, served: Simulated, service: str, version: str) -> Response:
    """One operation of a service."""
    wrong = await _wrong(request, served)
    if wrong is not None:
        return wrong
    try:
        return _enveloped(await _answer(request, served, service, version), 200)
    except Refusal as refusal:
        return _enveloped(answers.fault(refusal.code, served.konnektor.clock()), 500)


async def _answer(request: Request, served: Served, service: str, version: str) -> etree._Element:
    """Content type, envelope, service and version, operation, SOAPAction; then what is switched on, then the call."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != soap.MEDIA_TYPE:
        raise Refusal(4000)
    message = requests.message(await read_body(request, BYTES_MAX))
    dialect = _dialect(served.offered, service, version)
    local = message.tag.removeprefix(dialect.name(""))
    operation = OPERATIONS[Service(service)].get(local)
    if operation is None or request.headers.get("soapaction", "").strip('"') != dialect.action(local):
        raise Refusal(4000)
    code = switched_code(served.konnektor.faults)
    if code is not None:
        raise Refusal(code)
    return await operation(Call(served.konnektor, dialect, served.offered, message))


@switchboard.put("/faults/{name}", status_code=204)
async def switch_on(konnektor: Switched, name: str) -> None:
    """Let something be wrong from now on."""
    konnektor.faults.add(_named(name))


@switchboard.delete("/faults/{name}", status_code=204)
async def switch_off(konnektor: Switched, name: str) -> None:
    """Let it be right again."""
    konnektor.faults.discard(_named(name))


@switchboard.post("/restart", status_code=204)
async def restart(konnektor: Switched) -> None:
    """Restart: new handles, and no PIN is verified."""
    konnektor.restart()


@switchboard.get("/signatures")
async def count_signatures(konnektor: Switched) -> dict[str, int]:
    """How many signatures cards have made since the Konnektor was first started."""
    return {"signatures": konnektor.signatures}


@switchboard.post("/pins", status_code=204)
async def enter_pins(konnektor: Switched) -> None:
    """Somebody goes round and enters the PIN of every card."""
    for card in konnektor.cards:
        konnektor.enter_pin(card.handle)


def _dialect(offered: Spoken, service: str, version: str) -> Dialect:
    for known, dialects in offered.items():
        for dialect in dialects:
            if (known, dialect.version) == (service, version):
                return dialect
    raise Refusal(4000)


def _named(name: str) -> str:
    try:
        return named(name)
    except ValueError:
        raise HTTPException(404) from None


async def _wrong(request: Request, served: Served) -> Response | None:
    """What is answered instead of the call, None where nothing is in the way."""
    faults = served.konnektor.faults
    if Fault.SLOW in faults:
        await served.konnektor.pace.hold(SLOW_SECONDS)
    if Fault.ACCESS_REFUSED in faults or not _is_known(request, served.authentication):
        return Response(status_code=401, headers={"www-authenticate": 'Basic realm="Konnektor"'})
    return next((made() for fault, made in _WRONG.items() if fault in faults), None)


def _is_known(request: Request, authentication: BasicAuthentication | None) -> bool:
    if authentication is None or getattr(request.state, PEER_CERTIFICATE, None):
        return True
    wanted = base64.b64encode(f"{authentication.user}:{authentication.password}".encode()).decode()
    return secrets.compare_digest(request.headers.get("authorization", "").encode(), f"Basic {wanted}".encode())


def _enveloped(message: etree._Element, status: int) -> Response:
    return Response(soap.envelope(message), status, media_type=_XML)


_ENTITY: Final = f"""<!DOCTYPE e [<!ENTITY x SYSTEM "file:///etc/hostname">]>
<s:Envelope xmlns:s="{SOAP}"><s:Body><e>&x;</e></s:Body></s:Envelope>"""
_WRONG: Final[dict[Fault, Callable[[], Response]]] = {
    Fault.DOWN: lambda: Response(status_code=503),
    Fault.ELSEWHERE: lambda: Response(status_code=302, headers={"location": "http://elsewhere.example/"}),
    Fault.PAGE: lambda: Response("<html><p>Anmelden</html>", media_type="text/html"),
    Fault.TOO_LARGE: lambda: Response(bytes(BYTES_MAX + 1), media_type=_XML),
    Fault.DTD: lambda: Response(_ENTITY, media_type=_XML),
    Fault.OTHER_ANSWER: lambda: _enveloped(etree.Element("{urn:other}Answer"), 200),
    Fault.FAULT_WITHOUT_DETAIL: lambda: _enveloped(answers.fault_with(), 500),
}
