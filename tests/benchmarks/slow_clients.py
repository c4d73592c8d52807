"""What good clients notice of 2,000 slow ones at the hub's port: N-01, measured.

.venv/bin/python tests/benchmarks/slow_clients.py

Half of the slow ones never begin a handshake, half send a head of which a field comes each second; whoever is dropped
comes again. They come from 16 addresses. A good client asks 20 times a second, from an address of its own, over one
connection. Server, good and slow clients are a process each.
"""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPSConnection
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

import peers
from benchmarks.noticed import held, p50, p99
from certificates import Authority, NodeCertificate

from linkexchange.model.identifiers import TelematikId

SLOW, ADDRESSES = 2000, 16
ASKED, PAUSE_SECONDS = 400, 0.05
_SERVER = """
import sys
from cryptography.hazmat.primitives.asymmetric import ec
from pathlib import Path
from linkexchange.listener import serve
from linkexchange.resolve import Resolver
from linkexchange.signing import Signer
from linkexchange.tls import server_context
from linkexchange.web.resolver import application
app = application(Resolver("", Signer.of(ec.generate_private_key(ec.SECP256R1()), "k"), None, None, None))
certificate, key, ca, port = sys.argv[1:]
serve(app, host="127.0.0.1", port=int(port), context=server_context(Path(certificate), Path(key), Path(ca)))
"""


def main() -> int:
    """Measure, print, and say by the status whether it holds."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (8192, 8192))
    with tempfile.TemporaryDirectory() as folder:
        authority = Authority(Path(folder))
        node, port = authority.node(TelematikId("1-2-practice")), peers.free_port()
        with _running(authority.node(TelematikId("5-2-hub")), port) as server:
            idle = _asked(node, port)
            before = held(server)
            with _attack(node, port):
                time.sleep(15)
                attacked, under = _asked(node, port), held(server)
            time.sleep(12)
            after = held(server)
    ratio = p99(attacked) / p99(idle)
    print(f"idle:   p50 {p50(idle):.1f} ms, p99 {p99(idle):.1f} ms; {before[0]} files, {before[1]:.0f} MB")
    print(f"attack: p50 {p50(attacked):.1f} ms, p99 {p99(attacked):.1f} ms; {under[0]} files, {under[1]:.0f} MB")
    print(f"after:  {after[0]} files, {after[1]:.0f} MB; p99 {ratio:.2f} times that of idle")
    return 0 if ratio < 2 and after[0] <= before[0] + 2 else 1


@contextmanager
def _running(own: NodeCertificate, port: int) -> Iterator[psutil.Process]:
    arguments = [str(own.certificate), str(own.key), str(own.ca), str(port)]
    process = subprocess.Popen([sys.executable, "-c", _SERVER, *arguments])
    try:
        _until_served(port)
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


def _until_served(port: int) -> None:
    for _ in range(200):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise TimeoutError("the server did not start")


@contextmanager
def _attack(node: NodeCertificate, port: int) -> Iterator[None]:
    child = os.fork()
    if child == 0:
        # Elsewhere they would have processors of their own.
        os.nice(15)
        with suppress(BaseException):
            asyncio.run(_crowd(node.client_context(), port))
        os._exit(0)
    try:
        yield
    finally:
        os.kill(child, 15)
        os.waitpid(child, 0)


async def _crowd(context: ssl.SSLContext, port: int) -> None:
    slow = [_slow(context if number % 2 else None, port, f"127.0.0.{2 + number % ADDRESSES}") for number in range(SLOW)]
    await asyncio.gather(*slow)


async def _slow(context: ssl.SSLContext | None, port: int, source: str) -> None:
    name = {"server_hostname": "localhost"} if context else {}
    while True:
        with suppress(OSError, asyncio.IncompleteReadError):
            to = asyncio.open_connection("127.0.0.1", port, ssl=context, local_addr=(source, 0), **name)  # type: ignore[arg-type]
            _, writer = await to
            for number in range(30):
                await asyncio.sleep(1)
                writer.write(b"GET / HTTP/1.1\r\n" if context and number == 0 else b"a: b\r\n" if context else b"")
                await writer.drain()
                if writer.is_closing():
                    break
            writer.close()
        await asyncio.sleep(5)


def _asked(node: NodeCertificate, port: int) -> list[float]:
    """How long each answer took, in milliseconds."""
    connection = HTTPSConnection("localhost", port, context=node.client_context(), timeout=30)
    took = []
    for _ in range(ASKED):
        begun = time.perf_counter()
        connection.request("GET", "/resolver/keys")
        assert connection.getresponse().read()
        took.append((time.perf_counter() - begun) * 1000)
        time.sleep(PAUSE_SECONDS)
    connection.close()
    return took


if __name__ == "__main__":
    sys.exit(main())
