"""Two hub processes and three workers on one PostgreSQL, under load, with SIGKILL at random and power cuts.

Whatever was accepted ends, every state is true, and every grant that was answered stands in an unbroken audit chain.
`make storm` lets it blow longer (LINKEXCHANGE_STORM=seconds).
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID, uuid4

import peers
import pytest
import synthetic
from faults.conftest import QUICK, WAIT_SECONDS, patient, published
from faults.counting_pacs import CountingPacs
from sqlalchemy import text
from store.own_server import OwnServer

from linkexchange import bootstrap, lifeline, pull
from linkexchange.demo import network
from linkexchange.demo.network import Network, Site
from linkexchange.errors import Fault
from linkexchange.govern import Rulebook
from linkexchange.hub import HubClient
from linkexchange.model.audit import Action, first_bad
from linkexchange.model.identifiers import LinkId, TelematikId
from linkexchange.model.participant import HUB
from linkexchange.model.quota import Counted, Quota, Span, Whose
from linkexchange.model.request import TYP, Request
from linkexchange.model.transfer import FINAL, Ask, Authority, Purpose, State
from linkexchange.ports import Node
from linkexchange.signing import PROOF_MAX_BYTES, verify
from linkexchange.store.transaction import act_for, transaction
from linkexchange.store.work import Database

pytestmark = [pytest.mark.peers, pytest.mark.slow]
SECONDS = float(os.environ.get("LINKEXCHANGE_STORM", "8"))
SEED = int(os.environ.get("LINKEXCHANGE_SEED", "77"))
COUNT, WORKERS, ASKING = 6, 3, 3
PAUSE_SECONDS = max(0.8, SECONDS / 100)
"""Between pulls: a long storm is followed by a calm in which a hundred are carried on, not all night."""
GREEDY, LIMIT = "greedy", 40
"""One person, for whom three ask at once, at whichever process of the hub."""
HOSPITAL, PRACTICE = TelematikId("5-2-KHS-78"), TelematikId("1-2-PRX-78")


@dataclass
class Storm:
    """What runs, and what was accepted while it blew."""

    net: Network
    practice: Node
    server: OwnServer
    destination: CountingPacs
    entry: str
    folder: Path
    workers: list[lifeline.Child] = field(default_factory=list)
    transfers: list[UUID] = field(default_factory=list)
    granted: list[UUID] = field(default_factory=list)
    kills: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def start_worker(self) -> None:
        settings = str(self.net.nodes["practice"].settings_file)
        with (self.folder / "workers.log").open("ab") as log:
            command = [sys.executable, "-m", "linkexchange", "worker", "--settings", settings]
            self.workers.append(lifeline.spawn(command, output=log))

    def resolvers(self) -> list[int]:
        parent = self.net.hub.process.pid
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        return [int(pid) for pid in children if _name(pid).startswith("resolver")]

    def strike(self, dice: random.Random) -> None:
        """SIGKILL for one of the hub's processes or one of the workers."""
        if dice.random() < 0.5 and (there := self.resolvers()):
            os.kill(dice.choice(there), signal.SIGKILL)
        else:
            dice.choice(self.workers).kill()
        self.kills += 1

    def replace_the_dead(self) -> None:
        """As whatever starts the services of a machine does: workers end by themselves when their server is gone."""
        dead = [worker for worker in self.workers if worker.poll() is not None]
        self.workers = [worker for worker in self.workers if worker not in dead]
        for _ in dead:
            self.start_worker()

    def pull_again_and_again(self) -> None:
        """Accepted is what has a number: only that must not be lost."""
        place = self.destination.passport.name
        while not self.over.wait(PAUSE_SECONDS):
            user = f"person {len(self.transfers)}"
            ask = Ask(Authority.RECORD, place, Purpose.TREATMENT, user, kvnr=synthetic.KVNR, entry=self.entry)
            with suppress(Fault):
                self.transfers.append(pull.request(self.practice, ask))

    def ask_again_and_again(self, wish: Request, user: str) -> None:
        """Grants, with a client of one's own, for one user or each for another; each has a number of its own."""
        settings = self.net.settings("practice")
        with closing(HubClient(settings.hub_url, bootstrap.client_context(settings))) as client:
            while not self.over.wait(0.05):
                now, transfer = bootstrap.now(), uuid4()
                request = replace(wish, transfer=transfer, asked=now, read_at=now, user=user or f"person {transfer}")
                signed = self.practice.signer.sign(request.claims(settings.hub_url), typ=TYP)
                with suppress(Fault):
                    self.practice.sessions.use(lambda session, signed=signed: client.grant(session, signed))
                    self.granted.append(request.transfer)

    def states(self) -> set[State]:
        with self.practice.store.work(self.practice.me) as work:
            return {work.transfers.get(one).state for one in self.transfers}


def _name(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


@contextmanager
def storm() -> Iterator[Storm]:
    folder = Path(tempfile.mkdtemp(prefix="linkexchange-storm-"))
    folder.chmod(0o711)
    destination = CountingPacs()
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        orthanc = stack.enter_context(peers.Orthanc("ORIGIN"))
        stack.enter_context(destination.running())
        orthanc.upload(synthetic.study(COUNT, 4096))
        server = stack.enter_context(OwnServer.running(_made(folder / "postgres")))
        mine = {**QUICK, **server.database("practice"), "retry_attempts": 200}
        hospital = Site("hospital", "Klinikum", HOSPITAL, "1.2.276.0.76.4.53", (orthanc.passport(),), QUICK)
        practice = Site("practice", "Praxis", PRACTICE, "1.2.276.0.76.4.50", (destination.passport,), mine)
        practice = replace(practice, without=("worker", "web"))
        net = stack.enter_context(
            network.running(folder, [hospital, practice], signature_seconds=0.05, hub_settings=server.database("hub"))
        )
        entry = published(net, orthanc.passport().name)
        _limit(net)
        node = stack.enter_context(closing(bootstrap.node(patient(net.settings("practice")))))
        ground = Storm(net, node, server, destination, entry, folder)
        stack.callback(lambda: [lifeline.stop(worker) for worker in ground.workers])
        for _ in range(WORKERS):
            ground.start_worker()
        yield ground


def _limit(net: Network) -> None:
    """By the day, since an hour may end in the middle of this."""
    per_person = Quota(Whose.USER, Counted.TRANSFERS, Span.DAY, LIMIT, LIMIT, locks=False)
    with closing(bootstrap.database(net.hub_settings)) as hub:
        Rulebook(HUB, hub).load_quotas([per_person], user="test", at=bootstrap.now())


def _made(folder: Path) -> Path:
    folder.mkdir(mode=0o711)
    return folder


def _wish(ground: Storm) -> Request:
    """The request of a pull, as the practice's worker signs it."""
    document = ground.practice.record.retrieve(synthetic.KVNR, ground.entry)
    link = ground.practice.store.read_document(document)  # type: ignore[attr-defined]
    now = bootstrap.now()
    return Request(
        transfer=uuid4(),
        requester=PRACTICE,
        origin=HOSPITAL,
        link=LinkId(link.link),
        authority=Authority.RECORD,
        destination=ground.destination.passport.name,
        purpose=Purpose.TREATMENT,
        user="test",
        asked=now,
        document_digest=document.digest,
        read_at=now,
        offer="",
    )


def test_q_02_kills_and_power_cuts_lose_nothing_that_was_accepted(capsys: pytest.CaptureFixture[str]) -> None:
    with storm() as ground:
        asking = [threading.Thread(target=ground.pull_again_and_again)]
        users = [*[GREEDY] * ASKING, "", ""]
        wish = _wish(ground)
        asking += [threading.Thread(target=ground.ask_again_and_again, args=(wish, user)) for user in users]
        for thread in asking:
            thread.start()
        dice, end = random.Random(SEED), time.monotonic() + SECONDS
        cuts = [end - SECONDS / 2, end - 1]
        while time.monotonic() < end:
            ground.over.wait(dice.uniform(0.2, 1.0))
            ground.strike(dice)
            ground.replace_the_dead()
            if cuts and time.monotonic() > cuts[0]:
                ground.server.restart()
                cuts.pop(0)
        ground.over.set()
        for thread in asking:
            thread.join(WAIT_SECONDS)
        _wait(ground)
        assert min(ground.kills, len(ground.granted), 4 * PAUSE_SECONDS * len(ground.transfers)) > SECONDS / 2
        _see_that_all_is_true(ground)
        _see_that_the_hub_has_all(ground)
        with capsys.disabled():
            sys.stdout.write(f"{ground.kills} kills, {len(ground.transfers)} pulls, {len(ground.granted)} grants\n")


def _wait(ground: Storm) -> None:
    # Whoever was struck again and again waits about as long as it blew until the next attempt.
    deadline = time.monotonic() + WAIT_SECONDS + 2 * SECONDS
    while not ground.states() <= FINAL:
        ground.replace_the_dead()
        assert time.monotonic() < deadline, (ground.states(), (ground.folder / "workers.log").read_text()[-3000:])
        time.sleep(0.1)


def _see_that_all_is_true(ground: Storm) -> None:
    """V1, V3, V4 and V7: all are complete, their proofs say so, and nothing else has arrived, byte-equal."""
    assert ground.states() == {State.COMPLETE}
    assert len(ground.destination.received) == COUNT
    assert all(len(digests) == 1 for digests in ground.destination.digests.values())
    for transfer in ground.transfers:
        with ground.practice.store.work(PRACTICE) as work:
            signed = work.transfers.proof(transfer)
        assert signed
        proof = verify(signed, ground.practice.signer.public, max_bytes=PROOF_MAX_BYTES).claims
        assert (proof["outcome"], proof["stored"], proof["expected"]) == ("complete", COUNT, COUNT)


_GRANTED_TO = "SELECT count(DISTINCT transfer) FROM decisions WHERE reason IS NULL AND inputs->>'user' = :user"


def _see_that_the_hub_has_all(ground: Storm) -> None:
    """V5 at the hub: each grant has its entry, the chain has no gap, and nobody was granted more than his quota."""
    hub = bootstrap.database(ground.net.hub_settings)
    assert isinstance(hub, Database)
    with closing(hub):
        with hub.audit_trail(PRACTICE) as entries:
            listed = list(entries)
        with transaction(hub.engine) as connection:
            act_for(connection, PRACTICE)
            assert 0 < connection.execute(text(_GRANTED_TO), {"user": GREEDY}).scalar_one() <= LIMIT
    assert first_bad(listed) is None
    granted = {str(entry.fields["transfer"]) for entry in listed if entry.action is Action.PULL_GRANTED}
    assert {str(one) for one in (*ground.granted, *ground.transfers)} <= granted
