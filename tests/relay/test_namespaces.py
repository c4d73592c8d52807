"""Two nodes that can reach nothing but the hub: a study goes through its relay, which sees nothing of it."""

from __future__ import annotations

import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
import pytest
import synthetic
import three_houses
from benchmarks import ours, studies
from benchmarks.ours import HOSPITAL, PRACTICE, Ours
from benchmarks.pacs import Archive, Discard
from benchmarks.studies import CT, Study
from three_houses import Capture, Houses

from linkexchange import bootstrap
from linkexchange.demo import network
from linkexchange.demo.free_ports import free_port
from linkexchange.demo.network import Network, Site
from linkexchange.model.audit import AuditEntry
from linkexchange.model.route import Route
from linkexchange.model.transfer import FINAL, State

pytestmark = [
    pytest.mark.root,
    pytest.mark.peers,
    pytest.mark.slow,
    pytest.mark.skipif(bool(three_houses.missing()), reason=f"namespaces: {three_houses.missing()}"),
]

STUDY = Study("relayed", 91, "CT", CT.sop_class, instances=32, rows=512, columns=512)
BYTES_PER_SECOND = 8_000_000
"""Slow enough to be killed in the middle."""
_QUICK = {"retry_seconds": 0.3, "worker_stalled_seconds": 5.0}
_PATIENCE_SECONDS = 90.0


@dataclass(frozen=True)
class Ground:
    """What is running where."""

    houses: Houses
    ours: Ours
    entry: str
    discard: Discard

    @property
    def net(self) -> Network:
        return self.ours.net

    def relay(self) -> psutil.Process:
        """The process of the relay, a child of the hub's household."""
        [relay] = [it for it in psutil.Process(self.net.hub.process.pid).children() if it.name() == "relay"]
        return relay

    def pull(self, meanwhile: Callable[[], None] = lambda: None) -> UUID:
        transfer = self.ours.request(self.entry, self.discard.as_destination())
        meanwhile()
        self.wait(lambda: self.state(transfer) in FINAL, "the end of the pull")
        return transfer

    def state(self, transfer: UUID) -> State:
        practice = self.ours.practice
        with practice.store.work(practice.me) as work:
            return work.transfers.get(transfer).state

    def entries(self) -> list[AuditEntry]:
        store = bootstrap.database(self.net.settings(PRACTICE))
        with store.audit_trail(self.ours.practice.me) as entries:
            found = list(entries)
        store.close()
        return found

    def wait(self, condition: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not condition():
            if time.monotonic() > deadline:
                logs = [file.read_text()[-3000:] for file in self.net.hub.settings_file.parents[1].glob("*/log")]
                pytest.fail("\n".join([f"waited in vain: {what}", *logs]))
            time.sleep(0.05)


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    with three_houses.built() as houses, houses.inside(houses.hub), _running(houses) as ground:
        yield ground


@contextmanager
def _running(houses: Houses) -> Iterator[Ground]:
    folder = Path(tempfile.mkdtemp(prefix="linkexchange-relay-"))
    folder.chmod(0o711)
    relay_port = free_port()
    try:
        with ExitStack() as stack:
            with houses.inside(houses.practice):
                discard = stack.enter_context(Discard())
            with houses.inside(houses.hospital):
                archive = stack.enter_context(Archive("ORIGIN"))
                archive.fill(studies.write(STUDY, folder))
            sites = [
                _closed(
                    ours.hospital([archive.passport()]), three_houses.HOSPITAL, houses.hospital, houses, relay_port
                ),
                _closed(
                    ours.practice([discard.as_destination()]),
                    three_houses.PRACTICE,
                    houses.practice,
                    houses,
                    relay_port,
                ),
            ]
            hub = {"relay_port": relay_port, "relay_bytes_per_second": BYTES_PER_SECOND}
            net = stack.enter_context(
                network.running(folder, sites, host=three_houses.HUB, signature_seconds=0.05, hub_settings=hub)
            )
            net.ti.patients.open_record(synthetic.KVNR)
            for site in sites:
                net.ti.patients.entitle(synthetic.KVNR, site.telematik_id, bootstrap.now() + timedelta(days=90))
            running = Ours(net)
            with houses.inside(houses.hospital):
                entry = running.publish(STUDY, archive.passport())
            yield Ground(houses, running, entry, discard)
    finally:
        shutil.rmtree(folder)


def _closed(site: Site, address: str, namespace: str, houses: Houses, relay_port: int) -> Site:
    """A node without an open port: it listens for its own processes only."""
    settings: dict[str, Any] = {**_QUICK, "listen_host": "127.0.0.1", "relays": f"{three_houses.HUB}:{relay_port}"}
    within = partial(houses.inside, namespace)
    return Site(
        site.name,
        site.institution,
        site.telematik_id,
        site.profession_oid,
        site.pacs,
        settings,
        without=("web",),
        host=address,
        within=within,
    )


def test_neither_node_listens_on_a_public_address_and_neither_reaches_the_other(ground: Ground) -> None:
    for name in (HOSPITAL, PRACTICE):
        household = psutil.Process(ground.net.nodes[name].process.pid)
        pids = [household.pid, *(it.pid for it in household.children(recursive=True))]
        places = three_houses.listening(pids)
        assert (ground.net.settings(name).listen_host, ground.net.settings(name).listen_port) in places
        assert {address for address, _ in places} == {"127.0.0.1"}
    houses = ground.houses
    for here, there in ((houses.hospital, three_houses.PRACTICE), (houses.practice, three_houses.HOSPITAL)):
        with houses.inside(here), pytest.raises(OSError, match="unreachable"):
            socket.create_connection((there, 443), 2)


def test_a_study_goes_through_the_relay_and_a_capture_at_the_hub_holds_nothing_of_it(ground: Ground) -> None:
    with Capture(ground.houses.devices) as capture:
        transfer = ground.pull()
        ground.ours.see_complete(transfer, STUDY)
        _say_in_clear(ground.houses, b"a canary in clear text")
        ground.wait(lambda: capture.has(b"a canary in clear text"), "a capture that sees clear text")
    # Each byte comes in at one device and leaves at the other.
    assert capture.bytes > 2 * STUDY.instances * STUDY.pixel_bytes
    assert [text for text in _secrets() if capture.has(text)] == []
    [changed] = [it for it in ground.entries() if it.action == "route.changed"]
    assert changed.fields["route"] == Route.RELAY
    [ended] = [it for it in ground.entries() if (it.action, it.fields.get("transfer")) == ("pull.ended", str(transfer))]
    assert ended.fields["route"] == Route.RELAY


def test_f_01_the_relay_is_killed_in_the_middle_and_the_transfer_ends_complete(ground: Ground) -> None:
    begun: list[float] = []

    def kill() -> None:
        with Capture(ground.houses.devices) as capture:
            ground.wait(lambda: capture.bytes > STUDY.instances * STUDY.pixel_bytes * 2 / 3, "a third of the study")
        before = ground.relay()
        before.send_signal(signal.SIGKILL)
        begun.append(time.monotonic())
        ground.wait(lambda: not before.is_running() and _running_relay(ground), "another relay")

    transfer = ground.pull(kill)
    assert time.monotonic() - begun[0] < 40.0
    ground.ours.see_complete(transfer, STUDY)


def _running_relay(ground: Ground) -> bool:
    try:
        return ground.relay().is_running()
    except (ValueError, psutil.NoSuchProcess):
        return False


def _say_in_clear(houses: Houses, text: bytes) -> None:
    """What the capture would look like if the relay could read."""
    with houses.inside(houses.practice), socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.sendto(text, (three_houses.HUB, 9))


def _secrets() -> list[bytes]:
    name = "Größler^Änne"
    instance = (f"{STUDY.uid}.9.{number}".encode() for number in (1, 2, 30, STUDY.instances))
    return [
        *(text for it in (name, "Größler", "Änne") for text in (it.encode(), it.encode("latin-1"))),
        synthetic.KVNR.encode(),
        b"HOSP-77",
        b"19610517",
        STUDY.uid.encode(),
        *instance,
        b"MONOCHROME2",
        b"DICM",
        b"WADO",
        b"/dicomweb/studies",
        b"Bearer ",
    ]
