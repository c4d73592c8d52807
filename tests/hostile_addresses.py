"""Addresses that would lead a reader of documents inside, and a watch that sees whether anybody follows one."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

ADDRESSES = (
    "https://127.0.0.1:{port}/",
    "http://127.0.0.1:{port}/",
    "https://127.0.0.2:{port}/",
    "https://127.1:{port}/",
    "https://0:{port}/",
    "https://0.0.0.0:{port}/",
    "https://0177.1:{port}/",
    "https://0177.0.0.01:{port}/",
    "https://0x7f.1:{port}/",
    "https://0x7f000001:{port}/",
    "https://2130706433:{port}/",
    "https://017700000001:{port}/",
    "https://[::1]:{port}/",
    "https://[::]:{port}/",
    "https://[::ffff:127.0.0.1]:{port}/",
    "https://[::ffff:7f00:1]:{port}/",
    "https://[64:ff9b::7f00:1]:{port}/",
    "https://[fe80::1%25lo]:{port}/",
    "https://[fe80::1%lo]:{port}/",
    "https://localhost:{port}/",
    "https://localhost.:{port}/",
    "https://LOCALHOST:{port}/",
    "https://ip6-localhost:{port}/",
    "https://127.0.0.1.nip.io:{port}/",
    "https://\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3:{port}/",
    "https://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460:{port}/",
    "https://127\u30020\u30020\u30021:{port}/",
    "https://n\u043ede.klinik.example:{port}/",
    "https://xn--nde-4cd.klinik.example:{port}/",
    "https://node.klinik.example@127.0.0.1:{port}/",
    "https://127.0.0.1:{port}\\@node.klinik.example/",
    "https://127.0.0.1:{port}#node.klinik.example/",
    "https://node.klinik.example/redirect?to=http://127.0.0.1:{port}/",
    "https://127.0.0.1:{port}/redirect/https:/169.254.169.254/",
    "//127.0.0.1:{port}/",
    "https://169.254.169.254/latest/meta-data/",
    "https://[fd00:ec2::254]/latest/meta-data/",
    "https://metadata.google.internal/computeMetadata/v1/",
    "https://127.0.0.1:5432/",
    "postgresql://postgres@127.0.0.1:{port}/postgres",
    "unix:/run/postgresql/.s.PGSQL.5432",
    "http+unix://%2Frun%2Fpostgresql%2F.s.PGSQL.5432/",
    "file:///etc/passwd",
    "file://127.0.0.1/etc/passwd",
    "gopher://127.0.0.1:{port}/_INFO",
    "dict://127.0.0.1:{port}/info",
    "ftp://127.0.0.1:{port}/a",
    "ldap://127.0.0.1:{port}/a",
    "jar:https://127.0.0.1:{port}/a!/b",
    "data:application/dicom,a",
)
"""With `{port}` for that of a listener."""
LOOPBACK = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}
_FILE = "/etc/passwd"
_ASKED = ("socket.connect", "socket.getaddrinfo", "socket.gethostby", "socket.getnameinfo", "socket.sendto", "urllib.")


@dataclass
class Watch:
    """A listener that nobody should call, and what the process did towards any address or name meanwhile."""

    port: int
    listeners: list[socket.socket]
    asked: list[str] = field(default_factory=list)

    @property
    def seen(self) -> list[str]:
        """Connections, look-ups and files of addresses; those that came to the listener as well."""
        return self.asked + [f"listener: {it}" for it in map(_caller, self.listeners) if it]

    def note(self, event: str, arguments: tuple[Any, ...]) -> None:
        """A hook of PEP 578, which also sees what C code asks of `socket`."""
        if event.startswith(_ASKED) or (event == "open" and arguments[0] == _FILE):
            self.asked.append(f"{event} {arguments!r}")
            raise AssertionError(f"asked for an address: {event}")


_watches: list[Watch] = []
_hooked: list[bool] = []


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    for watch in _watches:
        watch.note(event, arguments)


def _caller(listener: socket.socket) -> str:
    with suppress(BlockingIOError):
        connection, address = listener.accept()
        connection.close()
        return str(address)
    return ""


@contextmanager
def watched() -> Iterator[Watch]:
    """Whatever connects or looks up a name within the block fails and is noted."""
    if not _hooked:  # a hook can never be taken back
        sys.addaudithook(_hook)
        _hooked.append(True)
    with ExitStack() as stack:
        watch = _listening(stack)
        _watches.append(watch)
        try:
            yield watch
        finally:
            _watches.remove(watch)


def _listening(stack: ExitStack) -> Watch:
    """On IPv4, and on the same port of IPv6 where the machine has it."""
    first = stack.enter_context(socket.create_server((LOOPBACK[socket.AF_INET], 0)))
    listeners, port = [first], int(first.getsockname()[1])
    with suppress(OSError):
        second = socket.create_server((LOOPBACK[socket.AF_INET6], port), family=socket.AF_INET6)
        listeners.append(stack.enter_context(second))
    for it in listeners:
        it.setblocking(False)
    return Watch(port, listeners)
