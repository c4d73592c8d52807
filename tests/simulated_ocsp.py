"""A simulated OCSP responder for tests, with a card that it knows; over HTTP on a free port where a test wants it.

SCENE = Scene.made(NOW)
verify_not_revoked(SCENE.answer(), SCENE.question, SCENE.trust, NOW)
"""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Self

from peers.ground import require
from simulated_ti import make_pki, serving

from ti_adapter.pki import Question, TrustList
from ti_adapter.simulator.line import Line
from ti_adapter.simulator.ocsp_answer import RIGHT, AnswerShape, build_answer
from ti_adapter.simulator.ocsp_app import create_ocsp_app
from ti_adapter.simulator.ocsp_responder import OcspResponder
from ti_adapter.simulator.ocsp_signer import OcspSigner
from ti_adapter.simulator.pki import SimulatedPki
from ti_adapter.simulator.shape import SimulatedInstitution


@dataclass
class Clock:
    """Stands still unless a test sets it."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


@dataclass(frozen=True)
class Scene:
    """A card of a clinic, its CA, and the responder that the trust list names."""

    pki: SimulatedPki
    signer: OcspSigner
    question: Question
    clock: Clock = field(repr=False)

    @classmethod
    def made(cls, now: datetime) -> Self:
        pki = make_pki(now)
        certificate = pki.card(SimulatedInstitution("5-2.9001", "Klinik Nord")).certificate
        return cls(pki, OcspSigner.generate(now), Question(certificate, pki.authority), Clock(now))

    @property
    def trust(self) -> TrustList:
        return self.signer.named_in(self.pki.trust)

    def answer(self, shape: AnswerShape = RIGHT, signer: OcspSigner | None = None) -> bytes:
        return build_answer(
            self.question.request(), self.question.certificate, signer or self.signer, self.clock(), shape
        )

    def responder(self) -> OcspResponder:
        """A fresh responder that knows the card."""
        responder = OcspResponder(self.signer, self.pki.authority, self.clock)
        responder.know(self.question.certificate)
        return responder


@contextmanager
def on_the_line(responder: OcspResponder) -> Iterator[tuple[str, Line]]:
    """The responder over HTTP: its URL, and what sets its manner."""
    line = Line()
    with served(create_ocsp_app(responder, line)) as url:
        yield f"{url}/ocsp", line


@contextmanager
def served(app: object) -> Iterator[str]:
    """Any ASGI application on a free port: its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener, serving(app, listener):
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def openssl(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run openssl. Skips the test, with the reason, where it is missing; in CI fails it."""
    require("openssl")
    return subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False, timeout=20)
