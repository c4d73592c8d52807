from __future__ import annotations

import base64
import json
import socket
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest
from cryptography import x509
from epa_bench import AGENT, KVNR, ORIGIN, answering
from epa_login import NOW, OTHER, PRAXIS, Channel, CountingCard, Login, card_of, pki
from shared_data import shared
from simulated_ti import serving, utc_now
from simulated_vau import CALLER

from ti_adapter.epa import (
    CardProof,
    EpaCode,
    EpaMalformed,
    EpaRefused,
    EpaSilent,
    LoginFailed,
    LoginReason,
    Rest,
    card_token,
    entitle,
    log_in,
    search_token,
)
from ti_adapter.epa.authorization import AUTH_CODE, AUTHORIZATION_REQUEST, NONCE, STATUS
from ti_adapter.errors import CardFailed
from ti_adapter.simulator.epa import (
    Authorization,
    Entitlements,
    Records,
    Sessions,
    SimulatedRecord,
    VsdmService,
    create_inner_app,
)
from ti_adapter.simulator.shape import Shape
from ti_adapter.simulator.vau import VauServer
from ti_adapter.simulator.vau_app import VauApp
from ti_adapter.simulator.vau_identity import VauIdentity
from ti_adapter.vau.transport import VauTransport

pytestmark = pytest.mark.slow


def test_a_login_goes_through_all_steps_and_sets_the_pseudonym() -> None:
    login, card = Login(), CountingCard(card_of(PRAXIS))
    assert login.log_in(card) is True
    assert [it.url.path for it in login.exchanges.requests] == [STATUS, NONCE, AUTHORIZATION_REQUEST, AUTH_CODE]
    assert (len(login.channel.pseudonym), card.signatures, login.asked) == (64, 1, [login.address])


def test_who_is_logged_in_already_spends_no_signature() -> None:
    login, card = Login(), CountingCard(card_of(PRAXIS))
    assert [login.log_in(card) for _ in range(100)] == [True] + [False] * 99
    assert card.signatures == 1


def test_a_new_channel_needs_a_new_login() -> None:
    login, card = Login(), CountingCard(card_of(PRAXIS))
    login.log_in(card)
    login.channel = Channel(b"second")
    assert (login.log_in(card), card.signatures) == (True, 2)


def test_another_institution_on_the_channel_is_refused_even_if_its_name_begins_alike() -> None:
    login = Login()
    log_in(login.rest, login.channel, card_of(OTHER), login.idp(OTHER), OTHER.telematik_id, NOW)
    with pytest.raises(LoginFailed) as failed:
        login.log_in()
    assert (failed.value.step, failed.value.reason) == (0, LoginReason.OTHER_ACTOR)


def test_client_attest_is_what_the_definition_asks_for() -> None:
    login = Login()
    login.log_in()
    body = json.loads(login.exchanges.requests[-1].content)
    nonce = login.exchanges.responses[1].json()["nonce"]
    header, claims = (json.loads(card_token_part(body["clientAttest"], it)) for it in (0, 1))
    assert (header.keys(), header["typ"], header["alg"], len(header["x5c"])) == (
        {"typ", "alg", "x5c"},
        "JWT",
        "ES256",
        1,
    )
    issued = int(NOW.timestamp())
    assert claims == {"nonce": nonce, "iat": issued, "exp": issued + 1200}


def card_token_part(token: str, index: int) -> bytes:
    part = token.split(".")[index]
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


@dataclass
class Scripted:
    """A record system that is right but for one answer."""

    login: Login
    path: str
    status: int
    body: bytes = b"{}"
    location: str | None = None

    def rest(self) -> Rest:
        def answer(request: httpx.Request) -> httpx.Response:
            if request.url.path == self.path:
                headers = {} if self.location is None else {"Location": self.location}
                return httpx.Response(self.status, headers=headers, stream=httpx.ByteStream(self.body))
            return self.login.rest.http.send(request, stream=True)

        return Rest(httpx.Client(base_url=ORIGIN, transport=httpx.MockTransport(answer)), AGENT)


OK_ADDRESS = "https://idp.example/auth?client_id=a"
FAILING = {
    "status refused": (STATUS, 400, b'{"errorCode":"malformedRequest"}', None, 0, LoginReason.STATUS),
    "status of nothing": (STATUS, 200, b"{}", None, 0, LoginReason.STATUS),
    "status that is no JSON": (STATUS, 200, b"<html>", None, 0, LoginReason.STATUS),
    "another actor": (STATUS, 200, b'{"User-Authentication":"1-20.10"}', None, 0, LoginReason.OTHER_ACTOR),
    "nonce refused": (NONCE, 400, b'{"errorCode":"malformedRequest"}', None, 1, LoginReason.NONCE_REFUSED),
    "no nonce": (NONCE, 200, b"{}", None, 1, LoginReason.NONCE),
    "a short nonce": (NONCE, 200, b'{"nonce":"ab"}', None, 1, LoginReason.NONCE),
    "a nonce of other characters": (NONCE, 200, b'{"nonce":"%s"}' % (b"z" * 64), None, 1, LoginReason.NONCE),
    "already authorized": (
        AUTHORIZATION_REQUEST,
        409,
        b'{"errorCode":"statusMismatch"}',
        None,
        2,
        LoginReason.REQUEST_REFUSED,
    ),
    "no redirect": (AUTHORIZATION_REQUEST, 200, b"{}", OK_ADDRESS, 2, LoginReason.LOCATION),
    "no address": (AUTHORIZATION_REQUEST, 302, b"", None, 2, LoginReason.LOCATION),
    "address in the open": (AUTHORIZATION_REQUEST, 302, b"", "http://idp.example/a?b=c", 2, LoginReason.LOCATION),
    "address of this host": (AUTHORIZATION_REQUEST, 302, b"", "/auth?client_id=a", 2, LoginReason.LOCATION),
    "address without a question": (AUTHORIZATION_REQUEST, 302, b"", "https://idp.example/", 2, LoginReason.LOCATION),
    "address with a password": (
        AUTHORIZATION_REQUEST,
        302,
        b"",
        "https://a:b@idp/a?b",
        2,
        LoginReason.LOCATION,
    ),
    "address without end": (AUTHORIZATION_REQUEST, 302, b"", OK_ADDRESS + "a" * 9000, 2, LoginReason.LOCATION),
    "login refused": (AUTH_CODE, 403, b'{"errorCode":"invalAuth"}', None, 5, LoginReason.LOGIN_REFUSED),
    "nonce too old": (AUTH_CODE, 409, b'{"errorCode":"statusMismatch"}', None, 5, LoginReason.LOGIN_REFUSED),
    "no pseudonym": (AUTH_CODE, 200, b"{}", None, 5, LoginReason.PSEUDONYM),
    "a pseudonym that is a header": (AUTH_CODE, 200, b'{"vau-np":"a\\r\\nb: c"}', None, 5, LoginReason.PSEUDONYM),
}


@pytest.mark.parametrize(("path", "status", "body", "location", "step", "reason"), FAILING.values(), ids=FAILING)
def test_each_step_fails_for_its_own_reason(
    path: str, status: int, body: bytes, location: str | None, step: int, reason: LoginReason
) -> None:
    login = Login()
    scripted = Scripted(login, path, status, body, location).rest()
    with pytest.raises(LoginFailed) as failed:
        log_in(scripted, login.channel, card_of(PRAXIS), login.idp(), PRAXIS.telematik_id, NOW)
    assert (failed.value.step, failed.value.reason, login.channel.pseudonym) == (step, reason, "")
    assert (failed.value.refused is None) == (status < 400)


@pytest.mark.parametrize("path", [STATUS, NONCE, AUTHORIZATION_REQUEST, AUTH_CODE])
def test_F20_a_record_system_that_is_silent_at_any_step_is_silent(path: str) -> None:  # noqa: N802
    login = Login()
    with pytest.raises(EpaSilent):
        log_in(Scripted(login, path, 503).rest(), login.channel, card_of(PRAXIS), login.idp(), PRAXIS.telematik_id, NOW)


def test_an_idp_without_a_code_and_a_card_without_a_signature_stop_the_login() -> None:
    login = Login()
    with pytest.raises(LoginFailed, match="step 3: authorization-code"):
        log_in(login.rest, login.channel, card_of(PRAXIS), lambda _: "", PRAXIS.telematik_id, NOW)

    class Spoiled:
        certificate: x509.Certificate = card_of(PRAXIS).certificate

        def external_authenticate(self, digest: bytes) -> bytes:
            return digest

    with pytest.raises(CardFailed):
        log_in(login.rest, login.channel, Spoiled(), login.idp(), PRAXIS.telematik_id, NOW)
    assert AUTH_CODE not in [it.url.path for it in login.exchanges.requests]


def test_a_channel_that_changes_before_the_last_step_has_no_session_there() -> None:
    login = Login()

    def ask(address: str) -> str:
        login.channel.key_id = b"second"
        return login.idp()(address)

    with pytest.raises(LoginFailed) as failed:
        log_in(login.rest, login.channel, card_of(PRAXIS), ask, PRAXIS.telematik_id, NOW)
    assert failed.value.refused
    assert (failed.value.step, failed.value.refused.code) == (5, EpaCode.STATUS_MISMATCH)


def test_a_channel_that_changes_with_the_last_step_gets_no_pseudonym() -> None:
    login, names = Login(), iter([b"first", b"second"])

    class Changing:
        pseudonym = ""

        @property
        def key_id(self) -> bytes:
            return next(names)

    with pytest.raises(LoginFailed, match="step 6: channel-has-changed"):
        log_in(login.rest, changing := Changing(), card_of(PRAXIS), login.idp(), PRAXIS.telematik_id, NOW)
    assert changing.pseudonym == ""


REFUSED = {
    "code of another institution": ("code", OTHER.telematik_id),
    "code that the IDP does not know": ("code", None),
    "old token": ("now", timedelta(minutes=-20, seconds=-16)),
    "token of tomorrow": ("now", timedelta(seconds=16)),
    "card of another PKI": ("foreign card", Shape()),
    "card of a person": ("card", Shape(policies=())),
}


@pytest.mark.parametrize(("what", "value"), REFUSED.values(), ids=REFUSED)
def test_the_simulated_service_refuses_and_closes_the_session(what: str, value: object) -> None:
    login, card, now = Login(), card_of(PRAXIS), NOW
    code = {"code": value} if what == "code" else {"code": PRAXIS.telematik_id}
    if isinstance(value, timedelta):
        now += value
    if isinstance(value, Shape):
        maker = type(pki()).generate(NOW) if what == "foreign card" else pki()
        card = maker.card(PRAXIS, value)

    def ask(_: str) -> str:
        if isinstance(code["code"], str):
            login.codes["code-1"] = code["code"]
        return "code-1"

    with pytest.raises(LoginFailed) as failed:
        log_in(login.rest, login.channel, card, ask, PRAXIS.telematik_id, now)
    assert failed.value.refused
    assert (failed.value.refused.status, failed.value.refused.code) == (403, EpaCode.INVALID_AUTH)
    assert login.sessions.who(login.channel.key_id) is None


@pytest.mark.parametrize("seconds", [-15, 14 + 1200])
def test_fifteen_seconds_of_another_clock_are_borne(seconds: int) -> None:
    login = Login()
    attest_at = NOW - timedelta(seconds=seconds)
    assert log_in(login.rest, login.channel, card_of(PRAXIS), login.idp(), PRAXIS.telematik_id, attest_at)


def test_I12_a_role_that_may_not_log_in_is_refused() -> None:  # noqa: N802
    login = Login(roles=frozenset({"1.2.276.0.76.4.5"}))
    with pytest.raises(LoginFailed, match="login-refused"):
        login.log_in()


def test_I06_a_nonce_and_a_client_attest_are_taken_once_and_for_five_minutes() -> None:  # noqa: N802
    login = Login()
    nonce = login.sessions.issue_nonce(b"x", NOW)
    attest = card_token.sign(card_of(PRAXIS), {"nonce": nonce}, NOW)
    login.codes = {"a": PRAXIS.telematik_id, "b": PRAXIS.telematik_id}
    login.sessions.log_in(b"x", "a", attest, NOW)
    with pytest.raises(EpaRefused, match="statusMismatch"):
        login.sessions.log_in(b"x", "b", attest, NOW)
    login.sessions.issue_nonce(b"x", NOW)
    with pytest.raises(EpaRefused, match="invalAuth"):
        login.sessions.log_in(b"x", "b", attest, NOW)
    login.sessions.issue_nonce(b"x", NOW)
    with pytest.raises(EpaRefused, match="statusMismatch"):
        login.sessions.log_in(b"x", "b", attest, NOW + timedelta(minutes=5))


def test_the_search_token_is_for_those_who_are_logged_in() -> None:
    login = Login()
    with pytest.raises(EpaRefused, match="invalAuth"):
        search_token(login.rest)
    login.log_in()
    found = search_token(login.rest)
    assert (found.token, found.lifetime, "search-token" in repr(found)) == ("search-token", timedelta(days=1), False)


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"access_token":"a b","token_type":"Bearer","expires_in":1}',
        b'{"access_token":"a","token_type":"MAC","expires_in":1}',
        b'{"access_token":"a","token_type":"Bearer","expires_in":-1}',
    ],
)
def test_a_search_token_that_is_none_is_malformed(body: bytes) -> None:
    with pytest.raises(EpaMalformed, match="search-token"):
        search_token(answering(200, body))


def test_requests_and_answers_are_as_gematiks_openapi_says() -> None:
    shared("data", "gematik", "openapi")
    login = Login()
    login.log_in()
    search_token(login.rest)
    with pytest.raises(EpaRefused):
        login.rest.get(AUTHORIZATION_REQUEST)
    login.sessions.close()
    with pytest.raises(EpaRefused):
        login.rest.post(AUTH_CODE, {"authorizationCode": "a", "clientAttest": "a.b.c"})
    assert [it.status_code for it in login.exchanges.responses] == [200, 200, 302, 200, 200, 409, 409]
    login.exchanges.check("authorization-client.yaml")
    login.exchanges.check("vau-client.yaml")


def test_a_body_that_is_none_is_refused() -> None:
    login = Login()
    with pytest.raises(EpaRefused, match="malformedRequest"):
        login.rest.post(AUTH_CODE, {"authorizationCode": 1})


def test_login_and_entitlement_inside_a_real_channel_over_http() -> None:
    vau, codes = VauIdentity.issue(utc_now()), {"code-1": PRAXIS.telematik_id}
    own_pki = type(pki()).generate(utc_now())
    sessions = Sessions(own_pki.trust, lambda _, code, who: codes.pop(code, None) == who.telematik_id)
    service = Authorization(sessions, lambda _: OK_ADDRESS, lambda: "token", utc_now)
    entitlements = Entitlements(Records({KVNR.value: SimulatedRecord()}), VsdmService())
    app, hcv = VauApp(VauServer(vau), create_inner_app(service, entitlements)), bytes(5)
    with socket.create_server(("127.0.0.1", 0)) as listener, serving(app, listener):
        origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with httpx.Client(base_url=origin) as outer:
            transport = VauTransport(outer, lambda: vau.trust, CALLER, utc_now)
            with httpx.Client(base_url=origin, transport=transport) as inside:
                asking, card = Rest(inside, AGENT), own_pki.card(PRAXIS)
                assert log_in(asking, transport, card, lambda _: "code-1", PRAXIS.telematik_id, utc_now())
                assert (search_token(asking).token, len(transport.pseudonym)) == ("token", 64)
                assert not log_in(asking, transport, card, lambda _: "", PRAXIS.telematik_id, utc_now())
                proof = CardProof(entitlements.vsdm.version_2(KVNR.value, utc_now(), hcv), hcv)
                assert entitle(asking, KVNR, card, proof, utc_now()) > utc_now() + timedelta(days=88)
