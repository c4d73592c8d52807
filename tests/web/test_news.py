"""Waiting for news at the hub's real port: it ends with the process, and with what came meanwhile."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPSConnection
from pathlib import Path

import listening
import pytest
import working
from certificates import Authority, NodeCertificate
from conftest import Clock
from hub_bench import HubBench
from wishes import HOSPITAL, PRACTICE

from linkexchange import revoke
from linkexchange.listener import GRACE_SECONDS
from linkexchange.model.revocation import RevocationKind
from linkexchange.store.work import Database
from linkexchange.web import news, resolver
from linkexchange.web.news import WAIT_MAX_SECONDS

pytestmark = pytest.mark.slow


@dataclass
class Waiting:
    """A node that waits for the first revocation, in a thread."""

    node: NodeCertificate
    port: int
    status: int = 0
    seconds: float = 0.0

    def wait(self) -> None:
        context, begun = self.node.client_context(), time.monotonic()
        with closing(HTTPSConnection("localhost", self.port, context=context, timeout=WAIT_MAX_SECONDS + 5)) as hub:
            hub.request("GET", f"/resolver/revocations?wait={WAIT_MAX_SECONDS}")
            self.status = hub.getresponse().status
        self.seconds = time.monotonic() - begun


@pytest.fixture
def bench(database: Database, clock: Clock) -> HubBench:
    return HubBench(database, clock)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set once somebody waits."""
    begun, wait = threading.Event(), news.Bell.wait

    async def told(bell: news.Bell, after: int, seconds: float) -> None:
        begun.set()
        await wait(bell, after, seconds)

    monkeypatch.setattr(news.Bell, "wait", told)
    return begun


@pytest.mark.parametrize("ends", [True, False], ids=["the process ends", "somebody is revoked"])
def test_whoever_waits_is_answered_when(ends: bool, bench: HubBench, waits: threading.Event, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    app = resolver.application(bench.resolver)
    with listening.on(app, authority.node(HOSPITAL).server_context()) as port:
        waiting = Waiting(authority.node(PRACTICE), port)
        thread = threading.Thread(target=waiting.wait)
        thread.start()
        working.until(waits.is_set, seconds=10)
        if not ends:
            name = (RevocationKind.INSTITUTION, HOSPITAL)
            revoke.revoke(bench.resolver.store, name, "test", participant=HOSPITAL, at=bench.clock())
            thread.join(WAIT_MAX_SECONDS)
    thread.join(WAIT_MAX_SECONDS)
    assert waiting.status == 200
    assert waiting.seconds < min(GRACE_SECONDS, WAIT_MAX_SECONDS) / 2
