"""Our client at gematik's idp-server, and our simulated IDP beside it.

    IDP_SERVER=<class path> JAVA_HOME=<JDK> .venv/bin/python -m pytest tests/interoperability/with_idp_server.py

Its name keeps it out of `make test`, since idp-server is built outside of this project. The server believes the cards
of our test PKI, by a trust list of ours; its own certificates are those that it comes with. With LINKEXCHANGE_RECORD=1
a login is written down as a vector, which `tests/ti_adapter/idp/test_recorded.py` reads.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from interoperability.idp_server import IdpServer, running, version
from simulated_idp import CLINIC, RECORD, USER_AGENT, IdpWorld, running_idp
from simulated_ti import make_pki

from ti_adapter.errors import CertificateRefused
from ti_adapter.idp import IdpClient, IdpRefused, LoggedIn, Registration, exchange, request, vouched_for
from ti_adapter.idp.errors import AccessTokenRefused, DiscoveryRefused
from ti_adapter.idp.keys import read_encryption_key
from ti_adapter.pki import TrustList
from ti_adapter.simulator.card import SimulatedCard
from ti_adapter.simulator.shape import HOSPITAL, Shape
from ti_adapter.simulator.tsl import TslSigner, ca_service

NOW = datetime.now(UTC).replace(microsecond=0)
CARDS, VECTORS = make_pki(NOW), Path(__file__).parents[1] / "vectors"
CARD = CARDS.card(CLINIC)
EPA = Registration("ePA", "http://test-ps.gematik.de/ePA", "openid epa", "https://epa.audience.de")
"""A client that the server has in its configuration."""
VERIFIER = "verifier-of-a-record-system-" + "x" * 20


class Telling(httpx.HTTPTransport):
    """Keeps what was asked for and what came, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[str, httpx.Response]] = []

    def handle_request(self, asked: httpx.Request) -> httpx.Response:
        answer = super().handle_request(asked)
        answer.read()
        self.told.append((str(asked.url), answer))
        return httpx.Response(answer.status_code, headers=answer.headers, stream=httpx.ByteStream(answer.content))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IdpServer]:
    trust_list = TslSigner.generate(NOW).issue((ca_service(CARDS.authority, NOW),), NOW)
    with running(trust_list, tmp_path_factory.mktemp("idp-server")) as one:
        yield one


@pytest.fixture(scope="module")
def simulated() -> Iterator[IdpWorld]:
    with running_idp() as world:
        yield world


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(transport=Telling(), timeout=60) as one:
        yield one


def client(server: IdpServer, http: httpx.Client, **other: Any) -> IdpClient:
    settings: dict[str, Any] = {"issuer": server.url, "user_agent": USER_AGENT, **other}
    settings.setdefault("prove", vouched_for(TrustList((server.authority,))))
    return IdpClient(http, server.url, clock=lambda: datetime.now(UTC), **settings)


def log_in(
    server: IdpServer, http: httpx.Client, registration: Registration = EPA, card: SimulatedCard = CARD
) -> LoggedIn:
    ours = client(server, http)
    return ours.log_in(registration, card, ours.discover())


def test_an_institution_logs_in(server: IdpServer, http: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    keys: list[exchange.TokenKey] = []
    make = exchange.make_token_key
    monkeypatch.setattr(exchange, "make_token_key", lambda *of: keys.append(make(*of)) or keys[-1])
    done = log_in(server, http)
    assert (done.id_token.telematik_id, done.id_token.profession_oid) == (CLINIC.telematik_id, HOSPITAL)
    assert (done.access_token.audience, done.access_token.scope) == (EPA.audience, EPA.scope)
    assert (done.id_token.unknown, done.access_token.unknown) == ((), ())
    record(server, http, keys[0].key)


def record(server: IdpServer, http: httpx.Client, token_key: bytes) -> None:
    if not os.environ.get("LINKEXCHANGE_RECORD"):
        return
    assert isinstance(http._transport, Telling)
    names = ("discovery", "signing_key", "encryption_key", "challenge", "redirect", "tokens")
    told = dict(zip(names, http._transport.told, strict=True))
    shown = {"authority": server.authority, "card": CARD.certificate}
    vector = {
        "peer": f"idp-server {version()}",
        "at": datetime.now(UTC).isoformat(),
        "issuer": server.url,
        "request": told["challenge"][0],
        **{name: answer.headers.get("location", answer.text) for name, (_, answer) in told.items()},
        "token_key": token_key.hex(),
        **{name: base64.b64encode(one.public_bytes(Encoding.DER)).decode() for name, one in shown.items()},
    }
    (VECTORS / "idp-server-login.json").write_text(json.dumps(vector, indent=1) + "\n")


def test_nothing_in_its_discovery_document_is_unknown(server: IdpServer, http: httpx.Client) -> None:
    assert client(server, http).discover().document.unknown == ()


def test_a_record_system_that_keeps_the_verifier_gets_a_code_that_it_can_exchange(
    server: IdpServer, http: httpx.Client
) -> None:
    ours = client(server, http)
    code = ours.authorize(asked(server.url, EPA), CARD, ours.discover()).code
    assert token_code(http, server.url, form(http, server.url, EPA, code)) == ""


def test_it_refuses_cards_that_its_trust_list_does_not_vouch_for(server: IdpServer, http: httpx.Client) -> None:
    for card in (CARDS.look_alike().card(CLINIC), make_pki(NOW, name="GEM.SMCB-CA901").card(CLINIC)):
        with pytest.raises(IdpRefused, match="2020"):
            log_in(server, http, card=card)


def test_it_refuses_a_card_that_has_expired(server: IdpServer, http: httpx.Client) -> None:
    with pytest.raises(IdpRefused, match="2020"):
        log_in(server, http, card=CARDS.card(CLINIC, Shape(ends=timedelta(hours=-1))))


@pytest.mark.parametrize("user_agent", ["", "blocked_user_agent"])
def test_it_turns_away_a_software_that_it_blocks(server: IdpServer, http: httpx.Client, user_agent: str) -> None:
    with pytest.raises(IdpRefused, match="-1"):
        client(server, http, user_agent=user_agent).discover()


def test_we_refuse_its_certificates_where_another_ca_is_trusted(server: IdpServer, http: httpx.Client) -> None:
    other = vouched_for(make_pki(NOW, name="GEM.KOMP-CA51").trust)
    with pytest.raises(CertificateRefused):
        client(server, http, prove=other).discover()


def test_we_refuse_its_document_and_its_tokens_where_others_are_wanted(server: IdpServer, http: httpx.Client) -> None:
    with pytest.raises(DiscoveryRefused, match="step 9: issuer"):
        client(server, http, issuer="https://idp.example").discover()
    with pytest.raises(AccessTokenRefused, match="step 10: audience"):
        log_in(server, http, replace(EPA, audience="https://record.example/"))


def asked(url: str, registration: Registration, **changes: str) -> str:
    parameters = {
        "client_id": registration.client_id,
        "redirect_uri": registration.redirect_uri,
        "response_type": "code",
        "state": "state-of-the-record",
        "nonce": "nonce-of-the-record",
        "scope": registration.scope,
        "code_challenge": request.code_challenge(VERIFIER),
        "code_challenge_method": "S256",
    }
    return f"{url}/sign_response?{urlencode({**parameters, **changes})}"


def form(http: httpx.Client, url: str, registration: Registration, code: str) -> dict[str, str]:
    return {
        "grant_type": "authorization_code",
        "client_id": registration.client_id,
        "code": code,
        "redirect_uri": registration.redirect_uri,
        "key_verifier": verifier_for(http, url, VERIFIER),
    }


def verifier_for(http: httpx.Client, url: str, verifier: str) -> str:
    jwk = http.get(f"{url}/idpEnc/jwk.json", headers={"user-agent": USER_AGENT}).content
    return exchange.make_token_key(verifier, read_encryption_key(jwk, lambda *_: None, NOW)).key_verifier


def token_code(http: httpx.Client, url: str, said: dict[str, str]) -> str:
    return code_in(http.post(f"{url}/token", data=said, headers={"user-agent": USER_AGENT}))


def code_in(answer: httpx.Response) -> str:
    """The `gematik_code` of an answer or of its redirect; empty where it is no error."""
    if answer.status_code == 302:
        return parse_qs(urlsplit(answer.headers["location"]).query).get("gematik_code", [""])[0]
    code: str = answer.json().get("gematik_code", "")
    return code


def both(server: IdpServer, simulated: IdpWorld, ask: Callable[[str, Registration], str]) -> set[str]:
    return {ask(server.url, EPA), ask(simulated.url, RECORD)}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"client_id": "other"}, "2012"),
        ({"redirect_uri": "https://other.example/"}, "1020"),
        ({"response_type": ""}, "2004"),
        ({"response_type": "token"}, "2005"),
        ({"nonce": ""}, "2007"),
        ({"code_challenge_method": "plain"}, "2008"),
        ({"code_challenge": ""}, "2009"),
        ({"code_challenge": "short"}, "2010"),
        ({"scope": ""}, "1005"),
        ({"scope": "openid"}, "1022"),
        ({"scope": "epa"}, "1022"),
        ({"scope": "openid x"}, "1030"),
        ({"state": ""}, "2002"),
        ({}, ""),
    ],
    ids=str,
)
def test_both_answer_a_request_with_the_same_code(
    server: IdpServer, simulated: IdpWorld, http: httpx.Client, changes: dict[str, str], code: str
) -> None:
    headers = {"user-agent": USER_AGENT}
    said = both(server, simulated, lambda url, of: code_in(http.get(asked(url, of, **changes), headers=headers)))
    assert said == {code}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"grant_type": "password"}, "3014"),
        ({"grant_type": ""}, "3006"),
        ({"client_id": "other"}, "3007"),
        ({"redirect_uri": "https://other.example/"}, "1020"),
        ({"code": "other"}, "3013"),
        ({"verifier": "w" * 43}, "3000"),
        ({}, ""),
    ],
    ids=str,
)
def test_both_answer_an_exchange_with_the_same_code(
    server: IdpServer, simulated: IdpWorld, http: httpx.Client, changes: dict[str, str], code: str
) -> None:
    def ask(url: str, registration: Registration) -> str:
        ours = client(server, http) if url == server.url else simulated.client()
        card = CARD if url == server.url else simulated.card
        said = form(http, url, registration, ours.authorize(asked(url, registration), card, ours.discover()).code)
        other = {"key_verifier": verifier_for(http, url, changes["verifier"])} if "verifier" in changes else changes
        return token_code(http, url, {**said, **other})

    assert both(server, simulated, ask) == {code}


def test_its_codes_are_good_more_than_once_where_ours_are_not(server: IdpServer, http: httpx.Client) -> None:
    """The one place where the simulated IDP is stricter: a real one has to be as it is."""
    ours = client(server, http)
    said = form(http, server.url, EPA, ours.authorize(asked(server.url, EPA), CARD, ours.discover()).code)
    assert [token_code(http, server.url, said) for _ in range(2)] == ["", ""]
