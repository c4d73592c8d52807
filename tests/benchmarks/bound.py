"""What no node can avoid: TLS between two processes and two digests of every image, with nothing of ours around it.

Whoever passes images on does this beside what the PACS do in a direct C-MOVE, and on the same cores. The time of both,
one after the other, is therefore that of a relay whose own work costs nothing.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import certificates
import peers
from benchmarks import rivals
from benchmarks.bench import Bench
from benchmarks.figures import Result, rates
from benchmarks.studies import CT, Study

from linkexchange.model.identifiers import TelematikId

_BLOCK_BYTES = 512 << 10
_WINDOW_BYTES = 256 << 10


def rows(bench: Bench) -> Iterator[Result]:
    """Beside the direct C-MOVE of the same run."""
    study, three = bench.plan.sized(CT), bench.pacs
    bench.fill(study)
    contexts = _contexts(bench.root)
    seconds = bench.turns(
        {
            "carried": lambda: _carry(study, *contexts),
            "movescu": lambda: rivals.move(study, three.origin, three.discard),
        }
    )
    both = [sum(pair) for pair in zip(seconds["carried"], seconds["movescu"], strict=True)]
    yield Result(
        "bound",
        "CT: a relay that costs nothing but TLS and two digests",
        "MB/s",
        rates("relay", both, study.megabytes),
        rival=rates("direct C-MOVE", seconds["movescu"], study.megabytes),
        note=f"TLS and digests alone: {rates('alone', seconds['carried'], study.megabytes)} MB/s",
    )


def _carry(study: Study, server: ssl.SSLContext, client: ssl.SSLContext) -> float:
    """Seconds until the other process has all bytes of a study, which both have digested."""
    with socket.create_server((peers.HOST, 0)) as listener:
        sender = multiprocessing.get_context("fork").Process(target=_send, args=(study, listener, server))
        sender.start()
        plain = socket.create_connection(listener.getsockname())
        with closing(client.wrap_socket(plain, server_hostname=peers.HOST)) as stream:
            begun = time.monotonic()
            _receive(stream)
            seconds = time.monotonic() - begun
        sender.join()
    return seconds


def _send(study: Study, listener: socket.socket, context: ssl.SSLContext) -> None:
    block = memoryview(bytearray(_BLOCK_BYTES))
    plain, _ = listener.accept()
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with closing(context.wrap_socket(plain, server_side=True)) as stream:
        digest = hashlib.sha256()
        left = study.instances * study.pixel_bytes
        while left:
            part = block[:left]
            digest.update(part)
            stream.sendall(part)
            left -= len(part)


def _receive(stream: ssl.SSLSocket) -> None:
    digest = hashlib.sha256()
    window = memoryview(bytearray(_WINDOW_BYTES))
    while count := stream.recv_into(window):
        digest.update(window[:count])


def _contexts(root: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    folder = root / "bound"
    folder.mkdir(exist_ok=True)
    authority = certificates.Authority(folder)
    one, other = authority.node(TelematikId("5-2-sender")), authority.node(TelematikId("1-2-receiver"))
    return (
        one.server_context(),
        other.client_context(),
    )
