"""Three network namespaces: two houses that reach the hub and nothing else, and the hub, which passes no packet on.

with three_houses.built() as houses:
    with houses.inside(houses.hospital):
        ...
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.line import Line

HUB = "10.91.0.1"
HOSPITAL, PRACTICE = "10.91.1.2", "10.91.2.2"
_ETH_P_ALL = 3
_BUFFER_BYTES = 64 << 20


def missing() -> str:
    """Why there can be no namespaces on this machine; empty where there can."""
    if os.geteuid():
        return "needs root"
    return "" if shutil.which("ip") else "needs ip"


@dataclass(frozen=True, slots=True)
class Houses:
    """The names of the namespaces, and of the hub's two devices."""

    hub: str
    hospital: str
    practice: str
    devices: tuple[str, str] = ("to-hospital", "to-practice")

    def inside(self, namespace: str) -> AbstractContextManager[None]:
        """Whatever this thread opens or starts meanwhile stands in a namespace."""
        return Line(namespace, namespace).inside(namespace)


@contextmanager
def built() -> Iterator[Houses]:
    houses = Houses(*(f"lxrelay-{name}-{os.getpid()}" for name in ("hub", "hospital", "practice")))
    with ExitStack() as stack:
        for namespace in (houses.hub, houses.hospital, houses.practice):
            _ip("netns", "add", namespace)
            stack.callback(_ip, "netns", "delete", namespace)
            _ip("-n", namespace, "link", "set", "lo", "up")
        _ip("-n", houses.hub, "address", "add", f"{HUB}/32", "dev", "lo")
        with houses.inside(houses.hub):
            Path("/proc/sys/net/ipv4/ip_forward").write_text("0")
        for namespace, address, device in zip(
            (houses.hospital, houses.practice), (HOSPITAL, PRACTICE), houses.devices, strict=True
        ):
            _join(houses.hub, device, namespace, address)
        yield houses


def _join(hub: str, device: str, house: str, address: str) -> None:
    """A cable, and a way to the hub's address: there is no other."""
    gate = address.rpartition(".")[0] + ".1"
    _ip("-n", hub, "link", "add", device, "type", "veth", "peer", "name", "out", "netns", house)
    _ip("-n", hub, "address", "add", f"{gate}/24", "dev", device)
    _ip("-n", house, "address", "add", f"{address}/24", "dev", "out")
    _ip("-n", hub, "link", "set", device, "up")
    _ip("-n", house, "link", "set", "out", "up")
    _ip("-n", house, "route", "add", f"{HUB}/32", "via", gate)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


@dataclass
class Capture:
    """Every packet that goes over the devices of this thread's namespace, from now on."""

    devices: Sequence[str]
    bytes: int = 0
    _kept: dict[str, bytearray] = field(default_factory=dict)
    _sockets: list[socket.socket] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Capture:
        for device in self.devices:
            sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
            sock.setsockopt(socket.SOL_SOCKET, 33, _BUFFER_BYTES)  # SO_RCVBUFFORCE
            sock.bind((device, 0))
            sock.settimeout(0.2)
            self._sockets.append(sock)
            self._kept[device] = bytearray()
            thread = threading.Thread(target=self._listen, args=(sock, self._kept[device]), daemon=True)
            thread.start()
            self._threads.append(thread)
        return self

    def __exit__(self, *_: object) -> None:
        for sock in self._sockets:
            sock.close()
        for thread in self._threads:
            thread.join()

    def _listen(self, sock: socket.socket, kept: bytearray) -> None:
        while sock.fileno() >= 0:
            try:
                packet = sock.recv(1 << 17)
            except TimeoutError:
                continue
            except OSError:
                return
            kept += packet
            self.bytes += len(packet)

    def has(self, text: bytes) -> bool:
        """Whether somebody on the line could have read this."""
        return any(text in kept for kept in self._kept.values())


def listening(pids: Sequence[int]) -> set[tuple[str, int]]:
    """Addresses and ports at which these processes take TCP calls."""
    inodes = {inode for pid in pids for inode in _sockets(pid)}
    found = set()
    for pid in pids[:1]:
        for table in ("tcp", "tcp6"):
            for row in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
                cells = row.split()
                if cells[3] == "0A" and cells[9] in inodes:
                    found.add(_place(cells[1]))
    return found


def _sockets(pid: int) -> Iterator[str]:
    for file in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(file.readlink())
        except FileNotFoundError:
            continue
        if target.startswith("socket:["):
            yield target[8:-1]


def _place(text: str) -> tuple[str, int]:
    address, port = text.split(":")
    if len(address) > 8:
        return (f"IPv6 {address}", int(port, 16))
    return (socket.inet_ntoa(int(address, 16).to_bytes(4, "little")), int(port, 16))
