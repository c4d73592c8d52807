"""Cases for the hub's interface, made by schemathesis from its OpenAPI document, and sent to it without a wire.

    desk = Desk(HubBench(database, clock), folder)
    answer = desk.send(case, caller)

What schemathesis makes knows nothing of the hub's state. So some of it is exchanged for what is alive: sessions that
are open, nonces that were issued, requests and proofs that are signed, links that are registered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from unittest.mock import AsyncMock, patch

import httpx
import requests
import schemathesis
import wishes
from certificates import Authority
from cryptography.x509 import load_pem_x509_certificate
from fastapi import FastAPI
from hub_bench import HubBench
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.specs.openapi.schemas import OpenApiSchema
from starlette.types import Receive, Scope, Send

from linkexchange import admit, certificates, resolve
from linkexchange.errors import IdentityRefused
from linkexchange.model.balance import DISPATCH_TYP
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.participant import Institution, Participant
from linkexchange.model.proof import TYP as PROOF_TYP
from linkexchange.model.request import TYP
from linkexchange.resolve import Caller
from linkexchange.signing import Signer, certificate_der, thumbprint
from linkexchange.web import description, enrolment, news
from linkexchange.web import resolver as web
from linkexchange.web.rates import Rate, Rates

FOREIGN = ("tenant", "participant", "state", "requester", "origin", "outcome")
"""Members that no body of the hub has; whoever sends one wants to be somebody else."""
UNHURRIED = Rates(Rate(1e6, 1_000_000), Rate(1e6, 1_000_000))

schemathesis.openapi.media_type("application/jose", st.text("abc.-_=é", max_size=40).map(str.encode))


@schemathesis.serializer("application/jose")
def _as_it_is(_: object, value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


HOST = "node.example"
JSON = {"Content-Type": "application/json"}
_AT_THE_DESK = {f"/enrolment/{it}" for it in ("hub", "nonces", "applications", "application")}
_MOSTLY = st.integers(0, 3).map(bool)


@dataclass(frozen=True)
class Somebody:
    """Who asks: a certificate, and what its holder can truly sign."""

    name: str
    certificate: bytes
    signer: Signer | None = None
    session: str = ""
    card: Institution | None = None
    application: str = ""


@dataclass
class Desk:
    """Sends cases. `foreign` is set where the last case held a member that no body has."""

    bench: HubBench
    folder: Path
    people: list[Somebody] = field(init=False)
    foreign: bool = False

    def __post_init__(self) -> None:
        it = self.bench.resolver
        ca = certificates.Authority.founded("CA of the hub", self.bench.clock(), certificates.LIFETIME)
        self.admission = admit.Admission(it.store, it.believe, it.signer.public, it.now, ca)
        self._apps: dict[str, FastAPI] = {
            "hub": web.application(it, UNHURRIED, admission=self.admission),
            "enrolment": enrolment.application(self.admission, UNHURRIED),
        }
        self._runner = asyncio.Runner()
        # Whoever would wait for news is told at once that there are none.
        self._hurry = patch.object(news.Bell, "wait", AsyncMock())
        authority = Authority(self.folder)
        self.people = [
            self._enrolled(wishes.PRACTICE, wishes.PRACTICE_ROLE, "PACS"),
            self._enrolled(wishes.HOSPITAL, wishes.HOSPITAL_ROLE, "ARCHIV"),
            Somebody("stranger", authority.node(wishes.STRANGER).der),
            Somebody("nobody's certificate", authority.issue(["urn:other"], host="localhost").der),
            Somebody("no certificate", b""),
        ]

    def __enter__(self) -> Self:
        self._hurry.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._hurry.stop()
        self._runner.close()

    def askers(self) -> st.SearchStrategy[Somebody]:
        """Mostly those who are enrolled."""
        return st.one_of(st.sampled_from(self.people[:2]), st.sampled_from(self.people))

    def schema(self, app: str = "hub") -> OpenApiSchema:
        return schemathesis.openapi.from_dict(description.document(self._apps[app]))

    def send(self, case: Case, who: Somebody) -> httpx.Response:
        made = requests.Request(**_without_transport(case.as_transport_kwargs(base_url="http://hub"))).prepare()
        return self.ask(who, made.method or "GET", made.url or "", dict(made.headers), _bytes(made.body))

    def ask(
        self, who: Somebody, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> httpx.Response:
        """One request, as the listener hands it on. The card that is believed is the asker's own."""
        self.bench.card = who.card or IdentityRefused("step 5")
        request = httpx.Request(method, url, headers=headers, content=body or None)
        return self._runner.run(self._answer(request, who))

    async def _answer(self, request: httpx.Request, who: Somebody) -> httpx.Response:
        async def handed_on(scope: Scope, receive: Receive, send: Send) -> None:
            shown = {"tls": {"client_certificate_der": who.certificate}} if who.certificate else {}
            app = "enrolment" if request.url.path in _AT_THE_DESK else "hub"
            await self._apps[app]({**scope, "extensions": shown}, receive, send)

        async with httpx.AsyncClient(transport=httpx.ASGITransport(handed_on)) as client:
            return await client.send(request)

    def enliven(self, case: Case, who: Somebody, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
        """Exchange some of what was made for what is alive."""
        self.foreign = False
        if "X-Session" in (case.headers or {}) and draw(_MOSTLY):
            others = [one.session for one in self.people if one.session]
            case.headers["X-Session"] = who.session if who.session and draw(_MOSTLY) else draw(st.sampled_from(others))
        if "link" in (case.path_parameters or {}) and draw(st.booleans()):
            case.path_parameters["link"] = str(wishes.NEWER_LINK)
        if "transfer" in (case.path_parameters or {}) and draw(st.booleans()):
            case.path_parameters["transfer"] = str(wishes.TRANSFER)
        if "x-application" in (case.headers or {}) and draw(_MOSTLY):
            case.headers["x-application"] = who.application or "another"
        if isinstance(case.body, dict) and case.path == "/enrolment/applications" and draw(_MOSTLY):
            made = draw(st.sampled_from(sorted(case.body))) if case.body and not draw(_MOSTLY) else ""
            case.body = {**self._application(who), **({made: case.body[made]} if made else {})}
        if isinstance(case.body, dict):
            self._enliven_body(case, who, draw)
        elif case.path in {"/ledger/receipts", "/ledger/dispatches"} and case.method == "POST" and draw(_MOSTLY):
            case.body = self._proof(who) if case.path == "/ledger/receipts" else self._dispatch(who)

    def _enliven_body(self, case: Case, who: Somebody, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
        body = case.body
        alive: dict[str, Callable[[], object]] = {
            "attestation": lambda: self._nonce(who),
            "telematik_id": lambda: str(wishes.PRACTICE),
            "request": lambda: self._request(who, renewal=case.path == "/enrolment/renewals"),
            "link": lambda: str(wishes.NEWER_LINK if case.path == "/ledger/links" else wishes.LINK),
            "replaces": lambda: str(wishes.NEWER_LINK),
            "receiver": lambda: str(wishes.PRACTICE),
            "expires": lambda: "2027-01-01T00:00:00+00:00",
            "made": lambda: "2026-11-24T08:00:00+00:00",
            "pulls": lambda: True,
        }
        for name in sorted(alive.keys() & body.keys() if case.path != "/enrolment/applications" else ()):
            if draw(_MOSTLY):
                body[name] = alive[name]()
        if not draw(st.integers(0, 7)):
            body[draw(st.sampled_from(FOREIGN))] = draw(st.text(max_size=5))
            self.foreign = True

    def _enrolled(self, telematik_id: TelematikId, role: str, destination: str) -> Somebody:
        """Through the hub's own desk: applied, approved, with a certificate of its CA, and with an open session."""
        self.bench.card = card = Institution(telematik_id, role, "")
        key = certificates.new_key()
        said = Participant(telematik_id, "Praxis", f"https://{HOST}", (destination,), contact="it@example")
        nonce = admit.issue_nonce(self.admission)
        secret = admit.apply(self.admission, admit.Application(said, certificates.request(key, HOST), nonce))
        with self.bench.database.work(telematik_id) as work:
            [waiting] = work.enrolments.mine()
        admit.approve(self.admission, telematik_id, waiting.number)
        issued = load_pem_x509_certificate(admit.verdict(self.admission, secret).certificate.encode())
        signer = Signer.of(key, thumbprint(certificate_der(issued)))
        caller = Caller(telematik_id, signer.kid, signer.public)
        session = self.bench.open(caller, resolve.issue_nonce(self.bench.resolver, caller)).secret.reveal()
        return Somebody(telematik_id, certificate_der(issued), signer, session, card, secret)

    def _application(self, who: Somebody) -> dict[str, Any]:
        """What the hub's desk takes, from whoever has a card."""
        asked = {"telematik_id": str(who.card.telematik_id if who.card else wishes.STRANGER)}
        nonce = self.ask(who, "POST", "http://hub/enrolment/nonces").json()
        return {
            **asked,
            "name": "Praxis",
            "node_url": f"https://{HOST}",
            "contact": "it@example",
            "request": certificates.request(certificates.new_key(), HOST),
            "attestation": nonce.get("nonce", ""),
        }

    def _nonce(self, who: Somebody) -> str:
        answer = self.ask(who, "POST", "http://hub/resolver/nonces")
        return str(answer.json().get("nonce", ""))

    def _request(self, who: Somebody, *, renewal: bool) -> str:
        if renewal:
            return certificates.request(certificates.new_key(), HOST)
        return who.signer.sign(wishes.BY_RECORD.claims(wishes.HUB), typ=TYP) if who.signer else "e30.e30.e30"

    def _proof(self, who: Somebody) -> str:
        claims = {
            "transfer": str(wishes.TRANSFER),
            "link": wishes.LINK,
            "origin": wishes.HOSPITAL,
            "requester": who.name,
            "outcome": "complete",
            "stored": 1,
            "expected": 1,
            "ended": "2026-11-24T08:00:00+00:00",
            "instances": [{"sop_instance": "2.25.1", "digest_received": "e" * 64}],
        }
        return who.signer.sign(claims, typ=PROOF_TYP) if who.signer else "e30.e30.e30"

    def _dispatch(self, who: Somebody) -> str:
        claims = {
            "transfer": str(wishes.TRANSFER),
            "link": wishes.LINK,
            "origin": who.name,
            "requester": wishes.PRACTICE,
            "instances": 1,
            "digest": "e" * 64,
            "resolver": wishes.HUB,
        }
        return who.signer.sign(claims, typ=DISPATCH_TYP) if who.signer else "e30.e30.e30"


def strategy(schema: OpenApiSchema) -> st.SearchStrategy[Case]:
    """Cases that follow the document, and cases that do not."""
    return st.one_of(schema.as_strategy(mode) for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE))


def _without_transport(arguments: dict[str, Any]) -> dict[str, Any]:
    known = {"method", "url", "headers", "files", "data", "json", "params", "auth", "cookies"}
    return {name: value for name, value in arguments.items() if name in known}


def _bytes(body: object) -> bytes:
    return body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else b""
