"""A network on one machine: a hub, nodes, a simulated TI, each with processes, a database and certificates of its own.

    with network.running(folder, sites) as net:
        node = net.node("klinik")        # what the commands of that node use
        net.ti.patients.entitle(...)     # the patient's side of the simulated record
        net.ti.switchboard.down(...)     # what may go wrong in the simulated TI

Everything listens on the loopback address, unless a site is told otherwise, and ends with this process, however that
happens.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from linkexchange import bootstrap, lifeline, processes
from linkexchange.demo import telematik
from linkexchange.demo.certificates import Files, TestCa, grant_key
from linkexchange.demo.free_ports import HOST, free_port, listens
from linkexchange.demo.starting import READY_SECONDS, patience, start
from linkexchange.demo.telematik import Institution, Ti
from linkexchange.model.audit import Action
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.participant import Participant
from linkexchange.model.passport import Passport
from linkexchange.ports import Node
from linkexchange.processes import Process
from linkexchange.settings import PREFIX, CommonSettings, HubSettings, NodeSettings, load


@dataclass(frozen=True, slots=True)
class Site:
    """A participant to be.

    `name` is also the name of its folder, `settings` are keys beyond those that it needs, `without` names processes
    that its node leaves out. Others reach it at `host`. `within` is entered while its node is started, which may put it
    into a network namespace of its own.
    """

    name: str
    institution: str
    telematik_id: TelematikId
    profession_oid: str
    pacs: tuple[Passport, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    host: str = HOST
    within: Callable[[], AbstractContextManager[object]] = nullcontext


@dataclass(frozen=True, slots=True)
class Household:
    """A running hub or node: its settings file, its process, and where its pages are."""

    settings_file: Path
    process: lifeline.Child
    pages: str
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Network:
    """What is running."""

    hub: Household
    nodes: Mapping[str, Household]
    ti: Ti
    _opened: dict[str, Node] = field(default_factory=dict)

    def node(self, name: str) -> Node:
        """A node's ports, as its commands see them; open until the network ends."""
        if name not in self._opened:
            self._opened[name] = bootstrap.node(self.settings(name))
        return self._opened[name]

    def close(self) -> None:
        """Close what `node` has opened."""
        for node in self._opened.values():
            node.close()

    def settings(self, name: str) -> NodeSettings:
        """A node's settings."""
        return load(NodeSettings, self.nodes[name].settings_file)

    @property
    def hub_settings(self) -> HubSettings:
        """The hub's settings."""
        return load(HubSettings, self.hub.settings_file)


@contextmanager
def running(
    folder: Path,
    sites: Sequence[Site],
    *,
    host: str = HOST,
    signature_seconds: float = 1.0,
    hub_settings: Mapping[str, Any] | None = None,
) -> Iterator[Network]:
    """Start the TI, then all else at once, wait until all answers, and end it with the block.

    Hub and TI are reached at `host`. Each signature of a card takes `signature_seconds`. The hub gets `hub_settings` as
    well.
    """
    _forget_settings()
    processes.share_imports()
    plan = _Plan(folder, sites, host)
    with ExitStack() as stack:
        cards = [_institution(site) for site in sites]
        ti = stack.enter_context(telematik.running(folder / "ti", cards, host, signature_seconds=signature_seconds))
        hub = stack.enter_context(_household("hub", {**plan.hub_settings(ti), **(hub_settings or {})}))
        nodes = {}
        for site in sites:
            with site.within():
                node = _household("node", plan.node_settings(site, ti), without=site.without)
                nodes[site.name] = stack.enter_context(node)
        network = Network(hub, nodes, ti)
        stack.callback(network.close)
        _wait(network, sites)
        _enrol(network, sites)
        yield network


class _Plan:
    """Who has which port and certificate."""

    def __init__(self, folder: Path, sites: Sequence[Site], host: str) -> None:
        self.folder = folder
        self._hub_host = host
        self._ca = TestCa(folder)
        self._grant_key, self._hub_keys = grant_key(folder)
        self._ports = {name: (free_port(), free_port()) for name in ("hub", *(site.name for site in sites))}

    def hub_settings(self, ti: Ti) -> dict[str, Any]:
        return {
            **self._common("hub", self._hub_host, self._ca.hub(self._hub_host)),
            **ti.hub_settings(),
            "grant_key": self._grant_key,
        }

    def node_settings(self, site: Site, ti: Ti) -> dict[str, Any]:
        return {
            **self._common(site.name, site.host, self._ca.node(site.telematik_id, site.name, site.host)),
            "telematik_id": site.telematik_id,
            "name": site.institution,
            "node_url": f"https://{site.host}:{self._ports[site.name][0]}",
            "hub_keys": self._hub_keys,
            **ti.common_settings(),
            **ti.settings_of(site.name),
            "default_destination": site.pacs[0].name if site.pacs else "",
            **site.settings,
        }

    def _common(self, name: str, host: str, files: Files) -> dict[str, Any]:
        listen_port, pages_port = self._ports[name]
        return {
            "state_folder": self.folder / name / "state",
            "tls_certificate": files.certificate,
            "tls_key": files.key,
            "tls_ca": files.ca,
            "hub_url": f"https://{self._hub_host}:{self._ports['hub'][0]}",
            "listen_host": host,
            "listen_port": listen_port,
            "pages_port": pages_port,
        }


def _institution(site: Site) -> Institution:
    return Institution(site.name, site.telematik_id, site.institution, site.profession_oid)


@contextmanager
def _household(kind: str, settings: Mapping[str, Any], *, without: Sequence[str] = ()) -> Iterator[Household]:
    """`linkexchange hub` or `linkexchange node` with a settings file of its own."""
    home = Path(settings["state_folder"]).parent
    home.mkdir(mode=0o711, exist_ok=True)
    file = home / "settings.toml"
    file.write_text("".join(f"{key} = {_toml(value)}\n" for key, value in settings.items()))
    left_out = [part for name in without for part in ("--without", name)]
    command = [sys.executable, "-m", "linkexchange", kind, "--settings", str(file), *left_out]
    with (home / "log").open("wb") as log:
        process = start(home.name, partial(_run, kind, file, without=without), command, output=log)
    try:
        yield Household(file, process, f"http://{HOST}:{settings['pages_port']}/", tuple(without))
    finally:
        lifeline.stop(process)


def _run(kind: str, file: Path, *, without: Sequence[str]) -> None:
    bootstrap.log_to_stderr("info")
    if kind == "hub":
        processes.hub(load(HubSettings, file))
    else:
        processes.node(load(NodeSettings, file), [Process(name) for name in without])


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else "'" + str(value) + "'"


def _forget_settings() -> None:
    """What the administrator's own environment says is not for this network."""
    for key in [key for key in os.environ if key.startswith(PREFIX)]:
        del os.environ[key]


def _wait(network: Network, sites: Sequence[Site]) -> None:
    """Until every listener answers, asked from where it stands."""
    deadline = time.monotonic() + READY_SECONDS
    _listening(network.hub, _addresses(network.hub_settings), deadline)
    for site in sites:
        with site.within():
            _listening(network.nodes[site.name], _addresses(network.settings(site.name)), deadline)


def _listening(household: Household, addresses: Mapping[str, tuple[str, int]], deadline: float) -> None:
    for part, (host, port) in addresses.items():
        while part not in household.without and not listens(port, host):
            patience(household.process, deadline, f"port {port}")


def _addresses(settings: CommonSettings) -> dict[str, tuple[str, int]]:
    return {
        "data": (settings.listen_host, settings.listen_port),
        "web": (settings.pages_host, settings.pages_port),
    }


def _enrol(network: Network, sites: Sequence[Site]) -> None:
    """What an operator does once: participants into the hub's directory, PACS into their nodes."""
    hub = bootstrap.database(network.hub_settings)
    for site in sites:
        settings = network.settings(site.name)
        row = Participant(site.telematik_id, site.institution, settings.node_url, tuple(it.name for it in site.pacs))
        with hub.work(site.telematik_id) as work:
            work.directory.put(row)
            work.audit(Action.PARTICIPANT_ENROLLED, node_url=row.node_url)
        node = bootstrap.database(settings)
        with node.work(site.telematik_id) as work:
            for passport in site.pacs:
                work.pacs.put(passport)
                work.audit(Action.PACS_CHANGED, pacs=passport.name)
        node.close()
    hub.close()
