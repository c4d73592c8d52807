"""What the hub bears on this machine, with TLS, its database and the simulated TI: `make benchmarks-hub`.

Requests come at a fixed rate, whether or not the ones before are answered; each is timed from the moment at which it
was due. Afterwards the tables say whether every answer was durable and audited.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import httpx

from linkexchange import bootstrap
from linkexchange.demo import network
from linkexchange.demo.network import Network, Site
from linkexchange.errors import Fault
from linkexchange.hub import HubClient
from linkexchange.model.access import RegisteredLink
from linkexchange.model.audit import Action, first_bad
from linkexchange.model.identifiers import AeTitle, LinkId, Sha256, StudyUid, TelematikId
from linkexchange.model.link import lock_of
from linkexchange.model.passport import Passport, Retrieve, Store
from linkexchange.model.request import TYP, Request
from linkexchange.model.transfer import Authority, Purpose
from linkexchange.ports import Node, Session

PAGE = Path(__file__).parents[2] / "docs/reference/measurements-hub.md"
HOSPITAL = TelematikId("5-2.bench.hospital")
PRACTICES = tuple(TelematikId(f"1-2.bench.{number}") for number in range(1, 4))
LANES = 12
_DIGEST = Sha256("5" * 64)
_LINK = LinkId(str(uuid4()))
_IDLE = ("data", "worker")

Call = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Limit:
    """What the issue asks for."""

    name: str
    rate: float
    p99_seconds: float | None


GRANTS = Limit("grant within an open session, durable and audited", 100, 0.150)
SESSIONS = Limit("session opened with OCSP", 10, None)
STATES = Limit("state of a transfer", 100, 0.075)


@dataclass(frozen=True, slots=True)
class Measured:
    """Latencies in seconds of what was answered, errors by their code, and the rate that was reached."""

    limit: Limit
    seconds: tuple[float, ...]
    errors: tuple[str, ...]
    rate: float

    def quantile(self, share: float) -> float:
        return sorted(self.seconds)[min(len(self.seconds) - 1, int(share * len(self.seconds)))]

    @property
    def row(self) -> str:
        p50, p99, worst = (f"{1000 * it:.0f} ms" for it in (self.quantile(0.5), self.quantile(0.99), max(self.seconds)))
        wanted = f"p99 under {1000 * self.limit.p99_seconds:.0f} ms" if self.limit.p99_seconds else "no error"
        holds = not self.errors and self.rate > 0.95 * self.limit.rate
        holds &= self.limit.p99_seconds is None or self.quantile(0.99) < self.limit.p99_seconds
        asked = f"{self.limit.rate:g}/s, {wanted}"
        answered = f"{len(self.seconds)} at {self.rate:.1f}/s"
        cells = (self.limit.name, asked, answered, p50, p99, worst, str(len(self.errors)), "yes" if holds else "**no**")
        return f"| {' | '.join(cells)} |"


def paced(limit: Limit, count: int, calls: list[Call]) -> Measured:
    """Make `count` calls at the rate of the limit, dealt out among lanes, each of which makes one at a time."""
    begin, seconds, errors = time.monotonic() + 0.5, list[float](), list[str]()

    def lane(number: int, call: Call) -> None:
        for turn in range(number, count, len(calls)):
            due = begin + turn / limit.rate
            time.sleep(max(0.0, due - time.monotonic()))
            try:
                call(turn)
            except (Fault, httpx.HTTPError) as wrong:
                errors.append(getattr(wrong, "code", type(wrong).__name__))
            else:
                seconds.append(time.monotonic() - due)

    lanes = [threading.Thread(target=lane, args=row) for row in enumerate(calls)]
    for thread in lanes:
        thread.start()
    for thread in lanes:
        thread.join()
    return Measured(limit, tuple(seconds), tuple(errors), len(seconds) / (time.monotonic() - begin))


@dataclass(frozen=True, slots=True)
class Caller:
    """A practice with a connection of its own and an open session."""

    node: Node
    client: HubClient
    raw: httpx.Client
    session: Session

    def attest(self) -> Session:
        """What `AttestedSessions` does."""
        return self.node.sessions.use(lambda session: session)


@contextmanager
def callers(net: Network) -> Iterator[list[Caller]]:
    """As many as there are lanes; the practices take turns."""
    opened = []
    for lane in range(LANES):
        name = f"practice-{lane % len(PRACTICES)}"
        settings, node = net.settings(name), net.node(name)
        context = bootstrap.client_context(settings)
        raw = httpx.Client(base_url=settings.hub_url, verify=context, trust_env=False, timeout=15)
        session = node.sessions.use(lambda session: session)
        opened.append(Caller(node, HubClient(settings.hub_url, context), raw, session))
    yield opened
    for caller in opened:
        caller.client.close()
        caller.raw.close()


def sites() -> list[Site]:
    """The nodes are there for their certificates and cards; of their processes only the pages run, idle."""
    pacs = Passport("PACS", AeTitle("PACS"), "127.0.0.1", 104, Retrieve.C_GET, Store.C_STORE)
    hospital = Site("hospital", "Klinikum", HOSPITAL, "1.2.276.0.76.4.53", (pacs,), without=_IDLE)
    practices = [
        Site(f"practice-{number}", "Praxis", one, "1.2.276.0.76.4.50", (pacs,), without=_IDLE)
        for number, one in enumerate(PRACTICES)
    ]
    return [hospital, *practices]


def register(net: Network) -> None:
    """One link, for which all will ask."""
    hospital = net.node("hospital")
    expires = datetime.now(UTC) + timedelta(days=365)
    link = RegisteredLink(_LINK, HOSPITAL, StudyUid("2.25.1"), _DIGEST, lock_of(_DIGEST), expires)
    hospital.sessions.use(lambda session: hospital.hub.register(session, link))


def wish(transfer: UUID, requester: TelematikId) -> Request:
    now = datetime.now(UTC)
    return Request(
        transfer=transfer,
        requester=requester,
        origin=HOSPITAL,
        link=_LINK,
        authority=Authority.RECORD,
        destination="PACS",
        purpose=Purpose.TREATMENT,
        user="bench",
        asked=now,
        document_digest=_DIGEST,
        read_at=now,
        offer="",
    )


def grants(lanes: list[Caller], count: int) -> tuple[Measured, list[UUID]]:
    """Requests are signed as they are due, as nodes do."""
    transfers = [uuid4() for _ in range(count)]

    def asking(caller: Caller) -> Call:
        def call(turn: int) -> None:
            request = wish(transfers[turn], caller.node.me).claims(caller.node.hub_audience)
            caller.client.grant(caller.session, caller.node.signer.sign(request, typ=TYP))

        return call

    return paced(GRANTS, count, [asking(caller) for caller in lanes]), transfers


def states(lanes: list[Caller], transfers: list[UUID], count: int) -> Measured:
    """Each practice asks for its own transfers."""

    def asking(lane: int, caller: Caller) -> Call:
        own = transfers[lane::LANES]

        def call(turn: int) -> None:
            caller.raw.get(f"/ledger/transfers/{own[turn % len(own)]}").raise_for_status()

        return call

    return paced(STATES, count, [asking(lane, caller) for lane, caller in enumerate(lanes)])


def sessions(net: Network, lanes: list[Caller], count: int) -> Measured:
    """Nonce, signature of the simulated card, session with OCSP: all of it is timed."""

    def opening(lane: int, caller: Caller) -> Call:
        own = net.node(f"practice-{lane % len(PRACTICES)}")
        card, thumbprint = own.sessions._card, own.signer.kid  # type: ignore[attr-defined]

        def call(_: int) -> None:
            nonce = caller.client.nonce()
            attested = card.attest(audience=own.hub_audience, nonce=nonce, thumbprint=thumbprint)
            caller.client.open_session(attested)

        return call

    return paced(SESSIONS, count, [opening(lane, caller) for lane, caller in enumerate(lanes)])


def check(net: Network, granted: Measured) -> str:
    """Every grant that was answered has its decision and its entry in an unbroken chain."""
    hub = bootstrap.database(net.hub_settings)
    audited = 0
    for practice in PRACTICES:
        with hub.audit_trail(practice) as entries:
            listed = list(entries)
        assert first_bad(listed) is None
        audited += sum(entry.action is Action.PULL_GRANTED for entry in listed)
    hub.close()
    assert audited >= len(granted.seconds), "a grant without an entry"
    return f"{audited} grants stand in unbroken audit chains"


def measure(seconds: float) -> list[str]:
    with tempfile.TemporaryDirectory(prefix="linkexchange-hub-") as folder:
        Path(folder).chmod(0o711)
        with network.running(Path(folder), sites(), signature_seconds=0) as net:
            register(net)
            with callers(net) as lanes:
                grants(lanes, 100)
                granted, transfers = grants(lanes, round(GRANTS.rate * seconds))
                told = states(lanes, transfers, round(STATES.rate * seconds))
                opened = sessions(net, lanes, round(SESSIONS.rate * seconds))
                said = check(net, granted)
    for one in (granted, told, opened):
        print(one.row)
    print(said)
    return [granted.row, told.row, opened.row, said]


TEXT = """# What the hub bears

*Reference, for whoever runs a hub.*

<!-- Made by tests/benchmarks/hub.py --write-docs: measure again, do not edit. -->

Measured on {day}, {cores} cores, Linux {linux}, Python {python}. Hub (two resolver processes), PostgreSQL, simulated TI
and the callers ({lanes} connections of three practices) share these cores. Calls come at a fixed rate for
{seconds:.0f} s, whether or not the ones before have been answered; each is timed from the moment at which it was due,
over TLS with both certificates.

| work | asked for | answered | median | p99 | longest | errors | holds |
|---|---|---|---|---|---|---|---|
{rows}

After the run {said}. A session is nonce, signature of the simulated card, and its verification with an OCSP answer of
that moment.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--write-docs", action="store_true")
    chosen = parser.parse_args()
    *rows, said = measure(chosen.seconds)
    if chosen.write_docs:
        values = {"day": f"{datetime.now(UTC):%Y-%m-%d}", "cores": os.cpu_count(), "linux": platform.release()}
        told = {"python": platform.python_version(), "lanes": LANES, "seconds": chosen.seconds}
        PAGE.write_text(TEXT.format(**values, **told, rows="\n".join(rows), said=said))


if __name__ == "__main__":
    main()
