"""The directory as FHIR, the signed one, and who may see them, over mTLS against the real application."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import listening
import pytest
from certificates import Authority, NodeCertificate
from conftest import Clock
from hub_bench import HubBench
from wishes import HOSPITAL, HUB, PRACTICE

from linkexchange import admit
from linkexchange.certificates import remembered
from linkexchange.errors import IdentityRefused
from linkexchange.hub import HubClient
from linkexchange.kept_directory import KeptDirectory
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.participant import Capability, Participant
from linkexchange.store.work import Database
from linkexchange.tls import server_context
from linkexchange.web import resolver as web
from linkexchange.web.fhir_directory import TELEMATIK_ID, id_of

ODD = TelematikId("1-2-a|b,c$d/e")


class Place:
    """The hub on a port, and the practice's certificate."""

    def __init__(self, bench: HubBench, authority: Authority, port: int) -> None:
        self.bench, self.authority, self.url = bench, authority, f"https://localhost:{port}"
        self.practice: NodeCertificate = authority.node(PRACTICE)


@pytest.fixture
def place(database: Database, clock: Clock, tmp_path: Path) -> Iterator[Place]:
    authority, bench = Authority(tmp_path), HubBench(database, clock)
    mine = authority.node(HOSPITAL)
    bench.enrol(Participant(ODD, "MVZ Süd-Ost", "https://odd.example", (), (), (Capability.SERVES,), "Tel. 1"))
    context = server_context(mine.certificate, mine.key, authority.certificate)
    with listening.on(web.application(bench.resolver), context) as port:
        yield Place(bench, authority, port)


@pytest.fixture
def http(place: Place) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=place.url, verify=place.practice.client_context()) as client:
        yield client


def found(http: httpx.Client, path: str, **query: str) -> list[dict[str, Any]]:
    answer = http.get(path, params=query)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/fhir+json")
    bundle = answer.json()
    assert (bundle["resourceType"], bundle["type"], bundle["total"]) == ("Bundle", "searchset", len(bundle["entry"]))
    assert bundle["link"][0]["relation"] == "self"
    return [entry["resource"] for entry in bundle["entry"]]


@pytest.mark.parametrize("value", [PRACTICE, f"{TELEMATIK_ID}|{PRACTICE}"], ids=["bare", "with system"])
def test_an_organization_is_found_by_its_telematik_id(http: httpx.Client, value: str) -> None:
    [it] = found(http, "/fhir/Organization", identifier=value)
    assert it["identifier"] == [{"system": TELEMATIK_ID, "value": PRACTICE}]
    assert (it["name"], it["active"]) == ("Praxis am Markt", True)


@pytest.mark.parametrize("escaped", [True, False])
def test_characters_that_fhir_escapes_are_found_as_well(http: httpx.Client, escaped: bool) -> None:
    value = re.sub(r"([\\$,|])", r"\\\1", ODD) if escaped else ODD
    [it] = found(http, "/fhir/Organization", identifier=f"{TELEMATIK_ID}|{value}")
    assert it["id"] == id_of(ODD)
    assert it["contact"] == [{"name": {"text": "Tel. 1"}}]


@pytest.mark.parametrize(
    ("name", "whom"),
    [("praxis", {PRACTICE}), ("MARKT", {PRACTICE}), ("arkt", set()), ("k", {HOSPITAL}), ("süd", {HOSPITAL, ODD})],
)
def test_organizations_are_found_by_the_beginning_of_a_word(http: httpx.Client, name: str, whom: set[str]) -> None:
    listed = found(http, "/fhir/Organization", name=name)
    assert {it["identifier"][0]["value"] for it in listed} == whom


def test_an_identifier_of_another_system_finds_nobody(http: httpx.Client) -> None:
    assert found(http, "/fhir/Organization", identifier=f"http://other|{PRACTICE}") == []


def test_an_endpoint_says_where_wado_rs_is_answered(http: httpx.Client) -> None:
    [organization] = found(http, "/fhir/Organization", identifier=PRACTICE)
    [it] = found(http, "/fhir/Endpoint", organization=f"Organization/{organization['id']}")
    assert organization["endpoint"] == [{"reference": f"Endpoint/{it['id']}"}]
    assert (it["connectionType"]["code"], it["address"]) == ("dicom-wado-rs", "https://practice.example/studies")
    assert it["managingOrganization"] == {"reference": f"Organization/{organization['id']}"}
    assert len(found(http, "/fhir/Endpoint")) == 3


@pytest.mark.parametrize("query", ["identifier=1&identifier=2", "_include=*", "name:exact=x", "active=true"])
def test_what_is_not_known_here_is_refused_as_an_operation_outcome(http: httpx.Client, query: str) -> None:
    answer = http.get(f"/fhir/Organization?{query}")
    assert (answer.status_code, answer.json()["resourceType"]) == (422, "OperationOutcome")


@pytest.mark.parametrize("path", ["/fhir/Organization", "/fhir/Endpoint", "/directory/snapshot"])
def test_whoever_is_revoked_sees_no_directory(place: Place, http: httpx.Client, path: str) -> None:
    with place.bench.database.work(PRACTICE) as work:
        work.directory.retire(PRACTICE)
    answer = http.get(path)
    assert answer.status_code == 403
    assert "identity-refused" in answer.text


def test_a_node_takes_the_signed_directory_and_goes_on_with_it_while_the_hub_is_silent(
    place: Place, tmp_path: Path
) -> None:
    kept = KeptDirectory(place.bench.hub.public, issuer=HUB, file=tmp_path / "kept", now=place.bench.clock)
    hub = HubClient(place.url, place.practice.client_context(), kept)
    listed = hub.participants()
    assert {it.telematik_id for it in listed} == {PRACTICE, HOSPITAL, ODD}
    hub.close()
    gone = HubClient("https://localhost:9", place.practice.client_context(), kept)
    assert gone.participants() == listed
    gone.close()


def test_a_certificate_that_the_hub_has_revoked_is_refused_by_every_operation_at_once(
    place: Place, http: httpx.Client
) -> None:
    from cryptography import x509

    mine = x509.load_pem_x509_certificate(place.practice.certificate.read_bytes())
    with place.bench.database.work(PRACTICE) as work:
        work.certificates.add(remembered(mine))
    # The tests' certificates end a day after now, not after the standing clock of the bench.
    place.bench.clock.time = mine.not_valid_before_utc
    assert http.get("/directory/participants").status_code == 200
    with place.bench.database.work(PRACTICE) as work:
        work.certificates.revoke(place.bench.clock(), "stolen")
    routes = ["/directory/participants", "/directory/snapshot", "/ledger/offers", "/fhir/Endpoint"]
    assert {http.get(path).status_code for path in routes} == {403}
    assert http.post("/resolver/nonces").json()["detail"] == "revoked"
    with pytest.raises(IdentityRefused):
        admit.admitted(place.bench.database, place.bench.caller, place.bench.clock())
