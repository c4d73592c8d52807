"""The hub's desk over HTTPS: a node without a certificate against the real application."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import listening
import pytest
from certificates import Authority
from conftest import Clock
from enrolling import APPLICANT, EnrolmentBench
from structlog.testing import capture_logs
from wishes import HOSPITAL

from linkexchange.certificates import Authority as Ca
from linkexchange.certificates import certificate_fingerprint, new_key, pem_of, read_request, request
from linkexchange.desk import DeskClient, fetch_ca
from linkexchange.errors import EnrolmentRefused, HubUnavailable, IdentityRefused, MessageFault
from linkexchange.model.enrolment import Standing
from linkexchange.model.identifiers import Sha256
from linkexchange.signing import PublicKeys
from linkexchange.store.work import Database
from linkexchange.tls import open_server_context
from linkexchange.web.enrolment import BODY_MAX_BYTES, application
from linkexchange.web.rates import Rate, Rates


@dataclass
class RunningDesk:
    bench: EnrolmentBench
    port: int
    ca_pem: str

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    def context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cadata=self.ca_pem)


@pytest.fixture
def desk(database: Database, clock: Clock, tmp_path: Path) -> Iterator[RunningDesk]:
    """Its TLS certificate is of the CA with which it issues, as at every hub."""
    authority = Authority(tmp_path)
    bench = EnrolmentBench(database, clock)
    ours = Ca(ssl_certificate(authority), authority._key)
    bench.admission = replace(bench.admission, authority=ours)
    mine = authority.node(HOSPITAL)
    context = open_server_context(mine.certificate, mine.key)
    with listening.on(application(bench.admission, Rates(address=Rate(per_second=1 / 60, burst=40))), context) as port:
        yield RunningDesk(bench, port, authority.certificate.read_text())


def ssl_certificate(authority: Authority) -> Any:
    from cryptography import x509

    return x509.load_pem_x509_certificate(authority.certificate.read_bytes())


@pytest.fixture
def client(desk: RunningDesk) -> Iterator[DeskClient]:
    client = DeskClient(desk.url, desk.ca_pem)
    yield client
    client.close()


@pytest.fixture
def raw(desk: RunningDesk) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=desk.url, verify=desk.context()) as http:
        yield http


def applying(client: DeskClient, **changes: Any) -> str:
    asked = request(new_key(), "practice.example")
    attestation = f"{client.nonce()} {read_request(asked).binding}"
    return client.apply({**APPLICANT.to_json(), "request": asked, "attestation": attestation, **changes})


def test_a_node_without_certificate_applies_and_takes_its_certificate(desk: RunningDesk, client: DeskClient) -> None:
    secret = applying(client)
    assert client.verdict(secret).standing is Standing.APPLIED
    desk.bench.approve()
    verdict = client.verdict(secret)
    assert (verdict.standing, verdict.certificate.splitlines()[0]) == (
        Standing.APPROVED,
        "-----BEGIN CERTIFICATE-----",
    )
    assert desk.bench.enrolments()[0].participant == APPLICANT


def test_the_desk_names_ca_and_grant_keys(desk: RunningDesk, client: DeskClient) -> None:
    assert desk.bench.admission.authority
    ca = desk.bench.admission.authority.certificate
    assert fetch_ca(desk.url, certificate_fingerprint(ca)) == pem_of(ca)
    assert set(PublicKeys.from_jwks(client.keys()).keys) == {"grant-1"}


def test_i_01_a_hub_whose_ca_has_another_fingerprint_is_not_believed(desk: RunningDesk) -> None:
    with pytest.raises(IdentityRefused, match="another fingerprint"):
        fetch_ca(desk.url, Sha256("0" * 64))


def test_i_01_a_desk_that_another_ca_has_certified_gets_nothing(desk: RunningDesk, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    liar = DeskClient(desk.url, Authority(other).certificate.read_text())
    with pytest.raises(HubUnavailable, match="ConnectError"):
        liar.nonce()
    liar.close()


def test_refusals_reach_the_node_as_what_they_are(desk: RunningDesk, client: DeskClient) -> None:
    with pytest.raises(EnrolmentRefused):
        client.verdict("guessed")
    with pytest.raises(MessageFault, match="node_url"):
        applying(client, node_url="https://evil.example")
    desk.bench.card = IdentityRefused("attestation, step 5: signature")
    with pytest.raises(IdentityRefused) as refused:
        applying(client)
    assert refused.value.detail == ""


def test_w_06_what_an_application_does_not_have_cannot_be_assigned(raw: httpx.Client, client: DeskClient) -> None:
    for extra in ("standing", "role", "participant", "key", "reason"):
        with pytest.raises(MessageFault):
            applying(client, **{extra: "approved"})


@pytest.mark.parametrize(
    "changes",
    [
        {"telematik_id": "nobody"},
        {"capabilities": ["flies"]},
        {"name": "x" * 201},
        {"destinations": ["PACS"] * 21},
        {"request": "x" * 9000},
        {"attestation": "x" * 17000},
        {"contact": None},
    ],
    ids=["who", "capability", "name", "many", "request", "attestation", "nothing"],
)
def test_what_is_malformed_is_refused_and_not_repeated(client: DeskClient, changes: dict[str, Any]) -> None:
    with capture_logs() as logs, pytest.raises(MessageFault) as refused:
        applying(client, **changes)
    assert refused.value.detail == "request"
    assert "xxx" not in str(logs)


def test_w_05_a_body_that_is_too_large_is_not_read_whether_it_says_so_or_not(raw: httpx.Client) -> None:
    large = raw.post("/enrolment/nonces", content=b"x" * (BODY_MAX_BYTES + 1))
    endless = raw.post("/enrolment/nonces", content=iter([b"x" * 8192] * 5))
    assert (large.status_code, endless.status_code) == (413, 413)


ELSEWHERE = ["/openapi.json", "/docs", "/redoc", "/resolver/keys", "/directory/participants", "/enrolment/renewals"]


@pytest.mark.parametrize("path", ["/", *ELSEWHERE])
def test_t34_the_desk_has_nothing_else(raw: httpx.Client, path: str) -> None:
    assert raw.get(path).status_code == 404


def test_the_secret_travels_in_no_address(raw: httpx.Client) -> None:
    assert raw.get("/enrolment/application").status_code == 422
    assert raw.get("/enrolment/application?x_application=1").status_code == 422


def test_whoever_asks_too_often_is_told_to_wait(raw: httpx.Client) -> None:
    answers = [raw.get("/nothing").status_code for _ in range(41)]
    assert answers == [404] * 40 + [429]


def test_a_hub_without_ca_says_so(desk: RunningDesk) -> None:
    bare = application(replace(desk.bench.admission, authority=None))
    with listening.on(bare, None) as port, httpx.Client(base_url=f"http://localhost:{port}") as http:
        assert http.get("/enrolment/hub").json()["code"] == "setting"
