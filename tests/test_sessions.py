"""A session that is open: what ends it before its half hour, and when its card is asked about again (I-05)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import wishes
from conftest import Clock
from cryptography.hazmat.primitives.serialization import Encoding
from hub_bench import HubBench
from simulated_ti import make_pki
from simulated_trust import TrustedPlace
from wishes import BY_RECORD, HOSPITAL, HUB, LINK, PRACTICE

from linkexchange import register, resolve, revoke
from linkexchange.errors import Denied, Fault, IdentityRefused, Revoked, TiUnavailable
from linkexchange.model.grant import LIFETIME
from linkexchange.model.request import Request
from linkexchange.model.revocation import Revocable, RevocationKind
from linkexchange.sessions import NOBODY_TO_ASK, OCSP_MAX_AGE, Inquiry
from linkexchange.store.work import Database
from linkexchange.ti import AttestationVerifier, AttestingCard
from ti_adapter.simulator.shape import SimulatedInstitution


@pytest.fixture
def bench(database: Database, clock: Clock) -> HubBench:
    return HubBench(database, clock)


def wish(bench: HubBench) -> Request:
    """Another transfer, asked for just now."""
    return replace(BY_RECORD, transfer=uuid4(), asked=bench.clock(), read_at=bench.clock())


def revoked(bench: HubBench, kind: RevocationKind, value: str, whose: str = PRACTICE) -> Revocable:
    name = (kind, value)
    revoke.revoke(bench.database, name, "test", participant=whose, at=bench.clock())  # type: ignore[arg-type]
    return name


def refused(bench: HubBench, session: str, request: Request | None = None) -> Fault:
    with pytest.raises(Fault) as fault:
        bench.grant(request or wish(bench), session)
    return fault.value


# --- revoked ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [RevocationKind.INSTITUTION, RevocationKind.NODE])
def test_a_revoked_caller_is_refused_with_the_next_request_and_opens_no_session_any_more(
    bench: HubBench, kind: RevocationKind
) -> None:
    session = bench.session()
    bench.grant(wish(bench), session)
    revoked(bench, kind, PRACTICE if kind is RevocationKind.INSTITUTION else bench.caller.thumbprint)
    fault = refused(bench, session)
    assert (type(fault), fault.detail) == (Revoked, kind.value)
    assert bench.trail()[-1] == ("pull.denied", {"reason": kind.value})
    with pytest.raises(Revoked):
        register.link(
            bench.resolver, bench.caller, session, new=replace(wishes.REGISTERED, origin=PRACTICE), replaces=None
        )
    with pytest.raises(Revoked, match=kind.value):
        bench.session()
    assert bench.trail()[-1] == ("session.refused", {"reason": kind.value})


def test_an_institution_that_may_take_part_again_goes_on_in_its_session(bench: HubBench) -> None:
    session = bench.session()
    revoked(bench, RevocationKind.INSTITUTION, PRACTICE)
    revoke.reinstate(bench.database, PRACTICE, "mistake", at=bench.clock())
    assert bench.grant(wish(bench), session)


def test_nothing_is_granted_from_a_revoked_origin(bench: HubBench) -> None:
    revoked(bench, RevocationKind.INSTITUTION, HOSPITAL, HOSPITAL)
    assert refused(bench, bench.session()).detail == "institution"


def test_a_revoked_transfer_is_not_renewed_and_another_one_is_granted(bench: HubBench) -> None:
    session, first = bench.session(), wish(bench)
    bench.grant(first, session)
    revoked(bench, RevocationKind.TRANSFER, str(first.transfer))
    assert refused(bench, session, first).detail == "transfer"
    assert bench.grant(wish(bench), session)


def test_l07_a_revoked_link_is_denied_like_one_that_was_withdrawn(bench: HubBench) -> None:
    revoked(bench, RevocationKind.LINK, LINK, HOSPITAL)
    fault = refused(bench, bench.session())
    assert (type(fault), fault.detail) == (Denied, "link-not-permitted")


# --- the card behind it -----------------------------------------------------------------------------------------------


def test_i05_a_young_answer_serves_and_nobody_is_asked(bench: HubBench, clock: Clock) -> None:
    session = bench.session()
    bench.again = TiUnavailable()
    clock.time += OCSP_MAX_AGE - timedelta(microseconds=1)
    assert bench.grant(wish(bench), session)
    assert bench.asked == 0


def test_i05_an_answer_that_has_aged_is_asked_for_once_and_serves_again(bench: HubBench, clock: Clock) -> None:
    session = bench.session()
    clock.time += OCSP_MAX_AGE
    for _ in range(3):
        assert bench.grant(wish(bench), session)
    assert bench.asked == 1
    clock.time += OCSP_MAX_AGE
    assert bench.grant(wish(bench), session)
    assert bench.asked == 2


def test_i05_t3_no_answer_is_a_no_and_ends_nothing(bench: HubBench, clock: Clock) -> None:
    session = bench.session()
    clock.time += OCSP_MAX_AGE
    bench.again = TiUnavailable("OcspSilent")
    with pytest.raises(TiUnavailable):
        bench.grant(wish(bench), session)
    bench.again = None
    assert bench.grant(wish(bench), session)


def test_i05_what_cannot_be_proven_any_more_is_refused(bench: HubBench, clock: Clock) -> None:
    session = bench.session()
    clock.time += OCSP_MAX_AGE
    bench.again = IdentityRefused("step 5: signature")
    assert refused(bench, session).code == "identity-refused"
    assert bench.rows("sessions") != []


def test_i05_t2_a_card_revoked_right_after_a_good_answer_ends_its_sessions_and_what_was_granted_in_them(
    bench: HubBench, clock: Clock
) -> None:
    session, other = bench.session(), bench.session()
    old = wish(bench)
    bench.grant(old, session)
    clock.time += OCSP_MAX_AGE - timedelta(seconds=1)
    running = wish(bench)
    bench.grant(running, other)
    clock.advance(seconds=1)
    bench.again = Revoked("card")
    assert refused(bench, session).detail == "card"
    assert bench.rows("sessions") == []
    with bench.database.work(PRACTICE) as work:
        assert [it.name for it in work.revocations.after(0)] == [(RevocationKind.TRANSFER, str(running.transfer))]
    assert ("session.ended", {"reason": "card revoked", "sessions": 2}) in bench.trail()
    bench.again = None
    assert refused(bench, other).code == "identity-refused"


def test_i05_the_age_can_be_chosen_down_to_nothing(bench: HubBench) -> None:
    bench.resolver = replace(bench.resolver, inquiry=replace(bench.resolver.inquiry, age=timedelta(0)))
    session = bench.session()
    bench.grant(wish(bench), session)
    bench.grant(wish(bench), session)
    assert bench.asked == 2


def test_f21_an_answer_from_the_future_counts_as_none(bench: HubBench, clock: Clock) -> None:
    """The clock of a hub that was an hour ahead when it asked has been set right."""
    clock.advance(hours=1)
    session = bench.session()
    clock.advance(hours=-1)
    assert bench.grant(wish(bench), session)
    assert bench.asked == 1


def test_without_anybody_to_ask_no_session_outlasts_its_first_answer(bench: HubBench, clock: Clock) -> None:
    bench.resolver = replace(bench.resolver, inquiry=NOBODY_TO_ASK)
    session = bench.session()
    clock.time += OCSP_MAX_AGE
    assert refused(bench, session).code == "identity-refused"


def test_a_session_that_is_not_open_asks_nobody(bench: HubBench, clock: Clock) -> None:
    clock.time += OCSP_MAX_AGE
    assert refused(bench, "none").detail == "session"
    assert bench.asked == 0


def test_a_grant_lives_no_longer_than_five_minutes_within_a_session_of_thirty() -> None:
    assert timedelta(seconds=300) == LIFETIME
    assert timedelta(minutes=30) == resolve.SESSION_LIFETIME


# --- with a real card and real OCSP -----------------------------------------------------------------------------------


def test_i05_a_real_card_is_asked_about_again_without_itself(database: Database, clock: Clock, tmp_path: Path) -> None:
    bench, place = HubBench(database, clock), TrustedPlace.made(make_pki(clock()), clock, tmp_path)
    card, verifier = (
        place.card(SimulatedInstitution(PRACTICE, "Praxis am Markt")),
        AttestationVerifier(place.trust(), HUB),
    )
    bench.resolver = replace(bench.resolver, believe=verifier, inquiry=Inquiry(verifier.ask_again))
    nonce, thumbprint = resolve.issue_nonce(bench.resolver, bench.caller), bench.caller.thumbprint
    token = AttestingCard(card, clock).attest(audience=HUB, nonce=nonce, thumbprint=thumbprint)
    session = bench.open(bench.caller, token).secret.reveal()
    clock.time += OCSP_MAX_AGE
    questions, place.is_ocsp_silent = place.questions, True
    assert refused(bench, session).code == "ti-unavailable"
    place.is_ocsp_silent = False
    clock.advance(seconds=59)
    assert bench.grant(wish(bench), session)
    assert place.questions == questions + 2
    place.responder.revoke(card.certificate)
    clock.time += OCSP_MAX_AGE
    assert refused(bench, session).code == "revoked"
    assert bench.rows("sessions") == []


def test_i05_a_card_whose_certificate_has_ended_meanwhile_is_refused(clock: Clock, tmp_path: Path) -> None:
    place = TrustedPlace.made(make_pki(clock()), clock, tmp_path)
    certificate = place.card(SimulatedInstitution(PRACTICE, "Praxis am Markt")).certificate
    verifier = AttestationVerifier(place.trust(), HUB)
    verifier.ask_again(certificate.public_bytes(Encoding.DER))
    clock.time = certificate.not_valid_after_utc + timedelta(seconds=1)
    with pytest.raises((IdentityRefused, TiUnavailable)):
        verifier.ask_again(certificate.public_bytes(Encoding.DER))
    with pytest.raises(IdentityRefused, match="certificate of the card"):
        verifier.ask_again(b"")
