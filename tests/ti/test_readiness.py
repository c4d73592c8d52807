"""Each link of the chain to the TI, broken once, gives exactly its finding: Konnektor, card, trust list and OCSP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import peers
import pytest
from chain_bench import CLINIC, TYPES, Scene, finding_of, scene_at, serving
from epa_bench import answering
from epa_login import Login
from konnektor_bench import CONTEXT, ICCSN, Bench
from simulated_ti import make_pki

from linkexchange.model.readiness import Reason, Step, Verdict
from linkexchange.ti import Trust, TrustAccess
from linkexchange.ti.readiness import NEEDS
from ti_adapter.epa import Rest
from ti_adapter.errors import OcspSilent
from ti_adapter.konnektor import Address, Expiration, Konnektor, KonnektorSilent, PinStatus, Transport
from ti_adapter.konnektor.errors import Silence
from ti_adapter.konnektor.meanings import fault_of
from ti_adapter.simulator.shape import HOSPITAL, Shape, SimulatedInstitution

pytestmark = pytest.mark.slow

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
Break = Callable[[Scene], object]


@pytest.fixture(scope="module")
def konnektor() -> Iterator[Bench]:
    with serving() as bench:
        yield bench


@pytest.fixture
def scene(konnektor: Bench, tmp_path: Path) -> Scene:
    return scene_at(konnektor, tmp_path)


def test_where_all_is_well_every_step_says_so_and_how_long_it_holds(scene: Scene) -> None:
    readiness = scene.walk()
    assert [(it.step, it.verdict) for it in readiness.findings] == [
        (step, Verdict.WELL) for step in Step if step not in {Step.INFORMATION, Step.VAU, Step.LOGIN}
    ]
    assert finding_of(readiness, Step.TSL).until == scene.clock() + 30 * DAY
    assert finding_of(readiness, Step.CARD_DATES).until == scene.clock() + 5 * 365 * DAY


def test_nobody_is_asked_for_a_pin_and_nothing_is_signed(scene: Scene) -> None:
    scene.bench.exchanges.clear()
    scene.walk()
    asked = {exchange.action.rpartition("#")[2] for exchange in scene.bench.exchanges}
    assert not asked & {"VerifyPin", "ExternalAuthenticate"}
    assert {"GetCards", "GetPinStatus"} <= asked
    assert scene.konnektor.signatures == 0


# --- the Konnektor ----------------------------------------------------------------------------------------------------


def elsewhere(scene: Scene) -> None:
    address = Address(f"http://127.0.0.1:{peers.free_port()}/", unsafe_clear_text=True)
    scene.bench.opened.append(Transport(address))
    scene.asked = Konnektor(scene.bench.opened[-1], CONTEXT)


def faulty(name: str) -> Break:
    return lambda scene: scene.konnektor.faults.add(name)


KONNEKTOR: dict[str, tuple[Break, Reason]] = {
    "down": (elsewhere, Reason.KONNEKTOR_SILENT),
    "starting": (faulty("down"), Reason.KONNEKTOR_NONE),
    "a page": (faulty("page"), Reason.KONNEKTOR_ANSWER),
    "too large": (faulty("too-large"), Reason.KONNEKTOR_NONE),
    "access refused": (faulty("access-refused"), Reason.KONNEKTOR_ACCESS),
    "another answer": (faulty("other-answer"), Reason.KONNEKTOR_ANSWER),
    "without a service": (faulty("directory-without-service"), Reason.KONNEKTOR_SERVICES),
    "other version": (faulty("directory-other-version"), Reason.KONNEKTOR_SERVICES),
    "at another host": (faulty("directory-other-host"), Reason.KONNEKTOR_OTHER_HOST),
    "infrastructure model": (faulty("4004"), Reason.KONNEKTOR_CONFIGURATION),
    "busy": (faulty("4093"), Reason.KONNEKTOR_BUSY),
    "fault of its own": (faulty("4001"), Reason.KONNEKTOR_FAILED),
    "request not understood": (faulty("4000"), Reason.KONNEKTOR_REQUEST),
}


@pytest.mark.parametrize("name", KONNEKTOR)
def test_a_konnektor_that_is_not_well_is_the_one_thing_that_is_told(scene: Scene, name: str) -> None:
    breaks, reason = KONNEKTOR[name]
    breaks(scene)
    assert scene.found() == [(Step.KONNEKTOR, Verdict.FAILS, reason)]


def test_without_a_konnektor_what_needs_the_card_is_not_looked_at_and_the_rest_is(scene: Scene) -> None:
    elsewhere(scene)
    assert scene.unseen() == dict.fromkeys(
        (Step.CARD, Step.PIN, Step.CARD_DATES, Step.KONNEKTOR_DATES, Step.CARD_TRUST, Step.OCSP), "konnektor"
    )


def test_a_konnektor_whose_services_have_moved_is_asked_once_more(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask, silences = scene.asked.cards, [KonnektorSilent(Silence.UNREACHABLE)]

    def moved(*_: object) -> Any:
        if silences:
            raise silences.pop()
        return ask()

    monkeypatch.setattr(scene.asked, "cards", moved)
    assert scene.found() == []


# --- the card ---------------------------------------------------------------------------------------------------------


def pin(status: PinStatus) -> Break:
    return lambda scene: scene.konnektor.set_pin(scene.handle, status)


def shaped(**shape: Any) -> Break:
    return lambda scene: scene.insert(shape=Shape(**shape))


def two_cards(scene: Scene) -> None:
    scene.konnektor.insert(scene.place.card(CLINIC))


def foreign(scene: Scene) -> None:
    scene.konnektor.pull(scene.handle)
    card = make_pki(scene.clock(), name="GEM.SMCB-CA901").card(CLINIC)
    scene.konnektor.enter_pin(scene.konnektor.insert(card, iccsn=ICCSN))


CARD: dict[str, tuple[Break, Step, Reason]] = {
    "pulled": (lambda it: it.konnektor.pull(it.handle), Step.CARD, Reason.CARD_MISSING),
    "two": (two_cards, Step.CARD, Reason.CARD_AMBIGUOUS),
    "without certificate": (faulty("certificate-missing"), Step.CARD, Reason.CARD_WITHOUT_CERTIFICATE),
    "Konnektor restarted": (lambda it: it.konnektor.restart(), Step.PIN, Reason.PIN_NOT_VERIFIED),
    "PIN not verified": (pin(PinStatus.VERIFIABLE), Step.PIN, Reason.PIN_NOT_VERIFIED),
    "PIN blocked": (pin(PinStatus.BLOCKED), Step.PIN, Reason.PIN_BLOCKED),
    "transport PIN": (pin(PinStatus.TRANSPORT_PIN), Step.PIN, Reason.PIN_TRANSPORT),
    "PIN empty": (pin(PinStatus.EMPTY_PIN), Step.PIN, Reason.PIN_TRANSPORT),
    "expired": (shaped(ends=-HOUR), Step.CARD_DATES, Reason.CARD_EXPIRED),
    "not yet valid": (shaped(starts=HOUR), Step.CARD_DATES, Reason.CARD_NOT_YET_VALID),
    "ends tonight": (shaped(ends=23 * HOUR), Step.CARD_DATES, Reason.CARD_ENDS_TONIGHT),
    "of a foreign CA": (foreign, Step.CARD_TRUST, Reason.CARD_FOREIGN),
    "of no institution": (shaped(extended_key_usage=()), Step.CARD_TRUST, Reason.CARD_OF_NO_INSTITUTION),
    "of another": (
        lambda it: it.insert(SimulatedInstitution("1-20.1", "Praxis am Markt")),
        Step.CARD_TRUST,
        Reason.CARD_OF_ANOTHER,
    ),
    "revoked": (
        lambda it: it.place.responder.revoke(it.konnektor.cards[0].card.certificate),
        Step.OCSP,
        Reason.CARD_REVOKED,
    ),
}


@pytest.mark.parametrize("name", CARD)
def test_a_card_that_is_not_as_it_has_to_be_is_the_one_thing_that_is_told(scene: Scene, name: str) -> None:
    breaks, step, reason = CARD[name]
    breaks(scene)
    assert scene.found() == [(step, Verdict.FAILS, reason)]


def test_a_card_that_ends_soon_warns_and_everything_behind_it_is_looked_at(scene: Scene) -> None:
    scene.insert(shape=Shape(ends=29 * DAY))
    assert scene.found() == [(Step.CARD_DATES, Verdict.WARNS, Reason.CARD_ENDS_SOON)]
    assert scene.unseen() == {}


def test_a_pin_says_its_state_and_the_tries_that_are_left(scene: Scene) -> None:
    scene.konnektor.restart()
    assert finding_of(scene.walk(), Step.PIN).detail == "VERIFIABLE, LeftTries 3"


def test_a_pin_that_is_verified_again_is_well_again(scene: Scene) -> None:
    scene.konnektor.restart()
    scene.walk()
    scene.konnektor.enter_pin(scene.handle)
    assert scene.found() == []


def test_the_card_that_is_chosen_by_its_number_is_the_one_that_counts(scene: Scene) -> None:
    two_cards(scene)
    scene.iccsn = ICCSN
    assert scene.found() == []


# --- the Konnektor's own certificate ----------------------------------------------------------------------------------


def own_certificate(scene: Scene, monkeypatch: pytest.MonkeyPatch, ends: date) -> None:
    """Real ones list it; the simulated one has none of its own."""
    listed = scene.asked.certificate_expirations()
    row = Expiration("", "", "80276883110000099999", "Konnektor", "1", ends)
    monkeypatch.setattr(scene.asked, "certificate_expirations", lambda: (*listed, row))


@pytest.mark.parametrize(
    ("days", "verdict", "reason"),
    [
        (-1, Verdict.FAILS, Reason.KONNEKTOR_EXPIRED),
        (0, Verdict.FAILS, Reason.KONNEKTOR_ENDS_TONIGHT),
        (20, Verdict.WARNS, Reason.KONNEKTOR_ENDS_SOON),
    ],
)
def test_the_konnektors_own_certificate_ends_as_a_card_does(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, days: int, verdict: Verdict, reason: Reason
) -> None:
    own_certificate(scene, monkeypatch, (scene.clock() + days * DAY).date())
    assert scene.found() == [(Step.KONNEKTOR_DATES, verdict, reason)]


def test_the_konnektors_own_certificate_says_until_when(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    own_certificate(scene, monkeypatch, date(2029, 5, 1))
    until = finding_of(scene.walk(), Step.KONNEKTOR_DATES).until
    assert until is not None
    assert until.date() == date(2029, 5, 1)
    assert until > datetime(2029, 5, 1, 23, 59, tzinfo=UTC)


def test_other_peoples_cards_may_end_as_they_like(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = scene.asked.certificate_expirations()
    ended = [Expiration(it.terminal, it.handle, it.iccsn, "", "1", date(2020, 1, 1)) for it in listed]
    monkeypatch.setattr(scene.asked, "certificate_expirations", lambda: tuple(ended))
    assert scene.found() == []


def test_a_konnektor_that_does_not_say_how_long_it_lasts_stops_no_pull(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses() -> Any:
        raise fault_of([4001])

    monkeypatch.setattr(scene.asked, "certificate_expirations", refuses)
    assert scene.found() == [(Step.KONNEKTOR_DATES, Verdict.WARNS, Reason.KONNEKTOR_DATES_UNKNOWN)]
    assert finding_of(scene.walk(), Step.KONNEKTOR_DATES).detail == "4001 internal"


# --- the trust list ---------------------------------------------------------------------------------------------------


def list_breaks(name: str) -> Break:
    def breaks(scene: Scene) -> None:
        scene.place.publisher.breaks = name

    return breaks


LIST: dict[str, tuple[Break, Reason]] = {
    "flipped signature": (list_breaks("flipped signature"), Reason.TSL_REFUSED),
    "of a foreign CA": (list_breaks("signer of a foreign CA"), Reason.TSL_ANCHOR),
    "issued in the future": (list_breaks("issued in the future"), Reason.CLOCK),
    "outdated": (lambda scene: scene.place.publisher.outdate(), Reason.TSL_EXPIRED),
    "without the CA of the VAU": (lambda scene: scene.list_types(*TYPES[:2]), Reason.TSL_WITHOUT_CA),
}


@pytest.mark.parametrize("name", LIST)
def test_without_a_trust_list_that_is_one_nobody_is_believed_and_that_is_told_once(scene: Scene, name: str) -> None:
    breaks, reason = LIST[name]
    breaks(scene)
    assert scene.found() == [(Step.TSL, Verdict.FAILS, reason)]
    assert scene.unseen() == dict.fromkeys((Step.CARD_TRUST, Step.OCSP, Step.IDP), "tsl")


def test_a_list_that_cannot_be_fetched_fails_where_there_is_none(scene: Scene) -> None:
    scene.place.is_silent = True
    assert scene.found() == [(Step.TSL, Verdict.FAILS, Reason.TSL_SILENT)]


@pytest.mark.parametrize(
    ("later", "verdict"), [(HOUR, Verdict.WARNS), (28 * DAY, Verdict.WARNS), (29 * DAY + HOUR, Verdict.FAILS)]
)
def test_a_list_that_cannot_be_renewed_warns_as_long_as_the_known_one_holds(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, later: timedelta, verdict: Verdict
) -> None:
    ends = scene.clock() + 30 * DAY
    scene.walk()
    scene.clock.now += later
    scene.place.publisher.breaks = "flipped signature"
    found = finding_of(scene.walk(), Step.TSL)
    assert (found.verdict, found.reason, found.until) == (verdict, Reason.TSL_REFUSED, ends)


@pytest.mark.parametrize(
    ("later", "verdict", "reason"),
    [
        (15 * DAY, Verdict.WELL, None),
        (17 * DAY, Verdict.WARNS, Reason.TSL_ENDS_SOON),
        (29 * DAY + HOUR, Verdict.FAILS, Reason.TSL_ENDS_TONIGHT),
    ],
)
def test_a_list_without_a_newer_one_warns_and_then_fails(
    scene: Scene, later: timedelta, verdict: Verdict, reason: Reason | None
) -> None:
    scene.walk()
    scene.clock.now += later
    found = finding_of(scene.walk(), Step.TSL)
    assert (found.verdict, found.reason) == (verdict, reason)


def test_the_list_is_fetched_however_new_the_known_one_is(scene: Scene) -> None:
    scene.walk()
    before = scene.place.asked
    scene.walk()
    assert scene.place.asked == before + 1


# --- OCSP -------------------------------------------------------------------------------------------------------------


def ocsp(name: str) -> Break:
    def breaks(scene: Scene) -> None:
        scene.place.responder.breaks = name

    return breaks


OCSP: dict[str, Reason] = {
    "unknown": Reason.CARD_UNKNOWN,
    "flipped signature": Reason.OCSP_REFUSED,
    "foreign responder": Reason.OCSP_REFUSED,
    "produced in the future": Reason.CLOCK,
    "produced too long ago": Reason.CLOCK,
}


@pytest.mark.parametrize("name", OCSP)
def test_an_ocsp_answer_that_proves_nothing_is_the_one_thing_that_is_told(scene: Scene, name: str) -> None:
    ocsp(name)(scene)
    assert scene.found() == [(Step.OCSP, Verdict.FAILS, OCSP[name])]


def test_an_ocsp_responder_that_is_silent_is_told_once_although_the_idp_needs_it_too(scene: Scene) -> None:
    def silent(*_: object) -> bytes:
        raise OcspSilent("down")

    folder, document = scene.place.folder, scene.place.publisher.document()
    access = TrustAccess("http://tsl.example/", folder / "anchor.pem", folder / "tsl.xml")
    scene.trust = Trust(access, scene.clock, fetch=lambda _: document, ask=silent)
    scene.discover = silent
    assert scene.found() == [(Step.OCSP, Verdict.FAILS, Reason.OCSP_SILENT)]
    assert scene.unseen() == {Step.IDP: "ocsp"}


# --- the login --------------------------------------------------------------------------------------------------------


@dataclass
class System:
    """A record system, whose VAU is as it has to be."""

    log_in: Callable[[], object]
    open: Rest = field(default_factory=lambda: answering(404, b'{"errorCode": "noHealthRecord"}'))

    def knock(self) -> None:
        """The channel opens."""


def test_a_record_system_that_does_not_let_the_institution_in_is_told_by_its_name(scene: Scene) -> None:
    scene.systems = {"https://epa-1.example": System(Login(roles=frozenset({HOSPITAL})).log_in)}
    (login,) = scene.walk().blocks
    assert (login.step, login.subject, login.reason) == (Step.LOGIN, "epa-1.example", Reason.LOGIN_REFUSED)
    assert login.detail == "login at the record system, step 5: login-refused: 403 invalAuth"


def test_a_card_that_does_not_sign_although_its_pin_is_verified_is_a_finding_of_the_login(scene: Scene) -> None:
    def sign() -> None:
        scene.asked.external_authenticate(scene.handle, bytes(32))

    scene.systems = {"https://epa-1.example": System(sign)}
    assert scene.found() == []
    scene.discover = lambda: scene.konnektor.faults.add("4123")
    assert scene.found() == [(Step.LOGIN, Verdict.FAILS, Reason.CARD_UNUSABLE)]


def test_a_bug_of_ours_is_no_finding(scene: Scene) -> None:
    def fails() -> None:
        raise AssertionError("a bug")

    scene.systems = {"https://epa-1.example": System(fails)}
    with pytest.raises(AssertionError, match="a bug"):
        scene.walk()


# --- the order --------------------------------------------------------------------------------------------------------


def test_every_step_comes_behind_those_that_it_needs() -> None:
    steps = list(Step)
    assert list(NEEDS) == steps
    assert all(steps.index(needed) < steps.index(step) for step, those in NEEDS.items() for needed in those)
