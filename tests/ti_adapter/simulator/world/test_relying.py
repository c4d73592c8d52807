"""A record system believes a code of the IDP for the channel that it sent there, once, in time, for who logs in."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx
import pytest
from epa_bench import ORIGIN, line
from simulated_idp import CARD, CARDS, CLINIC, IDENTITY, NOW, OURS, RECORD, USER_AGENT

from ti_adapter.epa import EpaCode, EpaRefused
from ti_adapter.idp import IdpClient, Registration, handed_in
from ti_adapter.idp.request import begin
from ti_adapter.pki import verify_institution
from ti_adapter.simulator.idp import create_app
from ti_adapter.simulator.idp.issuing import IdpService
from ti_adapter.simulator.shape import SimulatedInstitution
from ti_adapter.simulator.world import relying
from ti_adapter.simulator.world.condition import Condition
from ti_adapter.simulator.world.relying import RelyingParty

WHO = verify_institution(CARD.certificate, CARDS.trust, NOW).admission
OTHER_RECORD = Registration("ePA-2", "https://other.example/idp", "openid epa", "https://other.example/")


@dataclass
class Bench:
    """An IDP without a socket, and two record systems that rely on it."""

    now: datetime = NOW
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        app = create_app(IDENTITY, CARDS.trust, (OURS, RECORD, OTHER_RECORD), "key", lambda: self.now)
        self.idp: IdpService = app.state.simulation.service
        self.http = line(app)
        self.party, self.other = self.relying(RECORD), self.relying(OTHER_RECORD)

    def relying(self, registration: Registration) -> RelyingParty:
        return RelyingParty(registration, self.idp, ORIGIN, Condition(), lambda: self.now)

    def code(self, uri: str) -> str:
        """What the IDP gives the clinic for an authorization request."""
        prove = handed_in(*IDENTITY.certificates)
        client = IdpClient(self.http, ORIGIN, issuer=ORIGIN, user_agent=USER_AGENT, prove=prove, clock=lambda: self.now)
        return client.authorize(uri, CARD, client.discover()).code


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_the_code_for_the_request_of_a_channel_is_believed_there_once(bench: Bench) -> None:
    code = bench.code(bench.party.authorization_uri(b"channel"))
    assert bench.party.is_code_of(b"channel", code, WHO)
    assert not bench.party.is_code_of(b"channel", code, WHO)


def test_i06_a_code_that_was_used_is_not_believed_for_a_new_request(bench: Bench) -> None:
    code = bench.code(bench.party.authorization_uri(b"channel"))
    assert bench.party.is_code_of(b"channel", code, WHO)
    bench.party.authorization_uri(b"channel")
    assert not bench.party.is_code_of(b"channel", code, WHO)


def test_i06_a_code_is_not_believed_after_a_minute(bench: Bench) -> None:
    code = bench.code(bench.party.authorization_uri(b"channel"))
    bench.now += timedelta(seconds=61)
    assert not bench.party.is_code_of(b"channel", code, WHO)


def test_i06_the_code_of_another_channel_is_not_believed(bench: Bench) -> None:
    code = bench.code(bench.party.authorization_uri(b"channel"))
    bench.party.authorization_uri(b"other channel")
    assert not bench.party.is_code_of(b"other channel", code, WHO)
    assert not bench.party.is_code_of(b"no login", code, WHO)


def test_the_code_for_another_record_system_is_not_believed(bench: Bench) -> None:
    code = bench.code(bench.other.authorization_uri(b"channel"))
    bench.party.authorization_uri(b"channel")
    assert not bench.party.is_code_of(b"channel", code, WHO)


def test_the_code_for_a_client_that_is_no_record_system_is_not_believed(bench: Bench) -> None:
    code = bench.code(begin(OURS, f"{ORIGIN}/sign_response").request.uri)
    bench.party.authorization_uri(b"channel")
    assert not bench.party.is_code_of(b"channel", code, WHO)


def test_who_logs_in_at_the_idp_has_to_be_who_has_signed_the_nonce(bench: Bench) -> None:
    stranger = SimulatedInstitution("5-2.9002", CLINIC.name)
    other = verify_institution(CARDS.card(stranger).certificate, CARDS.trust, NOW).admission
    code = bench.code(bench.party.authorization_uri(b"channel"))
    assert not bench.party.is_code_of(b"channel", code, other)


@pytest.mark.parametrize("fault", ["id-token/expired", "id-token/other-key", "sealed-id/other-key"])
def test_a_broken_answer_of_the_idp_is_not_believed(bench: Bench, fault: str) -> None:
    code = bench.code(bench.party.authorization_uri(b"channel"))
    bench.idp.switch.on(fault)
    assert not bench.party.is_code_of(b"channel", code, WHO)


def test_while_the_idp_is_down_the_record_system_cannot_say(bench: Bench) -> None:
    code = bench.code(bench.party.authorization_uri(b"channel"))
    bench.party.condition.is_down = True
    with pytest.raises(EpaRefused) as refused:
        bench.party.is_code_of(b"channel", code, WHO)
    assert refused.value.code is EpaCode.INTERNAL_ERROR


def test_of_too_many_open_logins_the_oldest_is_forgotten(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relying, "OPEN_LOGINS_MAX", 2)
    uris = [bench.party.authorization_uri(name) for name in (b"1", b"2", b"3")]
    first, last = (bench.code(uri) for uri in (uris[0], uris[-1]))
    assert not bench.party.is_code_of(b"1", first, WHO)
    assert bench.party.is_code_of(b"3", last, WHO)
