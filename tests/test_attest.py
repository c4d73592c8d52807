from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from conftest import Clock

from linkexchange.attest import AttestedSessions
from linkexchange.errors import CardUnavailable, HubUnavailable, IdentityRefused
from linkexchange.ports import Session
from linkexchange.resolve import SESSION_LIFETIME
from linkexchange.secret import Secret


@dataclass
class CountingHub:
    """The two calls of a hub that open a session; `forgotten` sessions are refused."""

    clock: Clock
    opened: list[str] = field(default_factory=list)
    forgotten: set[str] = field(default_factory=set)
    believes: bool = True

    def nonce(self) -> str:
        return f"n{len(self.opened)}"

    def open_session(self, attestation: str) -> Session:
        if not self.believes:
            raise IdentityRefused
        self.opened.append(attestation)
        return Session(Secret(f"s{len(self.opened)}"), self.clock() + SESSION_LIFETIME)

    def whoami(self, session: Session) -> str:
        if session.secret.reveal() in self.forgotten:
            raise IdentityRefused("session")
        return session.secret.reveal()


class PlainCard:
    """A card that writes down what it was asked to sign."""

    def attest(self, *, audience: str, nonce: str, thumbprint: str) -> str:
        return f"{audience} {nonce} {thumbprint}"


class AbsentCard(PlainCard):
    def attest(self, *, audience: str, nonce: str, thumbprint: str) -> str:
        raise CardUnavailable


@pytest.fixture
def hub(clock: Clock) -> CountingHub:
    return CountingHub(clock)


def _sessions(hub: CountingHub, card: PlainCard | None = None) -> AttestedSessions:
    return AttestedSessions(hub, card or PlainCard(), audience="hub", thumbprint="mine", now=hub.clock)


def test_one_signature_serves_many_calls(hub: CountingHub) -> None:
    sessions = _sessions(hub)
    assert [sessions.use(hub.whoami) for _ in range(5)] == ["s1"] * 5
    assert hub.opened == ["hub n0 mine"]


def test_a_session_is_renewed_a_minute_before_it_ends(hub: CountingHub, clock: Clock) -> None:
    sessions = _sessions(hub)
    sessions.use(hub.whoami)
    clock.time += SESSION_LIFETIME - timedelta(seconds=61)
    assert sessions.use(hub.whoami) == "s1"
    clock.advance(seconds=1)
    assert sessions.use(hub.whoami) == "s2"


def test_a_session_that_the_hub_has_forgotten_is_opened_anew(hub: CountingHub) -> None:
    sessions = _sessions(hub)
    sessions.use(hub.whoami)
    hub.forgotten = {"s1"}
    assert [sessions.use(hub.whoami) for _ in range(2)] == ["s2", "s2"]


def test_a_hub_that_forgets_every_session_is_not_asked_for_ever(hub: CountingHub) -> None:
    hub.forgotten = {f"s{number}" for number in range(100)}
    with pytest.raises(IdentityRefused):
        _sessions(hub).use(hub.whoami)
    assert len(hub.opened) == 2


def test_a_card_that_the_hub_does_not_believe_is_refused(hub: CountingHub) -> None:
    hub.believes = False
    with pytest.raises(IdentityRefused):
        _sessions(hub).use(hub.whoami)


def test_without_a_card_there_is_no_session(hub: CountingHub) -> None:
    with pytest.raises(CardUnavailable):
        _sessions(hub, AbsentCard()).use(hub.whoami)


def test_what_a_call_raises_is_raised(hub: CountingHub) -> None:
    def fail(_: Session) -> str:
        raise HubUnavailable

    sessions = _sessions(hub)
    with pytest.raises(HubUnavailable):
        sessions.use(fail)
    assert sessions.use(hub.whoami) == "s1"


def test_threads_that_find_the_same_session_ended_need_one_signature_between_them(
    hub: CountingHub, clock: Clock
) -> None:
    sessions, together = _sessions(hub), threading.Barrier(4)
    sessions.use(hub.whoami)
    hub.forgotten = {"s1"}

    def whoami(session: Session) -> str:
        if session.secret.reveal() == "s1":
            together.wait(10)
        return hub.whoami(session)

    with ThreadPoolExecutor(4) as pool:
        assert [*pool.map(sessions.use, [whoami] * 4)] == ["s2"] * 4
    assert len(hub.opened) == 2
