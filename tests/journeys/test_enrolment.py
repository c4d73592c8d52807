"""A site enrols with its card, is approved, renews, and is revoked: processes, PostgreSQL and the simulated TI."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import working
from cryptography import x509
from visitor import BROWSER, words

from linkexchange import bootstrap
from linkexchange.certificates import certificate_fingerprint, fingerprint, key_pem
from linkexchange.demo import network, telematik
from linkexchange.demo.certificates import TestCa, grant_key
from linkexchange.demo.free_ports import HOST, free_port, listens
from linkexchange.demo.telematik import Institution, Ti
from linkexchange.errors import Revoked
from linkexchange.hub import HubClient
from linkexchange.model.audit import Action, first_bad
from linkexchange.model.identifiers import TelematikId
from linkexchange.settings import HubSettings, NodeSettings, load

pytestmark = pytest.mark.slow
ME = TelematikId("1-2-PRX-7")
PRACTICE = Institution("practice", ME, "Praxis am Markt", "1.2.276.0.76.4.50")
WAIT_SECONDS = 60.0


until = partial(working.until, seconds=WAIT_SECONDS)


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """A command as somebody types it."""
    command = [sys.executable, "-m", "linkexchange", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={"COLUMNS": "200"})


@dataclass
class House:
    """A hub, a node that has nothing yet, and where both are."""

    folder: Path
    ca: TestCa
    hub: dict[str, Any]
    node: dict[str, Any]
    ti: Ti
    hub_pages: str = ""

    @property
    def hub_settings(self) -> HubSettings:
        return load(HubSettings, self.folder / "hub/settings.toml")

    @property
    def node_settings(self) -> NodeSettings:
        return load(NodeSettings, self.folder / "practice/settings.toml")

    @property
    def certificate(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.node_settings.tls_certificate.read_bytes())

    def enrol(self, *more: str) -> subprocess.CompletedProcess[str]:
        return run("enrol", "--settings", str(self.folder / "practice/settings.toml"), *more)

    def operate(self, *more: str) -> subprocess.CompletedProcess[str]:
        return run("participant", *more, "--settings", str(self.folder / "hub/settings.toml"))

    def applies(self, sha256: str) -> subprocess.CompletedProcess[str]:
        hub = f"https://{HOST}:{self.hub['enrolment_port']}"
        return self.enrol("--hub", hub, "--hub-ca-sha256", sha256, "--contact", "Tel. 030 1", "--destination", "pacs")

    def shown_certificate(self) -> x509.Certificate:
        """What the node's mTLS port shows to a new connection."""
        context = bootstrap.client_context(self.node_settings)
        place = (HOST, self.node["listen_port"])
        with socket.create_connection(place) as raw, context.wrap_socket(raw, server_hostname=HOST) as secured:
            return x509.load_der_x509_certificate(secured.getpeercert(binary_form=True) or b"")


def _common(folder: Path, ports: tuple[int, int], ti: Ti) -> dict[str, Any]:
    return {
        "state_folder": folder / "state",
        "listen_host": HOST,
        "listen_port": ports[0],
        "pages_port": ports[1],
        **ti.common_settings(),
    }


@pytest.fixture
def house() -> Iterator[House]:
    folder = Path(tempfile.mkdtemp(prefix="linkexchange-enrolment-"))
    folder.chmod(0o711)
    try:
        with ExitStack() as stack:
            ti = stack.enter_context(telematik.running(folder / "ti", [PRACTICE], HOST, signature_seconds=0))
            yield stack.enter_context(_housed(folder, ti))
    finally:
        shutil.rmtree(folder)


@contextmanager
def _housed(folder: Path, ti: Ti) -> Iterator[House]:
    ca, (grants, _) = TestCa(folder), grant_key(folder)
    (folder / "ca.key").touch(0o600)
    (folder / "ca.key").write_bytes(key_pem(ca.authority.key))
    files, ports = ca.hub(HOST), [free_port() for _ in range(5)]
    hub_url = f"https://{HOST}:{ports[0]}"
    hub = {
        **_common(folder / "hub", (ports[0], ports[1]), ti),
        **ti.hub_settings(),
        "hub_url": hub_url,
        "tls_certificate": files.certificate,
        "tls_key": files.key,
        "tls_ca": files.ca,
        "grant_key": grants,
        "ca_certificate": files.ca,
        "ca_key": folder / "ca.key",
        "enrolment_port": ports[2],
    }
    own = folder / "practice"
    node = {
        **_common(own, (ports[3], ports[4]), ti),
        **ti.settings_of(PRACTICE.name),
        "hub_url": hub_url,
        "telematik_id": ME,
        "name": PRACTICE.institution,
        "node_url": f"https://{HOST}:{ports[3]}",
        "tls_certificate": own / "node.pem",
        "tls_key": own / "node.key",
        "tls_ca": own / "hub-ca.pem",
        "hub_keys": own / "hub-keys.json",
    }
    own.mkdir(mode=0o711)
    text = "".join(f"{key} = {network._toml(value)}\n" for key, value in node.items())
    (own / "settings.toml").write_text(text)
    with network._household("hub", hub) as running:
        until(lambda: all(listens(port, HOST) for port in ports[:3]), "the hub")
        yield House(folder, ca, hub, node, ti, running.pages)


def test_a_site_enrols_is_approved_renews_and_is_revoked(house: House) -> None:
    _enrols_and_is_approved(house)
    with network._household("node", house.node) as running, ExitStack() as stack:
        until(lambda: listens(house.node["listen_port"], HOST) and listens(house.node["pages_port"], HOST), "the node")
        node = stack.enter_context(closing(bootstrap.node(house.node_settings)))
        assert node.sessions.use(lambda session: session.expires) > datetime.now(UTC)
        assert [(it.telematik_id, it.destinations) for it in node.hub.participants()] == [(ME, ("pacs",))]
        _renews(house, psutil.Process(running.process.pid))
        newer = stack.enter_context(closing(bootstrap.node(house.node_settings)))
        assert newer.sessions.use(lambda session: session.expires)
        assert node.hub.participants(), "the certificate before is good until its own end"
        assert set(newer.signer.public.keys) == {node.signer.kid, newer.signer.kid}
        done = house.operate("revoke", ME, "--reason", "card stolen")
        assert (done.returncode, done.stdout) == (0, f"{ME}: revoked\n"), done.stderr
        for one in (node, newer):
            with pytest.raises(Revoked):
                one.hub.participants()
        _every_process_refuses(house)
    _check_trail(house)


def _every_process_refuses(house: House) -> None:
    """More new connections than the hub has processes."""
    for _ in range(6):
        hub = HubClient(house.node_settings.hub_url, bootstrap.client_context(house.node_settings))
        with closing(hub), pytest.raises(Revoked):
            hub.offers()


def _enrols_and_is_approved(house: House) -> None:
    applied = house.applies(certificate_fingerprint(house.ca.authority.certificate))
    assert (applied.returncode, applied.stderr) == (1, "")
    [key] = re.findall(r"ask for: ([0-9a-f]{64})", applied.stdout)
    _approve_on_the_page(house, key)
    taken = house.enrol("--check")
    assert (taken.returncode, taken.stderr) == (0, ""), taken.stdout
    assert fingerprint(house.certificate.public_key()) == key  # type: ignore[arg-type]
    assert house.node_settings.tls_key.stat().st_mode & 0o777 == 0o600


def _approve_on_the_page(house: House, key: str) -> None:
    with httpx.Client(base_url=house.hub_pages, trust_env=False) as http:
        page = http.get("/enrolments").text
        assert key in words(page).replace(" ", "")
        assert "FHIR-VZD gelistet als Praxis am Markt TEST-ONLY Rolle stimmt Fingerabdruck" in words(page)
        [number] = set(re.findall(r'name="enrolment" value="([^"]+)"', page))
        [token] = set(re.findall(r'name="form_token" value="([^"]+)"', page))
        form = {"form_token": token, "participant": ME, "enrolment": number}
        assert http.post("/enrolments/approval", data=form, headers=BROWSER).status_code == 303
        assert "von Hand eingetragen" not in words(http.get("/enrolments").text)


def _renews(house: House, household: psutil.Process) -> None:
    """Every process takes the new certificate up; the one through which studies pass is not even replaced."""
    before, members = house.certificate, {it.name(): it.pid for it in household.children()}
    renewed = house.enrol("--renew")
    assert (renewed.returncode, renewed.stderr) == (0, "")
    assert house.certificate.public_key() != before.public_key()

    def replaced() -> bool:
        now = {it.name(): it.pid for it in household.children()}
        return all(now.get(name) not in {None, members[name]} for name in ("worker", "web"))

    until(replaced, "worker and web to be replaced")
    assert {it.pid for it in household.children() if it.name() == "data"} == {members["data"]}
    assert house.shown_certificate() == house.certificate


def _check_trail(house: House) -> None:
    hub = bootstrap.database(house.hub_settings)
    with hub.audit_trail(ME) as entries:
        found = list(entries)
    hub.close()
    assert first_bad(found) is None
    assert [it.fields.get("listing") for it in found if it.action is Action.PARTICIPANT_ENROLLED] == ["agrees"]
    steps = [it.action.value for it in found if it.action.value.partition(".")[0] not in {"nonce", "session"}]
    assert steps == [
        "enrolment.applied",
        "participant.enrolled",
        "certificate.renewed",
        "node.revoked",
        "node.revoked",
        "institution.revoked",
        "participant.revoked",
    ]


SAYS = {
    "nobody listed": ("FHIR-VZD nicht gelistet", "absent"),
    "other roles": (
        "FHIR-VZD gelistet als Praxis am Markt TEST-ONLY andere Rolle als auf der Karte",
        "other-role",
    ),
    "other names": ("FHIR-VZD gelistet als Andere Einrichtung Rolle stimmt, Name weicht", ""),
    "down": ("FHIR-VZD nicht erreichbar", ""),
}


def test_the_operator_learns_what_the_directory_says_and_names_what_stands_against_an_approval(house: House) -> None:
    house.applies(certificate_fingerprint(house.ca.authority.certificate))
    for fault, (said, against) in SAYS.items():
        house.ti.switchboard.on("vzd", fault)
        with httpx.Client(base_url=house.hub_pages, trust_env=False, timeout=60) as http:
            page = http.get("/enrolments").text
        assert said in words(page)
        assert re.findall(r'name="although" value="([^"]+)"', page) == ([against] if against else [])
        [number] = set(re.findall(r'name="enrolment" value="([^"]+)"', page))
        if against:
            refused = house.operate("approve", ME, number)
            assert (refused.returncode, f"({against})" in refused.stderr) == (1, True), refused.stderr
        house.ti.switchboard.off("vzd", fault)
    house.ti.switchboard.on("vzd", "nobody listed")
    done = house.operate("approve", ME, number, "--although", "absent")
    assert (done.returncode, done.stderr) == (0, "")
    with closing(bootstrap.database(house.hub_settings)) as hub, hub.audit_trail(ME) as entries:
        assert [it.fields["listing"] for it in entries if it.action is Action.PARTICIPANT_ENROLLED] == ["absent"]
