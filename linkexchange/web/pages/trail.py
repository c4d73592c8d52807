"""The state of the audit trail, in German: whether it is whole, and how far it has got at its receivers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fastapi import Form, HTTPException, Request
from fastapi.responses import HTMLResponse, Response

from linkexchange.model.audit import AuditEntry
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.trail import Chain, Check, Sink
from linkexchange.ports import Node
from linkexchange.trail.history import history
from linkexchange.web.german_history import Sheet
from linkexchange.web.pages.fields import kvnr_of
from linkexchange.web.pages.names import Names
from linkexchange.web.pages.site import Site

USER = "web page"
SINKS = {"file": "Ordner", "syslog": "Syslog (TLS)", "feed": "FHIR-Server"}


@dataclass(frozen=True, slots=True)
class Receiver:
    """One receiver. `chip` is the colour in which its state is shown."""

    name: str
    chip: str
    state: str
    waiting: int
    buffer_max: int
    delivered: datetime | None
    fault: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A chain: its newest entry, what the last look has found, and its receivers."""

    participant: TelematikId
    newest: AuditEntry | None
    check: Check | None
    chip: str
    verdict: str
    receivers: Sequence[Receiver]


def shown(chain: Chain) -> Shown:
    """What the pages show of a chain."""
    chip, verdict = _verdict(chain.check)
    receivers = [_receiver(it) for it in chain.sinks]
    return Shown(chain.participant, chain.newest, chain.check, chip, verdict, receivers)


def add_trail(site: Site, node: Node, names: Names) -> None:
    """The page, and the list for a patient, whose KVNR stands in no address."""

    @site.pages.get("/trail")
    def trail(request: Request) -> HTMLResponse:
        with node.store.work(node.me) as work:
            return site.page(request, "trail.html", it=shown(work.trail.chain()))

    @site.forms.post("/trail/patient")
    def patient(kvnr: str = Form(max_length=40)) -> Response:
        known = kvnr_of(kvnr)
        if known is None:
            raise HTTPException(422)
        lines = history(node.store, node.me, known, user=USER)
        sheet = Sheet(lines, node.name, node.now(), lambda it: names.of(TelematikId(it)))
        headers = {"Content-Disposition": 'attachment; filename="bilder-protokoll.html"', "Cache-Control": "no-store"}
        return Response(sheet.as_page(), media_type="text/html; charset=utf-8", headers=headers)


def _verdict(check: Check | None) -> tuple[str, str]:
    if check is None:
        return "waiting", "noch nicht geprüft"
    return ("complete", "lückenlos") if check.bad is None else ("failed", f"Eintrag {check.bad} passt nicht")


def _receiver(sink: Sink) -> Receiver:
    chip, state = ("failed", "voll: Neues beginnt nicht") if sink.is_full else ("complete", "nimmt an")
    if sink.failing_since and not sink.is_full:
        chip, state = "partial", "nimmt nichts an"
    name = SINKS.get(sink.name, sink.name)
    return Receiver(name, chip, state, sink.waiting, sink.buffer_max, sink.delivered, sink.fault)
