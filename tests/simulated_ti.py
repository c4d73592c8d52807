"""What tests of the TI have in common: a PKI, an application over real HTTP on a free port, a document.

pki = make_pki()
card = pki.card(SimulatedInstitution("1-20.1", "Praxis am Markt"))
with socket.create_server(("127.0.0.1", 0)) as listener, serving(app, listener):
    ...
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import uvicorn

from ti_adapter.pki import Reason
from ti_adapter.simulator.pki import SimulatedPki
from ti_adapter.simulator.record import Upload
from ti_adapter.xds import Code, DocumentEntry

REFUSED_WHATEVER_THE_TYPE = {
    "not yet valid": (2, Reason.NOT_YET_VALID),
    "expired": (2, Reason.EXPIRED),
    "self-signed": (3, Reason.SELF_ISSUED),
    "of a foreign CA": (3, Reason.ISSUER_UNKNOWN),
    "of a look-alike CA": (3, Reason.ISSUER_KEY),
    "of a look-alike CA that names the true key": (5, Reason.SIGNATURE),
    "with a broken signature": (5, Reason.SIGNATURE),
    "signed with another digest": (5, Reason.SIGNATURE),
    "that is a CA": (7, Reason.CA_CERTIFICATE),
    "for document signatures": (7, Reason.KEY_USAGE),
    "without policy": (9, Reason.POLICY_MISSING),
    "with an unknown critical extension": (10, Reason.CRITICAL_EXTENSION),
    "without role": (11, Reason.PROFESSION),
}
"""Step and reason for every fault of `broken_certificates.Holder.broken` but for one, which depends on the type."""


def utc_now() -> datetime:
    return datetime.now(UTC)


def make_pki(now: datetime | None = None, *, name: str = "GEM.SMCB-CA900") -> SimulatedPki:
    return SimulatedPki.generate(now or utc_now(), name=name)


@contextmanager
def serving(app: object, listener: socket.socket, *, curve: str | None = None, **more: Any) -> Iterator[None]:
    """An ASGI application over real HTTP; over TLS, on this curve alone, where `more` settings of uvicorn say so."""
    told = {name: str(value) if isinstance(value, Path) else value for name, value in more.items()}
    settings = {"log_level": "warning", "access_log": False, "lifespan": "off", "ws": "none", **told}
    config = uvicorn.Config(app, **settings)
    config.load()
    if curve and config.ssl:
        config.ssl.set_ecdh_curve(curve)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.005)
        yield
    finally:
        server.should_exit = True
        thread.join()


def upload(content: bytes, mime_type: str, title: str, unique_id: str = "") -> Upload:
    """A document with metadata, under a uniqueId of its own where none is named."""
    number = unique_id or f"2.25.{uuid4().int}"
    codes = {"classCode": (Code("BEF", "1.3.6.1.4.1.19376.3.276.1.5.8", "Befundbericht"),)}
    slots = {"creationTime": ("20260301093000",), "urn:ihe:iti:xds:2013:referenceIdList": ("2.25.1^^^^a", "A-17^^^^b")}
    told = DocumentEntry(number, mime_type, title, "X^^^&1.2&ISO", "Haus^^^^^&1.2&ISO", "", codes, slots)
    return Upload(content, told)
