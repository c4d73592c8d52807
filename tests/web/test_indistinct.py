"""A-03: whoever asks by number learns the same of what is another's, of what is not there and of what is gone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from statistics import mean, stdev
from time import perf_counter
from uuid import UUID, uuid4

import httpx
import listening
import pytest
import wishes
from certificates import Authority
from conftest import Clock
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from hub_bench import HubBench
from wishes import BY_RECORD, HOSPITAL, HUB, LINK, PRACTICE, STRANGER

from linkexchange import govern
from linkexchange.errors import Denied
from linkexchange.model.identifiers import LinkId, Sha256
from linkexchange.model.link import LinkStatus
from linkexchange.model.participant import Institution, Participant
from linkexchange.model.request import TYP, Request
from linkexchange.model.switch import Hand, Switch
from linkexchange.signing import Signer
from linkexchange.store.work import Database
from linkexchange.tls import client_context, server_context
from linkexchange.web import resolver as web

pytestmark = pytest.mark.slow
CALLS = int(os.environ.get("LINKEXCHANGE_TIMING_CALLS", "10"))
GONE, EXPIRED, SWITCHED = (LinkId(str(UUID(int=number))) for number in (1, 2, 3))
OTHER_HOSPITAL = wishes.TelematikId("5-2-other")
KINDS = ("other", "random", "deleted", "expired", "switched off")
"""Of another, never there, withdrawn, expired, and of an origin that lets nobody pull."""


@dataclass
class Stranger:
    """An enrolled practice that holds nothing, at the hub's real port."""

    bench: HubBench
    http: httpx.Client
    signer: Signer
    session: str = ""
    transfers: dict[str, str] = field(default_factory=dict)

    def ask(self, route: str, kind: str) -> httpx.Response:
        return ROUTES[route](self, kind)

    def call(self, method: str, path: str, **more: object) -> httpx.Response:
        return self.http.request(method, path, headers={"X-Session": self.session}, **more)  # type: ignore[arg-type]


def _link(kind: str) -> LinkId:
    known = {"other": LINK, "deleted": GONE, "expired": EXPIRED, "switched off": SWITCHED}
    return known.get(kind) or LinkId(str(uuid4()))


def _origin(kind: str) -> wishes.TelematikId:
    return OTHER_HOSPITAL if kind == "switched off" else HOSPITAL


def _grant(it: Stranger, kind: str, **change: object) -> httpx.Response:
    wish = replace(
        BY_RECORD,
        requester=STRANGER,
        transfer=uuid4(),
        origin=_origin(kind),
        link=_link(kind),
        document_digest=Sha256("0" * 64),
        asked=it.bench.clock(),
        read_at=it.bench.clock(),
        **change,
    )
    return _send(it, wish)


def _send(it: Stranger, wish: Request) -> httpx.Response:
    return it.call("POST", "/resolver/grants", json={"request": it.signer.sign(wish.claims(HUB), typ=TYP)})


def _by_offer(it: Stranger, kind: str) -> httpx.Response:
    wish = replace(wishes.BY_RELEASE, requester=STRANGER, transfer=uuid4(), origin=_origin(kind), link=_link(kind))
    return _send(it, replace(wish, offer=str(wish.link), asked=it.bench.clock()))


def _withdraw(it: Stranger, kind: str) -> httpx.Response:
    return it.call("POST", f"/ledger/links/{_link(kind)}/withdrawal")


def _receipts(it: Stranger, kind: str) -> httpx.Response:
    return it.call("GET", "/ledger/receipts", params={"link": _link(kind), "requester": PRACTICE})


def _course(it: Stranger, kind: str) -> httpx.Response:
    return it.call("GET", f"/ledger/transfers/{it.transfers.get(kind, uuid4())}")


def _offer(it: Stranger, kind: str) -> httpx.Response:
    """Only the link's origin can make an offer of it."""
    made = it.bench.clock().isoformat()
    body = {"offer": str(uuid4()), "receiver": PRACTICE, "link": _link(kind), "made": made}
    return it.call("POST", "/ledger/offers", json=body)


ROUTES: dict[str, Callable[[Stranger, str], httpx.Response]] = {
    "grant by record": _grant,
    "grant by release": _by_offer,
    "withdrawal": _withdraw,
    "receipts": _receipts,
    "transfer": _course,
    "offer": _offer,
}


@pytest.fixture
def stranger(database: Database, clock: Clock, tmp_path: Path) -> Iterator[Stranger]:
    bench = HubBench(database, clock)
    _fill(bench)
    authority = Authority(tmp_path)
    mine, theirs = authority.node(HOSPITAL), authority.node(STRANGER)
    context = server_context(mine.certificate, mine.key, authority.certificate)
    bench.card = Institution(STRANGER, wishes.PRACTICE_ROLE, "Fremde Praxis")
    with (
        listening.on(web.application(bench.resolver), context) as port,
        httpx.Client(
            base_url=f"https://localhost:{port}",
            verify=client_context(theirs.certificate, theirs.key, authority.certificate),
        ) as http,
    ):
        key = load_pem_private_key(theirs.key.read_bytes(), None)
        it = Stranger(bench, http, Signer.of(key, theirs.thumbprint))  # type: ignore[arg-type]
        nonce = it.call("POST", "/resolver/nonces").json()["nonce"]
        it.session = it.call("POST", "/resolver/sessions", json={"attestation": nonce}).json()["session"]
        it.transfers["other"] = str(BY_RECORD.transfer)
        yield it


def _fill(bench: HubBench) -> None:
    bench.grant(BY_RECORD)
    bench.enrol(Participant(STRANGER, "Fremde Praxis", "https://stranger.example", ("PACS",)))
    bench.enrol(Participant(OTHER_HOSPITAL, "Klinikum Nord", "https://north.example"))
    with bench.database.work(HOSPITAL) as work:
        work.hub.register(replace(wishes.REGISTERED, link=GONE), None)
        work.hub.withdraw(GONE)
        old = bench.clock() - timedelta(days=1)
        work.hub.register(replace(wishes.REGISTERED, link=EXPIRED, expires=old), None)
    with bench.database.work(OTHER_HOSPITAL) as work:
        work.hub.register(replace(wishes.REGISTERED, link=SWITCHED, origin=OTHER_HOSPITAL), None)
    off = Switch(Hand.OPERATOR, False, "nur Versand", bench.clock())
    govern.turn(bench.database, OTHER_HOSPITAL, off, user="test")


def _seen(answer: httpx.Response) -> object:
    """All that a caller sees of it, but for the trace id, which is another each time."""
    body = answer.json() if answer.content else None
    if isinstance(body, dict):
        assert body.pop("trace_id")
    kept = {name: value for name, value in answer.headers.items() if name != "date"}
    return answer.status_code, body, kept


@pytest.mark.parametrize("route", ROUTES)
def test_a_03_a_stranger_sees_no_difference(stranger: Stranger, route: str) -> None:
    seen = {kind: _seen(stranger.ask(route, kind)) for kind in KINDS}
    assert all(it == seen["random"] for it in seen.values()), seen


def test_a_03_every_route_with_a_number_is_looked_at() -> None:
    app = web.application(None)  # type: ignore[arg-type] - nothing is called
    numbered = {route.path for route in app.routes if "{" in route.path}  # type: ignore[attr-defined]
    assert numbered == {"/ledger/links/{link}/withdrawal", "/ledger/transfers/{transfer}"}


def test_a_03_what_a_stranger_withdraws_or_offers_stays_as_it_was(stranger: Stranger) -> None:
    assert [stranger.ask(route, "other").status_code for route in ("withdrawal", "offer")] == [204, 403]
    with stranger.bench.database.work(HOSPITAL) as work:
        kept = work.hub.link(LINK)
    assert kept is not None
    assert kept.status is LinkStatus.AVAILABLE
    assert stranger.bench.rows("offers", PRACTICE) == []


def test_a_03_an_offer_of_another_than_the_origin_counts_for_nothing(stranger: Stranger) -> None:
    forged = replace(wishes.OFFER, sender=STRANGER)
    with stranger.bench.database.work(PRACTICE) as work:
        work.hub.add_offer(forged)
    wish = replace(wishes.BY_RELEASE, origin=STRANGER, offer=forged.offer)
    stranger.bench.card = wishes.INSTITUTION
    with pytest.raises(Denied, match="link-not-permitted"):
        stranger.bench.grant(wish)


@pytest.mark.parametrize("route", ["grant by record", "transfer"])
def test_a_03_a_stranger_sees_no_difference_in_time(stranger: Stranger, route: str) -> None:
    """Asked in turn, so that whatever else the machine does falls on all of them alike."""
    kinds = ("other", "random", "deleted")
    took: dict[str, list[float]] = {kind: [] for kind in kinds}
    for _ in range(CALLS):
        for kind in kinds:
            begun = perf_counter()
            stranger.ask(route, kind)
            took[kind].append(perf_counter() - begun)
    sigma = max(stdev(times) for times in took.values())
    means = [mean(times) for times in took.values()]
    assert max(means) - min(means) < 2 * sigma


def test_l_11_a_study_uid_that_is_none_never_enters_the_ledger(stranger: Stranger) -> None:
    wrong = ["2.25." + "1" * 60, "2.25.04711", "2.25.*", "2.25.?", "2.25.1\\2.25.2", "", " ", "2.25.1 ", "2..25", "*"]
    body = {
        "link": str(uuid4()),
        "manifest_sha256": "e" * 64,
        "lock": "d" * 64,
        "expires": "2036-11-24T08:00:00+00:00",
    }
    told = [stranger.call("POST", "/ledger/links", json=body | {"study": study}).status_code for study in wrong]
    assert told == [422] * len(wrong)
    assert stranger.call("POST", "/ledger/links", json=body | {"study": "2.25.4711"}).status_code == 204


def test_l_11_a_link_that_is_none_is_refused_before_anything_is_looked_up(stranger: Stranger) -> None:
    for link in ("*", "%2e%2e", "6F0C1C52-0F1E-4C55-9D0C-5A3C1E0F7A11", "1-2-3-4-5", "%00"):
        answer = stranger.call("POST", f"/ledger/links/{link}/withdrawal")
        assert (answer.status_code, link in answer.text) == (422, False)
