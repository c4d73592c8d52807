"""A node enrols and renews: what lies where after each step, and after a cut between two of them."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from conftest import Clock
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from enrolling import APPLICANT, EnrolmentBench, caller_with
from wishes import HOSPITAL, PRACTICE

from linkexchange import admit, enrol
from linkexchange.admit import Application
from linkexchange.certificates import new_key, pem_of, read_request, request
from linkexchange.enrol import Pending, Place
from linkexchange.errors import CardUnavailable, EnrolmentRefused, HubUnavailable, SettingRefused
from linkexchange.model.enrolment import Standing
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.participant import Participant
from linkexchange.ports import Verdict
from linkexchange.store.work import Database

AUDIENCE = "https://hub.example"


@dataclass
class MountedDesk:
    """`ports.Desk` without a wire; `cut` are operations that fail, `instead` is a certificate of somebody's making."""

    bench: EnrolmentBench
    cut: set[str] = field(default_factory=set)
    instead: str = ""

    def keys(self) -> str:
        self._reach("keys")
        return self.bench.hub.public.to_jwks()

    def nonce(self) -> str:
        self._reach("nonce")
        return admit.issue_nonce(self.bench.admission)

    def apply(self, application: Mapping[str, Any]) -> str:
        self._reach("apply")
        said = Participant.from_json(application)
        return admit.apply(self.bench.admission, Application(said, application["request"], application["attestation"]))

    def verdict(self, secret: str) -> Verdict:
        self._reach("verdict")
        said = self.bench.verdict(secret)
        return Verdict(said.standing, said.reason, self.instead) if self.instead else said

    def _reach(self, operation: str) -> None:
        if operation in self.cut:
            raise HubUnavailable("ConnectError")


class BelievedCard:
    def attest(self, *, audience: str, nonce: str, thumbprint: str) -> str:
        assert audience == AUDIENCE
        return f"{nonce} {thumbprint}"


class NoCard:
    def attest(self, *, audience: str, nonce: str, thumbprint: str) -> str:
        raise CardUnavailable("PIN")


@dataclass
class Site:
    """A node's folder, and the hub beside it."""

    place: Place
    desk: MountedDesk
    bench: EnrolmentBench

    @property
    def pending(self) -> Pending:
        waiting = enrol.waiting(self.place)
        assert waiting
        return waiting

    def applies(self, card: Any = None) -> str:
        assert self.bench.admission.authority
        new = Pending("https://hub.example:8444", pem_of(self.bench.admission.authority.certificate), "")
        return enrol.apply(self.place, new, self.desk, card or BelievedCard(), APPLICANT, audience=AUDIENCE)

    def takes(self) -> Verdict:
        return enrol.take(self.place, self.pending, self.desk, PRACTICE)

    def enrols(self) -> None:
        self.applies()
        self.bench.approve()
        self.takes()

    def renews(self, now: datetime | None = None, *, at_once: bool = False) -> bool:
        return enrol.renew(
            self.place, self.ask, self.bench.database, PRACTICE, now=now or self.bench.clock(), at_once=at_once
        )

    def ask(self, request: str) -> str:
        caller = caller_with(self.place.certificate.read_text())
        return admit.renew(self.bench.admission, caller, request)

    @property
    def certificate(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.place.certificate.read_bytes())

    @property
    def key(self) -> EllipticCurvePrivateKey:
        key = load_pem_private_key(self.place.key.read_bytes(), None)
        assert isinstance(key, EllipticCurvePrivateKey)
        return key

    def is_whole(self) -> bool:
        return self.certificate.public_key() == self.key.public_key()

    def files(self) -> set[str]:
        return {it.name for it in self.place.key.parent.iterdir() if not it.name.endswith(".lock")}


@pytest.fixture
def site(database: Database, clock: Clock, tmp_path: Path) -> Site:
    names = ("node.pem", "node.key", "hub-ca.pem", "hub-keys.json", "enrolment.json")
    bench = EnrolmentBench(database, clock)
    return Site(Place(*(tmp_path / name for name in names)), MountedDesk(bench), bench)


def test_who_applies_has_a_key_that_only_this_user_reads_and_nothing_of_the_hub_yet(site: Site) -> None:
    key = site.applies()
    assert site.files() == {"node.key.new", "enrolment.json"}
    for name in site.files():
        assert stat.S_IMODE((site.place.key.parent / name).stat().st_mode) == 0o600
    assert site.bench.enrolments()[0].key == key
    assert site.takes().standing is Standing.APPLIED


def test_once_approved_everything_lies_in_its_place(site: Site) -> None:
    site.enrols()
    assert site.files() == {"node.pem", "node.key", "hub-ca.pem", "hub-keys.json"}
    assert site.is_whole()
    assert stat.S_IMODE(site.place.key.stat().st_mode) == 0o600
    assert enrol.waiting(site.place) is None


def test_whoever_is_rejected_is_told_why_once(site: Site) -> None:
    site.applies()
    admit.reject(site.bench.admission, PRACTICE, site.bench.enrolments()[0].number, reason="kein Anruf")
    with pytest.raises(EnrolmentRefused, match="rejected: kein Anruf"):
        site.takes()
    assert enrol.waiting(site.place) is None


@pytest.mark.parametrize("cut", ["nonce", "apply"])
def test_an_application_that_did_not_arrive_does_not_wait_and_the_node_goes_on_as_before(site: Site, cut: str) -> None:
    site.enrols()
    before, site.desk.cut = site.certificate, {cut}
    with pytest.raises(HubUnavailable):
        site.applies()
    assert enrol.waiting(site.place) is None
    assert (site.certificate, site.is_whole()) == (before, True)


def test_a_card_that_cannot_sign_says_so(site: Site) -> None:
    with pytest.raises(CardUnavailable):
        site.applies(NoCard())


def test_a_hub_that_is_cut_off_in_the_middle_of_the_answer_is_asked_again(site: Site) -> None:
    site.applies()
    site.bench.approve()
    site.desk.cut = {"keys"}
    with pytest.raises(HubUnavailable):
        site.takes()
    assert not site.place.certificate.exists()
    site.desk.cut = set()
    site.takes()
    assert site.is_whole()


def forged(site: Site, who: TelematikId = PRACTICE, key: Any = None, by: Any = None) -> str:
    authority = by or site.bench.admission.authority
    public = (key or load_pem_private_key(site.place.new_key.read_bytes(), None)).public_key()
    return pem_of(authority.issue(public, uri=who.uri, host="practice.example", now=site.bench.clock()))


def test_a_certificate_that_is_not_what_was_applied_for_is_not_taken(site: Site) -> None:
    site.applies()
    site.bench.approve()
    other_ca = admit.Authority.founded("test CA", site.bench.clock(), admit.LIFETIME)
    wrong = [forged(site, HOSPITAL), forged(site, key=new_key()), forged(site, by=other_ca)]
    for certificate in wrong:
        site.desk.instead = certificate
        with pytest.raises(EnrolmentRefused, match="not what was applied for"):
            site.takes()
    site.desk.instead = "no certificate"
    with pytest.raises(HubUnavailable):
        site.takes()
    assert site.files() == {"node.key.new", "enrolment.json"}


@pytest.mark.parametrize("content", ["", "{}", "[]", "no JSON"])
def test_a_file_of_an_application_that_is_spoiled_is_named(site: Site, content: str) -> None:
    site.place.pending.write_text(content)
    with pytest.raises(SettingRefused, match="state_folder"):
        enrol.waiting(site.place)


# --- renewal ----------------------------------------------------------------------------------------------------------


def test_a_certificate_is_renewed_with_a_new_key_when_a_third_of_its_time_is_left(site: Site) -> None:
    site.enrols()
    before, key = site.certificate, site.key
    site.bench.clock.advance(days=59)
    assert not site.renews()
    assert site.certificate == before
    site.bench.clock.advance(days=2)
    assert site.renews()
    assert site.is_whole()
    assert site.key.public_key() != key.public_key()
    assert not site.renews(), "the new one lasts"
    assert site.files() == {"node.pem", "node.key", "hub-ca.pem", "hub-keys.json"}


def test_a_node_knows_its_earlier_certificates_and_has_written_the_change_down(site: Site) -> None:
    site.enrols()
    before = caller_with(site.place.certificate.read_text()).thumbprint
    site.renews(at_once=True)
    after = caller_with(site.place.certificate.read_text()).thumbprint
    with site.bench.database.work(PRACTICE) as work:
        assert {it.thumbprint for it in work.certificates.all()} == {before, after}
    assert site.bench.trail()[-1] == ("certificate.renewed", {"certificate": after, "before": before})


def test_where_the_hub_is_silent_the_present_certificate_stays(site: Site) -> None:
    site.enrols()
    before = site.certificate

    def silent(_: str) -> str:
        raise HubUnavailable("ConnectError")

    with pytest.raises(HubUnavailable):
        enrol.renew(site.place, silent, site.bench.database, PRACTICE, now=site.bench.clock(), at_once=True)
    assert (site.certificate, site.is_whole()) == (before, True)
    assert site.renews(at_once=True)


def test_a_folder_that_cannot_be_written_is_named_and_the_present_pair_stays(site: Site) -> None:
    site.enrols()
    blocked = site.place.new_key
    blocked.mkdir()
    with pytest.raises(SettingRefused, match="cannot be written"):
        site.renews(at_once=True)
    with pytest.raises(SettingRefused, match="cannot be written"):
        site.applies()
    assert site.is_whole()


def test_a_node_without_certificate_has_nothing_to_renew(site: Site) -> None:
    with pytest.raises(SettingRefused, match=r"node\.pem"):
        site.renews()


def test_of_several_processes_of_a_machine_one_renews(site: Site) -> None:
    site.enrols()
    site.bench.clock.advance(days=61)
    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(lambda _: site.renews(), range(3))) == [False, False, True]
    assert site.is_whole()


def test_what_was_cut_off_between_key_and_certificate_is_finished_at_the_next_start(site: Site) -> None:
    site.enrols()
    key = new_key()
    newer = site.ask(request(key, "practice.example"))
    site.place.new_certificate.write_text(newer)
    enrol.settle(site.place)
    assert site.is_whole(), "cut off before the key: the older pair is whole, and stays"
    assert site.certificate.public_key() != key.public_key()
    site.place.key.write_bytes(enrol.key_pem(key))
    assert not site.is_whole()
    enrol.settle(site.place)
    assert site.is_whole()
    assert site.certificate.public_key() == key.public_key()


def test_an_enrolment_that_was_cut_off_at_its_last_step_is_finished_when_it_is_asked_again(site: Site) -> None:
    site.applies()
    site.bench.approve()
    site.place.new_certificate.write_text(site.desk.verdict(site.pending.secret).certificate)
    site.place.new_key.replace(site.place.key)
    site.takes()
    assert site.is_whole()
    assert enrol.waiting(site.place) is None


def test_an_application_whose_key_is_gone_says_so(site: Site) -> None:
    site.applies()
    site.bench.approve()
    site.place.new_key.unlink()
    with pytest.raises(SettingRefused, match="enrol again"):
        site.takes()


def test_the_request_of_a_node_is_for_the_host_of_its_address(site: Site) -> None:
    site.applies()
    assert read_request(site.bench.enrolments()[0].request).host == "practice.example"
