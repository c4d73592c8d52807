from __future__ import annotations

import os
import socket
import struct
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPSConnection, IncompleteRead
from pathlib import Path
from uuid import uuid4

import folder_origin
import listening
import pytest
from certificates import Authority
from folder_origin import FolderOrigin, Network, Switch
from shipped import Study

from linkexchange.dicomweb.server import application
from linkexchange.errors import OriginPacsUnavailable
from linkexchange.model.grant import Grant
from linkexchange.model.identifiers import SeriesUid, SopClassUid, SopInstanceUid, TransferSyntaxUid
from linkexchange.ports import CHUNK_MAX_BYTES, Brake, IncomingInstance
from linkexchange.threaded.connection import DEFAULT_LIMITS

pytestmark = pytest.mark.slow

CT, EXPLICIT = SopClassUid("1.2.840.10008.5.1.4.1.1.2"), TransferSyntaxUid("1.2.840.10008.1.2.1")
STALLED_SECONDS = 6.0
STUDY = "/dicomweb/studies/2.25.81"


class EndlessOrigin(FolderOrigin):
    """An origin with one instance that never ends."""

    def open(
        self, grant: Grant, *, series: SeriesUid | None, wanted: frozenset[SopInstanceUid] | None, brake: Brake
    ) -> Generator[IncomingInstance, None, None]:
        del grant, series, wanted, brake
        try:
            yield IncomingInstance(CT, SopInstanceUid("2.25.81.1.1"), EXPLICIT, self._endless())
        finally:
            self.closed.set()

    def _endless(self) -> Iterator[bytes]:
        chunk = bytes(CHUNK_MAX_BYTES)
        while True:
            self.produced += 1
            yield chunk


class SilentOrigin(FolderOrigin):
    """An origin whose PACS says nothing more in the middle of an instance, over a socket that the brake shuts down."""

    def open(
        self, grant: Grant, *, series: SeriesUid | None, wanted: frozenset[SopInstanceUid] | None, brake: Brake
    ) -> Generator[IncomingInstance, None, None]:
        del grant, series, wanted
        ours, theirs = socket.socketpair()
        try:
            with ours, theirs, brake.stops(lambda: ours.shutdown(socket.SHUT_RDWR)):
                yield IncomingInstance(CT, SopInstanceUid("2.25.81.1.1"), EXPLICIT, self._silent(ours))
        finally:
            self.closed.set()

    def _silent(self, pacs: socket.socket) -> Iterator[bytes]:
        yield bytes(CHUNK_MAX_BYTES)
        self.opened.set()
        pacs.recv(1)
        raise OriginPacsUnavailable


@pytest.fixture
def endless(study: Study, tmp_path: Path) -> Iterator[Network]:
    """A network whose origin never ends, and gives clients some seconds to take something."""
    with _listening(EndlessOrigin, study, tmp_path) as network:
        yield network


@pytest.fixture
def silent(study: Study, tmp_path: Path) -> Iterator[Network]:
    """A network whose origin waits for its PACS."""
    with _listening(SilentOrigin, study, tmp_path) as network:
        yield network


@contextmanager
def _listening(kind: type[FolderOrigin], study: Study, tmp_path: Path) -> Iterator[Network]:
    authority = Authority(tmp_path)
    server, node = authority.node(folder_origin.ORIGIN), authority.node(folder_origin.REQUESTER)
    (tmp_path / "pacs").mkdir()
    origin = kind(study, tmp_path / "pacs")
    limits = replace(DEFAULT_LIMITS, stalled=STALLED_SECONDS)
    context = server.server_context()
    with listening.answering(application(origin, folder_origin.ORIGIN), context, limits=limits) as port:
        yield Network(origin, Switch(origin), authority, node, port)


def test_a_client_that_goes_away_ends_the_retrieval(endless: Network) -> None:
    connection = _begin(endless)
    connection.close()
    assert endless.origin.closed.wait(STALLED_SECONDS / 2)


def test_a_client_that_is_cut_off_without_a_word_ends_the_retrieval(endless: Network) -> None:
    connection = _begin(endless)
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(connection.sock.detach())
    assert endless.origin.closed.wait(STALLED_SECONDS / 2)


def test_f_12_a_client_that_goes_away_while_the_pacs_is_silent_frees_the_thread_that_waits_for_it(
    silent: Network,
) -> None:
    connection = _begin(silent)
    assert silent.origin.opened.wait(20)
    connection.close()
    assert silent.origin.closed.wait(20)


def test_a_slow_client_holds_the_pacs_back(endless: Network) -> None:
    connection = _begin(endless)
    time.sleep(0.5)
    ahead = endless.origin.produced * CHUNK_MAX_BYTES
    connection.close()
    assert ahead < 32 * CHUNK_MAX_BYTES


def test_a_client_that_takes_nothing_is_given_up(endless: Network) -> None:
    connection = _begin(endless)
    assert endless.origin.closed.wait(5 * STALLED_SECONDS)
    connection.close()


def test_a_fault_in_the_middle_leaves_the_answer_incomplete(network: Network) -> None:
    network.origin.fault, network.origin.fault_after = OriginPacsUnavailable(), 25
    with pytest.raises(IncompleteRead):
        network.get(STUDY, network.token)
    assert network.origin.closed.wait(20)


def test_a_bug_in_the_middle_leaves_the_answer_incomplete(network: Network) -> None:
    network.origin.fault, network.origin.fault_after = RuntimeError("a bug"), 25  # type: ignore[assignment]
    with pytest.raises(IncompleteRead):
        network.get(STUDY, network.token)
    assert network.origin.closed.wait(20)


def test_stalled_pacs_do_not_keep_other_routes_from_answering(study: Study, tmp_path: Path) -> None:
    with folder_origin.network(study, tmp_path) as network:
        network.origin.gate.clear()
        pulls = [threading.Thread(target=network.get, args=(STUDY, network.token)) for _ in range(45)]
        for pull in pulls:
            pull.start()
        try:
            assert network.origin.opened.wait(20)
            began = time.monotonic()
            assert network.get(f"/transfers/{uuid4()}/digests")[0] == 200
            assert time.monotonic() - began < 20
        finally:
            network.origin.gate.set()
            for pull in pulls:
                pull.join(20)


def _begin(network: Network) -> HTTPSConnection:
    """A client that has seen the beginning of an answer and takes no more of it."""
    connection = HTTPSConnection("localhost", network.port, context=network.context, timeout=10)
    connection.request("GET", STUDY, headers={"Authorization": f"Bearer {network.token}"})
    assert connection.getresponse().read(10).startswith(b"--")
    return connection
