"""What a hub learns from the simulated FHIR-VZD, and that nobody waits for one that is slow."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event, Thread

import pytest
from structlog.testing import capture_logs
from telematik_bench import CLINIC, PRAXIS, TelematikBench
from working import until

from linkexchange import tls
from linkexchange.demo.free_ports import HOST
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.listing import ABSENT, UNREACHABLE, Listing
from linkexchange.ti import Vzd, VzdAccess
from linkexchange.ti import vzd as asking
from ti_adapter.simulator.shape import HOSPITAL, PRACTICE
from ti_adapter.vzd import DirectoryEntry, VzdMalformed

pytestmark = pytest.mark.slow
LISTED = Listing(f"{CLINIC.institution} TEST-ONLY", (HOSPITAL,))
KLINIK, STRANGER = TelematikId(CLINIC.telematik_id), TelematikId("1-2-stranger")


def directory(bench: TelematikBench, **changes: str) -> Vzd:
    told = bench.ti.hub_settings()
    names = {"url": "vzd_url", "token_url": "vzd_token_url", "client_id": "vzd_client_id"}
    access = {**{name: told[key] for name, key in names.items()}, "client_secret": told["vzd_client_secret"], **changes}
    return Vzd(VzdAccess(**access), tls.ti_context(told["ti_ca"]), bench.clock)


def test_each_institution_is_listed_or_absent(bench: TelematikBench) -> None:
    practice = TelematikId(PRAXIS.telematik_id)
    assert directory(bench)([KLINIK, STRANGER, practice]) == {
        KLINIK: LISTED,
        STRANGER: ABSENT,
        practice: Listing(f"{PRAXIS.institution} TEST-ONLY", (PRACTICE,)),
    }


def test_about_nobody_nothing_is_asked(bench: TelematikBench) -> None:
    before = bench.ti.switchboard.state().requests["vzd"]
    assert directory(bench)([]) == {}
    assert bench.ti.switchboard.state().requests["vzd"] == before


def test_one_token_serves_many_questions(bench: TelematikBench) -> None:
    asked = directory(bench)
    asked([KLINIK])
    before = bench.ti.switchboard.state().requests["vzd"]
    asked([KLINIK])
    assert bench.ti.switchboard.state().requests["vzd"] == before + 1


@pytest.mark.parametrize(
    ("fault", "error"), [("down", "VzdSilent"), ("clients unknown", "VzdRefused")], ids=["down", "clients unknown"]
)
def test_F20_a_directory_that_does_not_answer_or_refuses_is_unreachable_and_logged(  # noqa: N802
    bench: TelematikBench, fault: str, error: str
) -> None:
    bench.ti.switchboard.on("vzd", fault)
    with capture_logs() as logs:
        assert directory(bench)([KLINIK]) == {KLINIK: UNREACHABLE}
    assert [it["error"] for it in logs] == [error]


def test_a_wrong_secret_is_unreachable_and_not_logged_itself(bench: TelematikBench) -> None:
    with capture_logs() as logs:
        assert directory(bench, client_secret="wr0ng")([KLINIK]) == {KLINIK: UNREACHABLE}
    assert ([it["reason"] for it in logs], "wr0ng" in str(logs)) == (["401"], False)


def test_F20_what_a_slow_directory_has_said_in_time_counts(  # noqa: N802
    bench: TelematikBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = directory(bench)
    asked([KLINIK])
    monkeypatch.setattr(asking, "ANSWER_SECONDS", 3.0)
    monkeypatch.setattr(asking, "ANSWER_SECONDS", 6.0)
    bench.ti.switchboard.on("vzd", "slow", slow_seconds=4.0)
    assert asked([KLINIK, STRANGER]) == {
        KLINIK: LISTED,
        STRANGER: UNREACHABLE,
    }


class SpoiltFor:
    """A client to which the directory says nonsense about one of them."""

    def __init__(self, spoilt: TelematikId) -> None:
        self.spoilt = spoilt

    def find(self, _: object, telematik_id: TelematikId) -> DirectoryEntry:
        if telematik_id == self.spoilt:
            raise VzdMalformed("organisation-twice")
        return DirectoryEntry(telematik_id, "Klinik", (HOSPITAL,), ())


def test_an_entry_that_cannot_be_read_does_not_stand_in_the_way_of_the_others(bench: TelematikBench) -> None:
    asked = directory(bench)
    asked._client = SpoiltFor(STRANGER)  # type: ignore[assignment]
    with capture_logs() as logs:
        assert asked([STRANGER, KLINIK]) == {STRANGER: UNREACHABLE, KLINIK: Listing("Klinik", (HOSPITAL,))}
    assert [it["reason"] for it in logs] == ["organisation-twice"]


@dataclass
class Dripping:
    """A server whose answers have a head that never ends: no time-out of a client's ends it."""

    server: socket.socket
    over: Event = field(default_factory=Event)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.server.getsockname()[1]}"

    def accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.server.accept()
                Thread(target=self._drip, args=(connection,), daemon=True).start()

    def _drip(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\nX-Head: ")
            while not self.over.wait(0.1):
                connection.sendall(b"a")


@pytest.fixture
def dripping() -> Iterator[Dripping]:
    with socket.create_server((HOST, 0)) as server:
        peer = Dripping(server)
        accepting = Thread(target=peer.accept, daemon=True)
        accepting.start()
        yield peer
        peer.over.set()
        server.shutdown(socket.SHUT_RDWR)
        accepting.join()


def test_F20_nobody_waits_for_a_directory_that_drips_and_few_questions_wait_at_once(  # noqa: N802
    bench: TelematikBench, dripping: Dripping, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "ANSWER_SECONDS", 1.0)
    asked = directory(bench, url=dripping.url, token_url=f"{dripping.url}/token")
    with capture_logs() as logs:
        for _ in range(asking.QUESTIONS_MAX + 1):
            assert asked([KLINIK]) == {KLINIK: UNREACHABLE}
    assert [it["error"] for it in logs] == ["late"] * asking.QUESTIONS_MAX
    assert [it.name for it in threading.enumerate()].count(asking._NAME) == asking.QUESTIONS_MAX
    dripping.over.set()
    until(lambda: asked._asking.acquire(blocking=False), "an end of the questions", seconds=30)
