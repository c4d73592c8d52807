"""Values that stand nowhere else go through every flow and its error paths, at level debug; then they are looked for.

What identifies a patient may stand in the node's own database, in the columns that are named here, and nowhere else:
not at the hub, not in a job, a log line, an address, an error, a page for others, or a file. What opens something (the
secret of a session, a nonce, a grant, a private key) stands nowhere at all.
"""

from __future__ import annotations

import asyncio
import base64
import io
import secrets
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import visitor
from certificates import Authority
from conftest import Server
from pydicom.dataset import Dataset
from starlette.types import Receive, Scope, Send
from visitor import Visitor
from world import HOSPITAL, PRACTICE, STUDY, World, data_set

from linkexchange import explain, publish, pull, push, releasing
from linkexchange.errors import Fault
from linkexchange.logs import log_to_stderr
from linkexchange.model.grant import TYP as GRANT_TYP
from linkexchange.model.identifiers import Kvnr, LinkId
from linkexchange.model.transfer import Transfer
from linkexchange.signing import Signer
from linkexchange.store.overview import HubOverview, NodeOverview
from linkexchange.store.tables import metadata
from linkexchange.store.work import Database
from linkexchange.web import explaining, resolver
from linkexchange.web.node import application

pytestmark = pytest.mark.slow

KVNR = Kvnr.with_check_digit("K31415926")
PATIENT = {"kvnr": KVNR, "family": "Zwiebelkuchen", "given": "Ortrud", "born": "19330217", "number": "PID-271828"}


def _insured() -> Dataset:
    other = Dataset()
    other.PatientID, other.IssuerOfPatientID = KVNR, "1.2.276.0.76.4.8"
    return other


HEADER: dict[str, Any] = {
    "PatientName": "Zwiebelkuchen^Ortrud",
    "PatientBirthDate": PATIENT["born"],
    "PatientID": PATIENT["number"],
    "OtherPatientIDsSequence": [_insured()],
}
MAY_HOLD_A_PATIENT = {
    ("links", "document"),
    ("links", "kvnr"),
    ("links", "closing"),
    ("release_asks", "claims"),
    ("release_requests", "claims"),
    ("release_requests", "signed"),
    ("transfers", "kvnr"),
    ("uses", "thing"),
    ("watched", "patient_id"),
}
"""Table and column, at a node."""


class Canaries:
    """What is looked for: what identifies the patient, and whatever opens something and was made since."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.secrets: set[str] = set()
        made, sign = secrets.token_urlsafe, Signer.sign

        def remembered(size: int | None = None) -> str:
            return self._kept(made(size))

        def signed(signer: Signer, claims: dict[str, object], *, typ: str) -> str:
            token = sign(signer, claims, typ=typ)
            return self._kept(token) if typ == GRANT_TYP else token

        monkeypatch.setattr(secrets, "token_urlsafe", remembered)
        monkeypatch.setattr(Signer, "sign", signed)

    def of_keys(self, *signers: Signer) -> None:
        self.secrets |= {signer.key.export_private(as_dict=True)["d"] for signer in signers}

    def in_patients(self, text: str) -> list[str]:
        return [name for name, value in PATIENT.items() if any(form in text for form in _forms(value))]

    def anywhere(self, text: str) -> list[str]:
        opened = [f"secret of {len(it)}" for it in self.secrets if any(form in text for form in _forms(it))]
        return self.in_patients(text) + opened

    def _kept(self, value: str) -> str:
        self.secrets.add(value)
        return value


def _forms(value: str) -> set[str]:
    plain = value.encode()
    return {value, quote(value), base64.b64encode(plain).decode().rstrip("="), plain.hex()}


@pytest.fixture
def canaries(monkeypatch: pytest.MonkeyPatch, world: World) -> Canaries:
    canaries = Canaries(monkeypatch)
    canaries.of_keys(*world.signers.values(), world.resolver.signer)
    return canaries


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Standard error, where everything is logged at level debug."""
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    log_to_stderr("debug")
    return stream


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def practice(world: World) -> Iterator[Visitor]:
    with visitor.at(application(world.practice, NodeOverview(world.nodes))) as visit:
        yield visit


class Flows:
    """Everything that is done, and everything that goes wrong. `errors` is what was told of it."""

    def __init__(self, world: World, pages: Visitor) -> None:
        self.world, self.pages = world, pages
        self.errors: list[str] = []

    def all(self) -> None:
        link = self._publish()
        entry = next(reversed(self.world.held))
        self._pull(entry)
        self._search_and_fetch(entry)
        self._go_wrong(entry)
        self._push()
        self._try(lambda: publish.withdraw(self.world.hospital, link))
        self._try(lambda: publish.carry_withdrawal(self.world.hospital, link))
        self._pull(entry)
        self._ask_for_a_release()
        self._explain()
        assert self.pages.send("/trail/patient", kvnr=KVNR).status_code == 200

    def _ask_for_a_release(self) -> None:
        """By the page, once by number and once by name; no rule lets it go, and then a person refuses."""
        named = {"family": PATIENT["family"], "given": PATIENT["given"], "born": "1933-02-17"}
        wanted = {"origin": HOSPITAL, "kind": "second-opinion", "reason": "vor OP", "modality": "CT"}
        form = {**wanted, "until": "2026-12-01", "user": "Dr. Ask", "destination": "practice"}
        for patient in ({"kvnr": str(KVNR)}, named):
            assert self.pages.send("/ask", **form, **patient).status_code == 303
        self.pages.send("/ask", **form, kvnr="nonsense " + KVNR)
        releasing.go_round(self.world.practice)
        with self.world.nodes.work(HOSPITAL) as work:
            heard = [it.request.request for it in work.requests.recent()]
        assert len(heard) == 2
        for request in heard:
            self._try(lambda it=request: releasing.judge(self.world.hospital, it))  # type: ignore[misc]
            self._try(lambda it=request: releasing.refuse(self.world.hospital, it, reason="nein", user="Dr. No"))  # type: ignore[misc]
        self.pages.get("/ask")

    def _explain(self) -> None:
        """Every decision of the hub and of the origin, in both languages."""
        hub = HubOverview(self.world.resolver.store)
        told = [it for decided in hub.decisions() for it in hub.accounts(decided.transfer)]
        with self.world.nodes.work(HOSPITAL) as work:
            told += [it for decided in hub.decisions() for it in work.admissions.find(decided.transfer)]
        assert told
        for account in told:
            self.errors += [explain.paragraph(account), str(list(explaining.looked_at(account)))]

    def _publish(self) -> LinkId:
        self.world.pacs[HOSPITAL].hold(*(data_set(number, **HEADER) for number in range(1, 4)))
        link = publish.publish(self.world.hospital, STUDY, pacs="hospital", kvnr=KVNR)
        publish.announce(self.world.hospital, link)
        return link

    def _pull(self, entry: str) -> None:
        self.world.pacs[PRACTICE].instances.clear()
        self._try(lambda: self._ended(self.world.pull(entry, kvnr=KVNR)))

    def _ended(self, transfer: Transfer) -> None:
        self.errors.append(f"{transfer.state} {transfer.reason}")
        with suppress(Fault):
            pull.receipt(self.world.practice, transfer.transfer)

    def _search_and_fetch(self, entry: str) -> None:
        for kvnr in (KVNR, "K314159260", "nonsense " + KVNR):
            self.pages.send("/search", kvnr=kvnr)
            self.pages.send("/confirmation", kvnr=kvnr, entry=entry)
            self.pages.send("/pulls", kvnr=kvnr, entry=entry, destination="practice", purpose="TREAT")
        self.pages.send("/pulls", {}, kvnr=KVNR)
        for path in ("/", "/transfers", "/links", "/nowhere"):
            self.pages.get(path)

    def _go_wrong(self, entry: str) -> None:
        """Each fault alone: record, hub, card, wire, both PACS, and a patient who is somebody else."""
        world = self.world
        faults: list[tuple[object, str, object]] = [
            (world.records[PRACTICE], "entitled", False),
            (world.cards[PRACTICE], "pin_verified", False),
            (world.wires[PRACTICE], "down", True),
            (world.wires[PRACTICE], "cut_after", 0),
            (world.pacs[HOSPITAL], "down", True),
            (world.pacs[HOSPITAL], "breaks_after", 1),
            (world.pacs[PRACTICE], "down", True),
            (world.pacs[PRACTICE], "status", lambda _: 0xC000),
            (world.records[PRACTICE], "find", _broken),
            (world.records[PRACTICE], "retrieve", _broken),
        ]
        for thing, name, value in faults:
            before = getattr(thing, name)
            setattr(thing, name, value)
            self._pull(entry)
            if thing is world.records[PRACTICE]:
                self.pages.send("/search", kvnr=KVNR)
                self.pages.send("/confirmation", kvnr=KVNR, entry=entry)
            setattr(thing, name, before)
        world.pacs[HOSPITAL].hold(data_set(1, **{**HEADER, "PatientName": "Nobody^Else"}))
        self._pull(entry)

    def _push(self) -> None:
        self._try(lambda: push.offer(self.world.hospital, self._pushed(), PRACTICE))
        self._try(lambda: [self._run(it) for it in pull.take_offers(self.world.practice, "practice")])

    def _pushed(self) -> LinkId:
        return push.push(self.world.hospital, STUDY, PRACTICE, pacs="hospital")

    def _run(self, transfer: object) -> None:
        pull.run(self.world.practice, transfer)  # type: ignore[arg-type]

    def _try(self, act: Callable[[], object]) -> None:
        try:
            act()
        except (Fault, RuntimeError) as told:
            self.errors.append(repr(told) if isinstance(told, Fault) else "")


def _broken(*_: object) -> None:
    raise RuntimeError(f"a bug of ours with {PATIENT}")


def _ask_the_hub(world: World, folder: Path) -> list[str]:
    """What the hub answers to requests that hold the patient where nothing of the kind belongs."""
    certificate, app = Authority(folder).node(PRACTICE).der, resolver.application(world.resolver)

    async def handed_on(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "extensions": {"tls": {"client_certificate_der": certificate}}}, receive, send)

    async def asked() -> list[str]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(handed_on), base_url="http://hub") as client:
            headers = {"X-Session": str(KVNR)}
            answers = [
                await client.post("/resolver/sessions", json={"attestation": f"{KVNR} {KVNR}"}),
                await client.post("/resolver/sessions", json={KVNR: PATIENT}),
                await client.post("/resolver/grants", json={"request": KVNR}, headers=headers),
                await client.post("/ledger/links", json=PATIENT, headers=headers),
                await client.post(f"/ledger/links/{KVNR}/withdrawal", headers=headers),
                await client.post("/ledger/receipts", content=str(PATIENT)),
                await client.get("/ledger/receipts", params=PATIENT),
                await client.get(f"/{KVNR}"),
                await client.request(f"{KVNR}", "/resolver/keys"),
            ]
            assert all(400 <= answer.status_code < 500 for answer in answers)
            return [f"{answer.headers} {answer.text}" for answer in answers]

    return asyncio.run(asked())


def _cells(postgres: Server, database: Database) -> Iterator[tuple[str, str, str]]:
    """Table, column and content of everything that a database holds, the queue with it."""
    tables = [*metadata.tables, "procrastinate_jobs", "procrastinate_events", "procrastinate_periodic_defers"]
    with postgres.superuser_of(database) as connection:
        for table in tables:
            rows = connection.execute(f'SELECT * FROM "{table}"'.encode())
            names = [column.name for column in rows.description or ()]
            for row in rows:
                for name, value in zip(names, row, strict=True):
                    yield table, name, value.decode("latin-1") if isinstance(value, bytes) else str(value)


def test_w_07_neither_a_patient_nor_a_secret_is_anywhere_but_where_it_may_be(
    world: World,
    practice: Visitor,
    postgres: Server,
    canaries: Canaries,
    said: io.StringIO,
    temporary: Path,
) -> None:
    flows = Flows(world, practice)
    flows.all()
    answers = _ask_the_hub(world, temporary)
    held = {
        (table, column): found
        for table, column, text in _cells(postgres, world.nodes)
        if (found := canaries.anywhere(text))
    }
    assert len(canaries.secrets) > 15
    assert said.getvalue().count("\n") > 10
    assert len(set(flows.errors)) > 6
    assert {place: found for place, found in held.items() if place not in MAY_HOLD_A_PATIENT} == {}
    assert {place: found for place, found in held.items() if any("secret" in it for it in found)} == {}
    hub = [
        (place, found) for *place, text in _cells(postgres, world.resolver.store) if (found := canaries.anywhere(text))
    ]
    assert hub == []
    for text in (said.getvalue(), *practice.urls, *flows.errors, *answers):
        assert canaries.anywhere(text) == []
    for file in temporary.rglob("*"):
        assert not file.is_file() or canaries.anywhere(file.read_bytes().decode("latin-1")) == []
