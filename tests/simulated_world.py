"""The whole simulated TI as a process of its own, and a node's clients of it, made from `ti.json`.

with running_world(folder) as world:
    node = world.node("klinik")
    node.log_in()
    node.documents(kvnr).find(Search(patient_id(kvnr)))
"""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
from cryptography import x509
from simulated_ti import utc_now

from ti_adapter.epa import CardProof, Kvnr, Locations, Rest, UserAgent, entitle, hash_check_value, log_in
from ti_adapter.epa.xds import INSTITUTION_PATH, XdsDocumentService, posting
from ti_adapter.idp import IdpClient, Prove, vouched_for
from ti_adapter.konnektor import Address, CardType, ClientCertificate, Context, InstitutionCard, Konnektor, Transport
from ti_adapter.konnektor.tls import context_by_pin
from ti_adapter.pki import FD_AUT, FD_SIG, TslClient, verify_institution
from ti_adapter.simulator.client import PatientClient, Switchboard
from ti_adapter.vau import Caller, Environment, VauTrust
from ti_adapter.vau.transport import VauTransport

ADMIN_KEY = "key-of-the-switchboard"
AGENT = "ABCDEFGHIJKLMNOPQRST/0.1"
PLAN: dict[str, Any] = {
    "record_systems": 2,
    "institutions": [
        {
            "name": "klinik",
            "telematik_id": "5-2.9001",
            "institution": "Klinikum Nord",
            "profession_oid": "1.2.276.0.76.4.53",
        },
        {
            "name": "praxis",
            "telematik_id": "1-20.1",
            "institution": "Praxis am Markt",
            "profession_oid": "1.2.276.0.76.4.50",
            "pin": "verifiable",
        },
    ],
}


def patient_id(kvnr: str) -> str:
    return f"{kvnr}^^^&1.2.276.0.76.4.8&ISO"


@dataclass
class Node:
    """The clients that a node has, for one institution at one record system."""

    ti: dict[str, Any]
    name: str
    system: int
    open: ExitStack

    @property
    def own(self) -> dict[str, str]:
        own: dict[str, str] = self.ti["institutions"][self.name]
        return own

    @cached_property
    def konnektor(self) -> Konnektor:
        client = ClientCertificate(Path(self.own["client_certificate"]), Path(self.own["client_key"]))
        tls = context_by_pin(Path(self.own["konnektor_certificate"]), client)
        transport = self.open.enter_context(Transport(Address(self.own["konnektor"]), context=tls))
        return Konnektor(transport, Context(self.own["mandant"], self.own["client_system"], self.own["workplace"]))

    @cached_property
    def card(self) -> InstitutionCard:
        return InstitutionCard(self.konnektor, self.own["iccsn"])

    @cached_property
    def tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.ti["tls_ca"])

    @cached_property
    def tsl(self) -> TslClient:
        anchors = tuple(x509.load_pem_x509_certificates(Path(self.ti["tsl_anchor"]).read_bytes()))
        client = TslClient(self.ti["tsl"], anchors, utc_now)
        client.renew()
        return client

    @property
    def origin(self) -> str:
        return str(self.ti["records"][self.system - 1])

    def http(self, url: str, transport: httpx.BaseTransport | None = None) -> httpx.Client:
        client = httpx.Client(base_url=url, verify=self.tls, transport=transport, timeout=20, trust_env=False)
        return self.open.enter_context(client)

    @cached_property
    def channel(self) -> VauTransport:
        trust = VauTrust(self.tsl.trust(policy=FD_AUT.policy))
        return VauTransport(self.http(self.origin), lambda: trust, Caller(AGENT, Environment.NON_PU), utc_now)

    @cached_property
    def inside(self) -> Rest:
        return Rest(self.http(self.origin, self.channel), UserAgent(AGENT))

    @cached_property
    def idp(self) -> IdpClient:
        return self.idp_client(vouched_for(self.tsl.trust(policy=FD_SIG.policy)))

    def idp_client(self, prove: Prove) -> IdpClient:
        url, issuer = self.ti["idp"], self.ti["idp_issuer"]
        return IdpClient(self.http(url), url, issuer=issuer, user_agent=AGENT, prove=prove, clock=utc_now)

    def log_in(self) -> bool:
        found = self.idp.discover()
        who = verify_institution(self.card.certificate, self.tsl.trust(), utc_now()).admission.telematik_id

        def ask(uri: str) -> str:
            return self.idp.authorize(uri, self.card, found).code

        return log_in(self.inside, self.channel, self.card, ask, who, utc_now())

    def locations(self) -> Locations:
        systems = {
            str(number): Rest(self.http(url), UserAgent(AGENT)) for number, url in enumerate(self.ti["records"], 1)
        }
        return Locations(systems)

    def locate(self, kvnr: str) -> str:
        return self.locations().at(Kvnr(kvnr), utc_now(), str)

    def entitle_by_card(self, kvnr: str) -> None:
        """Read the insurance card that is in the terminal, and use its receipt."""
        smcb, egk = (next(it.handle for it in self.konnektor.cards(kind)) for kind in (CardType.SMC_B, CardType.EGK))
        insured = self.konnektor.read_vsd(egk, smcb)
        assert insured.receipt
        assert insured.receipt.pruefziffer
        proof = CardProof(insured.receipt.pruefziffer, hash_check_value(insured.coverage_begin, insured.street))
        entitle(self.inside, Kvnr(kvnr), self.card, proof, utc_now())

    def documents(self, kvnr: str) -> XdsDocumentService:
        post = posting(self.inside.http, UserAgent(AGENT), Kvnr(kvnr))
        return XdsDocumentService(post, self.origin + INSTITUTION_PATH)


@dataclass
class World:
    """The running TI."""

    folder: Path
    process: subprocess.Popen[str]
    open: ExitStack = field(default_factory=ExitStack)

    @cached_property
    def ti(self) -> dict[str, Any]:
        ti: dict[str, Any] = json.loads((self.folder / "ti.json").read_text())
        return ti

    @cached_property
    def switchboard(self) -> Switchboard:
        return Switchboard(self.ti["switchboard"], ADMIN_KEY)

    @cached_property
    def patients(self) -> PatientClient:
        return PatientClient(self.ti["switchboard"], ADMIN_KEY)

    def node(self, name: str, *, system: int = 1) -> Node:
        return Node(self.ti, name, system, self.open)


@contextmanager
def running_world(folder: Path, *more: str) -> Iterator[World]:
    """Started with the plan above; cards sign at once."""
    (folder / "plan.json").write_text(json.dumps(PLAN))
    options = ["--folder", folder, "--plan", folder / "plan.json", "--signature-seconds", "0", *more]
    command = [sys.executable, "-m", "ti_adapter.simulator", "--die-with-parent", *map(str, options)]
    environment = {**os.environ, "TI_SIMULATOR_ADMIN_KEY": ADMIN_KEY}
    with subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE) as process:
        assert process.stdout
        world = World(folder, process)
        try:
            assert process.stdout.readline().startswith("ready ")
            yield world
        finally:
            world.open.close()
            process.terminate()
