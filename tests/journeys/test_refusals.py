"""A refused pull sends nothing to the origin: in the hospital's place stands a listener that counts connections."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from uuid import uuid4

import peers
import pytest
from journeys.conftest import Stage

from linkexchange import bootstrap, documents, pull
from linkexchange.demo.images import DemoStudy
from linkexchange.model.identifiers import LinkId
from linkexchange.model.link import Document
from linkexchange.model.transfer import State, Transfer

pytestmark = [pytest.mark.peers, pytest.mark.slow]
WAIT_SECONDS = 60.0


class Door:
    """Where the directory says that the hospital is."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._listener.setblocking(False)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._listener.getsockname()[1]}"

    def knocks(self) -> int:
        """Connections since the last look; the kernel has taken them, whether or not anybody answers."""
        count = 0
        while True:
            try:
                self._listener.accept()[0].close()
            except BlockingIOError:
                return count
            count += 1


@contextmanager
def door(stage: Stage) -> Iterator[Door]:
    """The hospital's row of the directory names the door instead of its node."""
    hub = bootstrap.database(stage.net.hub_settings)
    me = stage.hospital.me
    with hub.work(me) as work:
        real = work.directory.find(me)
    assert real
    with socket.create_server(("127.0.0.1", 0)) as listener:
        counted = Door(listener)
        with hub.work(me) as work:
            work.directory.put(replace(real, node_url=counted.url))
        try:
            yield counted
        finally:
            with hub.work(me) as work:
                work.directory.put(real)
            hub.close()


@pytest.fixture
def published(stage: Stage) -> Iterator[tuple[DemoStudy, str]]:
    """A study of the hospital and its entry in the record."""
    study = stage.studies[0]
    with peers.Orthanc("ORIGIN") as origin, peers.StoreScp("DEST") as destination:
        origin.upload(study.files)
        stage.use(origin=origin.passport(), destination=destination.passport())
        yield study, stage.publish(study)


def refused(stage: Stage, study: DemoStudy, entry: str) -> Transfer:
    with door(stage) as counted:
        transfer = stage.pull(study, entry)
        assert counted.knocks() == 0
    assert transfer.state is State.FAILED
    return transfer


def test_a_01_the_record_refuses(stage: Stage, published: tuple[DemoStudy, str]) -> None:
    study, entry = published
    stage.net.ti.patients.hide(study.patient.kvnr, entry)
    assert refused(stage, study, entry).reason == "not-entitled: no such document"
    accesses = stage.net.ti.patients.accesses(study.patient.kvnr)
    assert accesses[-1].telematik_id == stage.practice.me


def test_t16_the_document_is_not_the_registered_one(stage: Stage, published: tuple[DemoStudy, str]) -> None:
    study, entry = published
    kvnr, record = study.patient.kvnr, stage.practice.record
    document = record.retrieve(kvnr, entry)
    spaced = Document(document.content.replace(b"?>", b"?> ", 1), document.media_type)
    another = replace(documents.read(document), link=LinkId(str(uuid4())))
    altered = record.replace(kvnr, entry, stage.practice.filing(another, spaced, "altered"))
    assert refused(stage, study, altered.entry).reason == "denied: link-not-permitted"


def test_l_07_the_link_was_withdrawn(stage: Stage, published: tuple[DemoStudy, str]) -> None:
    study, entry = published
    link = documents.read(stage.practice.record.retrieve(study.patient.kvnr, entry)).link
    stage.hospital.sessions.use(lambda session: stage.hospital.hub.withdraw(session, link))
    assert refused(stage, study, entry).reason == "denied: link-not-permitted"


def test_without_a_refusal_the_same_door_is_knocked_at(stage: Stage, published: tuple[DemoStudy, str]) -> None:
    """The counting counts: a granted pull does come to the door."""
    study, entry = published
    with door(stage) as counted:
        transfer = pull.request(stage.practice, stage.ask(study, entry))
        deadline = time.monotonic() + WAIT_SECONDS
        while not counted.knocks():
            assert time.monotonic() < deadline, "nobody came"
            time.sleep(0.05)
        pull.give_up(stage.practice, transfer, "test")
