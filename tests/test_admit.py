"""Enrolment at the hub: each step with its audit entry, and nobody who is not what he says he is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest
from conftest import Clock, Server
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from enrolling import APPLICANT, CARD, EnrolmentBench, caller_with
from simulated_ti import make_pki
from simulated_trust import TrustedPlace
from sqlalchemy import text
from wishes import HOSPITAL, PHARMACY_ROLE, PRACTICE, PRACTICE_ROLE

from linkexchange import admit
from linkexchange.certificates import new_key, read_request, request
from linkexchange.errors import (
    EnrolmentRefused,
    IdentityRefused,
    ListingDiffers,
    MessageFault,
    Revoked,
    SettingRefused,
    TiUnavailable,
    UnknownParticipant,
)
from linkexchange.model.audit import first_bad
from linkexchange.model.enrolment import Standing
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.listing import ABSENT, UNREACHABLE, Comparison, Listing, not_asked
from linkexchange.model.participant import HUB, Institution
from linkexchange.model.revocation import RevocationKind
from linkexchange.resolve import NONCE_LIFETIME
from linkexchange.signing import Signer, verify
from linkexchange.store.work import Database
from linkexchange.ti import AttestationVerifier, AttestingCard
from ti_adapter.simulator.card import SimulatedCard
from ti_adapter.simulator.shape import Shape, SimulatedInstitution

CLINIC = SimulatedInstitution("5-2.9001", "Klinik Nord")
OTHER_ROLE = Listing(CARD.name, (PHARMACY_ROLE,))
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x05\x00")


@pytest.fixture
def desk(database: Database, clock: Clock) -> EnrolmentBench:
    return EnrolmentBench(database, clock)


# --- applying ---------------------------------------------------------------------------------------------------------


def test_an_application_waits_with_what_the_card_has_proven_and_what_the_node_says(desk: EnrolmentBench) -> None:
    key = new_key()
    desk.card = replace(CARD, name="Praxis lt. Karte")
    secret = desk.apply(key)
    [it] = desk.enrolments()
    assert (it.participant, it.role, it.card_name) == (APPLICANT, PRACTICE_ROLE, "Praxis lt. Karte")
    assert it.key == read_request(it.request).key == read_request(request(key, "practice.example")).key
    assert desk.verdict(secret) == admit.Verdict(Standing.APPLIED, "", "")
    fields = {"enrolment": str(it.number), "key": it.key, "role": PRACTICE_ROLE}
    assert desk.trail() == [("enrolment.applied", fields)]


def test_the_secret_of_an_application_stands_nowhere_and_no_other_opens_it(
    desk: EnrolmentBench, postgres: Server
) -> None:
    secret = desk.apply()
    with postgres.superuser_of(desk.database) as connection:
        rows = connection.execute("SELECT enrolments::text FROM enrolments").fetchall()
    assert secret not in str(rows)
    for other in ("", secret[:-1], desk.enrolments()[0].number.hex):
        with pytest.raises(EnrolmentRefused):
            desk.verdict(other)


def test_a_newer_application_takes_the_place_of_one_that_waits(desk: EnrolmentBench) -> None:
    first, second = desk.apply(), desk.apply()
    assert desk.verdict(first) == admit.Verdict(Standing.REJECTED, admit.SUPERSEDED, "")
    assert desk.verdict(second).standing is Standing.APPLIED


def test_a_nonce_is_used_once_and_in_time(desk: EnrolmentBench) -> None:
    application = desk.application()
    admit.apply(desk.admission, application)
    with pytest.raises(IdentityRefused, match="nonce"):
        admit.apply(desk.admission, application)
    late = desk.application()
    desk.clock.advance(seconds=NONCE_LIFETIME.total_seconds())
    with pytest.raises(IdentityRefused, match="nonce"):
        admit.apply(desk.admission, late)
    assert len(desk.enrolments()) == 1


def test_nonces_that_nobody_has_used_are_swept_away_by_the_next_one(desk: EnrolmentBench, postgres: Server) -> None:
    for _ in range(3):
        admit.issue_nonce(desk.admission)
    desk.clock.advance(seconds=NONCE_LIFETIME.total_seconds())
    admit.issue_nonce(desk.admission)
    with postgres.superuser_of(desk.database) as connection:
        assert connection.execute("SELECT participant FROM nonces").fetchall() == [(HUB,)]


def test_the_attestation_is_for_this_very_certificate_request(desk: EnrolmentBench) -> None:
    other = replace(desk.application(), request=request(new_key(), "practice.example"))
    with pytest.raises(IdentityRefused):
        admit.apply(desk.admission, other)
    assert desk.enrolments() == []


def test_card_and_application_name_the_same_institution(desk: EnrolmentBench) -> None:
    desk.card = Institution(HOSPITAL, PRACTICE_ROLE, "Klinikum")
    with pytest.raises(IdentityRefused):
        desk.apply()
    assert desk.trail(HUB) == [("enrolment.refused", {"claimed": PRACTICE, "reason": "card and application differ"})]


def test_i_12_a_role_that_may_not_ask_for_images_is_told_so(desk: EnrolmentBench) -> None:
    desk.card = replace(CARD, profession_oid=PHARMACY_ROLE)
    with pytest.raises(IdentityRefused, match="role-not-permitted"):
        desk.apply()


def test_what_a_node_says_wrongly_is_refused_before_its_card_is_looked_at(desk: EnrolmentBench) -> None:
    desk.card = TiUnavailable("never asked")
    with pytest.raises(MessageFault, match="node_url"):
        desk.apply(node_url="https://elsewhere.example")
    with pytest.raises(MessageFault, match="step 2"):
        admit.apply(desk.admission, replace(desk.application(), request="no request"))


def test_while_nobody_can_say_whether_a_card_is_revoked_nothing_is_written_and_the_nonce_stays(
    desk: EnrolmentBench,
) -> None:
    application, desk.card = desk.application(), TiUnavailable("OCSP")
    with pytest.raises(TiUnavailable):
        admit.apply(desk.admission, application)
    assert (desk.trail(), desk.trail(HUB)) == ([], [])
    desk.card = CARD
    admit.apply(desk.admission, application)


BROKEN: dict[str, Shape] = {
    "expired": Shape(ends=timedelta(seconds=-1)),
    "not yet valid": Shape(starts=timedelta(days=1)),
    "for document signatures": Shape(key_usage=("content_commitment",)),
    "with an unknown critical extension": Shape(more=((UNKNOWN, True),)),
    "of a TLS server": Shape(extended_key_usage=(ExtendedKeyUsageOID.SERVER_AUTH,)),
    "of a patient": Shape(policies=(x509.ObjectIdentifier("1.2.276.0.76.4.70"),)),
    "without admission": Shape(admissions=0),
    "that is a CA": Shape(is_ca=True),
}


@pytest.fixture
def place(tmp_path: Path, clock: Clock) -> TrustedPlace:
    return TrustedPlace.made(make_pki(clock()), clock, tmp_path)


def attempt(desk: EnrolmentBench, place: TrustedPlace, card: SimulatedCard) -> str:
    """Apply with a card that is really looked at; the reason of the refusal that is written down."""
    verifier = AttestationVerifier(place.trust(), "hub")
    admission = replace(desk.admission, believe=verifier)
    nonce = admit.issue_nonce(admission)
    asked = request(new_key(), "practice.example")
    binding = read_request(asked).binding
    attestation = AttestingCard(card, desk.clock).attest(audience="hub", nonce=nonce, thumbprint=binding)
    said = replace(APPLICANT, telematik_id=type(PRACTICE)(CLINIC.telematik_id))
    with pytest.raises(IdentityRefused) as refused:
        admit.apply(admission, admit.Application(said, asked, attestation))
    assert refused.value.detail == "", "a forger learns the same from every refusal"
    assert desk.enrolments() == []
    [(action, fields)] = desk.trail(HUB)
    assert (action, fields["claimed"]) == ("enrolment.refused", CLINIC.telematik_id)
    return str(fields["reason"])


def test_i_01_whoever_has_a_card_of_another_ca_does_not_even_wait(desk: EnrolmentBench, place: TrustedPlace) -> None:
    assert attempt(desk, place, make_pki(desk.clock()).card(CLINIC)).startswith("certificate, step 3")


def test_i_01_a_look_alike_ca_does_not_help(desk: EnrolmentBench, place: TrustedPlace) -> None:
    assert attempt(desk, place, place.pki.look_alike().card(CLINIC)).startswith("certificate, step")


def test_i_01_a_self_signed_card_is_nobody_s(desk: EnrolmentBench, place: TrustedPlace) -> None:
    assert attempt(desk, place, place.pki.self_signed_card(CLINIC)).startswith("certificate, step")


def test_i_02_every_card_that_is_broken_has_its_own_reason(
    desk: EnrolmentBench, place: TrustedPlace, postgres: Server
) -> None:
    reasons = set()
    for shape in BROKEN.values():
        reasons.add(attempt(desk, place, place.card(CLINIC, shape)))
        with postgres.superuser_of(desk.database) as connection:
            connection.execute("DELETE FROM audit")
    assert len(reasons) == len(BROKEN)


def test_i_03_a_revoked_card_applies_for_nothing(desk: EnrolmentBench, place: TrustedPlace) -> None:
    card = place.card(CLINIC)
    place.responder.revoke(card.certificate)
    assert attempt(desk, place, card).endswith("revoked")


# --- approving and rejecting ------------------------------------------------------------------------------------------


def test_who_is_approved_has_a_certificate_and_stands_in_the_directory_in_one_transaction(
    desk: EnrolmentBench,
) -> None:
    key = new_key()
    secret = desk.apply(key)
    desk.approve()
    verdict = desk.verdict(secret)
    certificate = x509.load_pem_x509_certificate(verdict.certificate.encode())
    assert (verdict.standing, certificate.public_key()) == (Standing.APPROVED, key.public_key())
    with desk.database.work(PRACTICE) as work:
        assert work.directory.find(PRACTICE) == APPLICANT
        [issued] = work.certificates.all()
    [number] = [str(it.number) for it in desk.enrolments()]
    fields = {"enrolment": number, "certificate": issued.thumbprint, "node_url": APPLICANT.node_url}
    assert desk.trail()[-1] == ("participant.enrolled", {**fields, "listing": "not-asked"})


def test_a_hub_without_ca_approves_nobody_and_changes_nothing(desk: EnrolmentBench) -> None:
    desk.apply()
    number = desk.enrolments()[0].number
    with pytest.raises(SettingRefused, match="CA_KEY"):
        admit.approve(replace(desk.admission, authority=None), PRACTICE, number)
    assert desk.enrolments()[0].standing is Standing.APPLIED
    assert [action for action, _ in desk.trail()] == ["enrolment.applied"]


@pytest.mark.parametrize("listing", [ABSENT, OTHER_ROLE], ids=["absent", "other role"])
def test_against_the_directory_nobody_is_approved_unless_the_operator_names_the_very_difference(
    desk: EnrolmentBench, listing: Listing
) -> None:
    desk.apply()
    desk.listing = listing
    comparison = listing.compared(CARD.name, CARD.profession_oid)
    other = ({Comparison.ABSENT, Comparison.OTHER_ROLE} - {comparison}).pop()
    for although in (None, other):
        with pytest.raises(ListingDiffers, match=comparison.value):
            desk.approve(although=although)
    assert desk.enrolments()[0].standing is Standing.APPLIED
    desk.approve(although=comparison)
    assert desk.trail()[-1][1]["listing"] == comparison.value


@pytest.mark.parametrize(
    ("listing", "word"),
    [
        (UNREACHABLE, "unreachable"),
        (Listing("Another name", (PRACTICE_ROLE,)), "other-name"),
        (Listing(CARD.name, (PRACTICE_ROLE,)), "agrees"),
    ],
    ids=["unreachable", "other name", "agrees"],
)
def test_what_does_not_stand_against_an_approval_is_written_down(
    desk: EnrolmentBench, listing: Listing, word: str
) -> None:
    desk.apply()
    desk.listing = listing
    desk.approve()
    assert desk.trail()[-1][1]["listing"] == word


def test_while_the_directory_is_asked_others_may_settle_the_application(desk: EnrolmentBench) -> None:
    """Were it asked within the transaction, the other one would wait for it."""
    desk.apply()
    number = desk.enrolments()[0].number

    def rejects_meanwhile(whom: Sequence[TelematikId]) -> Mapping[TelematikId, Listing]:
        rejecting = Thread(target=admit.reject, args=(desk.admission, PRACTICE, number), kwargs={"reason": "no"})
        rejecting.start()
        rejecting.join(timeout=10)
        return not_asked(whom)

    with pytest.raises(EnrolmentRefused, match="rejected: cannot become approved"):
        admit.approve(replace(desk.admission, listings=rejects_meanwhile), PRACTICE, number)
    assert desk.enrolments()[0].standing is Standing.REJECTED


def test_the_directory_is_not_asked_about_an_application_that_is_settled(desk: EnrolmentBench) -> None:
    desk.apply()
    number = desk.approve().number
    desk.listing = ABSENT
    with pytest.raises(EnrolmentRefused, match="approved: cannot become approved"):
        desk.approve(number)


def test_an_application_is_settled_once(desk: EnrolmentBench) -> None:
    desk.apply()
    number = desk.approve().number
    with pytest.raises(EnrolmentRefused, match="approved: cannot become approved"):
        desk.approve(number)
    with pytest.raises(EnrolmentRefused, match="approved: cannot become rejected"):
        admit.reject(desk.admission, PRACTICE, number, reason="late")
    with pytest.raises(EnrolmentRefused, match="unknown"):
        admit.approve(desk.admission, HOSPITAL, number)


def test_whoever_is_rejected_reads_the_reason(desk: EnrolmentBench) -> None:
    secret = desk.apply()
    admit.reject(desk.admission, PRACTICE, desk.enrolments()[0].number, reason="Fingerabdruck stimmt nicht")
    assert desk.verdict(secret) == admit.Verdict(Standing.REJECTED, "Fingerabdruck stimmt nicht", "")
    assert desk.trail()[-1][0] == "enrolment.rejected"
    with desk.database.work(PRACTICE) as work:
        assert work.directory.find(PRACTICE) is None


def test_a_node_that_has_lost_its_key_enrols_anew_and_the_lost_one_is_out(desk: EnrolmentBench) -> None:
    lost, newer = desk.enrolled(), desk.enrolled()
    assert admit.admitted(desk.database, newer, desk.clock())
    with pytest.raises(Revoked):
        admit.admitted(desk.database, lost, desk.clock())
    assert [it.standing for it in desk.enrolments()].count(Standing.REVOKED) == 1


# --- calling ----------------------------------------------------------------------------------------------------------


def test_a_certificate_counts_until_its_end_and_no_longer(desk: EnrolmentBench) -> None:
    caller = desk.enrolled()
    desk.clock.advance(days=89)
    assert admit.admitted(desk.database, caller, desk.clock()).thumbprint == caller.thumbprint
    desk.clock.advance(days=1)
    with pytest.raises(IdentityRefused):
        admit.admitted(desk.database, caller, desk.clock())


def test_i_01_a_certificate_of_the_very_ca_that_the_hub_does_not_know_is_refused(desk: EnrolmentBench) -> None:
    desk.enrolled()
    assert desk.admission.authority
    forged = desk.admission.authority.issue(
        new_key().public_key(), uri=PRACTICE.uri, host="practice.example", now=desk.clock()
    )
    caller = caller_with(admit.remembered(forged).pem)
    with pytest.raises(IdentityRefused):
        admit.admitted(desk.database, caller, desk.clock())


def test_whoever_was_entered_by_hand_stands_on_its_chain_until_it_is_revoked(desk: EnrolmentBench) -> None:
    assert desk.admission.authority
    by_hand = desk.admission.authority.issue(
        new_key().public_key(), uri=PRACTICE.uri, host="practice.example", now=desk.clock()
    )
    caller = caller_with(admit.remembered(by_hand).pem)
    with desk.database.work(PRACTICE) as work:
        work.directory.put(APPLICANT)
    assert admit.admitted(desk.database, caller, desk.clock()) == caller
    admit.revoke(desk.admission, PRACTICE, reason="closed")
    with pytest.raises(Revoked):
        admit.admitted(desk.database, caller, desk.clock())
    with pytest.raises(IdentityRefused):
        admit.known(desk.database, caller, desk.clock())


def test_t12_applications_are_seen_by_their_participant_and_the_operator(
    desk: EnrolmentBench,
) -> None:
    desk.enrolled()
    with desk.database.work(HOSPITAL) as work:
        assert work.certificates.all() == []
        assert work.certificates.revoke(desk.clock(), "not mine") == 0
    seen = {}
    for me in (HOSPITAL, PRACTICE, HUB):
        with desk.database.engine.connect() as connection:
            connection.execute(text("SELECT set_config('linkexchange.participant', :me, true)"), {"me": me})
            seen[me] = connection.execute(text("SELECT count(*) FROM enrolments")).scalar_one()
    assert seen == {HOSPITAL: 0, PRACTICE: 1, HUB: 1}


# --- renewing ---------------------------------------------------------------------------------------------------------


def test_a_caller_renews_and_both_its_certificates_are_good_with_the_keys_of_both(desk: EnrolmentBench) -> None:
    key = new_key()
    caller = desk.enrolled(key)
    newer = caller_with(admit.renew(desk.admission, caller, request(new_key(), "practice.example")))
    assert desk.enrolments()[0].standing is Standing.RENEWED
    before = Signer.of(key, caller.thumbprint).sign({"proof": 1}, typ="t")
    seen = admit.admitted(desk.database, newer, desk.clock())
    assert verify(before, seen.keys).claims == {"proof": 1}
    assert admit.admitted(desk.database, caller, desk.clock())
    fields = {"certificate": newer.thumbprint, "before": caller.thumbprint}
    assert desk.trail()[-1] == ("certificate.renewed", fields)


def test_a_renewal_is_for_the_host_that_was_approved(desk: EnrolmentBench) -> None:
    caller = desk.enrolled()
    with pytest.raises(EnrolmentRefused, match="another host"):
        admit.renew(desk.admission, caller, request(new_key(), "evil.example"))
    assert desk.trail()[-1] == ("enrolment.refused", {"claimed": PRACTICE, "reason": "another host"})


def test_whoever_was_entered_by_hand_cannot_renew(desk: EnrolmentBench) -> None:
    desk.card = CARD
    caller = desk.enrolled()
    admit.revoke(desk.admission, PRACTICE, reason="x")
    with pytest.raises(EnrolmentRefused, match="not enrolled"):
        admit.renew(desk.admission, caller, request(new_key(), "practice.example"))


def test_no_more_than_so_many_certificates_are_good_at_once(desk: EnrolmentBench) -> None:
    caller = desk.enrolled()
    asked = request(new_key(), "practice.example")
    for _ in range(admit.GOOD_MAX - 1):
        admit.renew(desk.admission, caller, asked)
    with pytest.raises(EnrolmentRefused, match="too many"):
        admit.renew(desk.admission, caller, asked)


# --- revoking ---------------------------------------------------------------------------------------------------------


def test_who_is_revoked_is_out_with_every_certificate_and_its_transfers_stop(desk: EnrolmentBench) -> None:
    caller = desk.enrolled()
    newer = caller_with(admit.renew(desk.admission, caller, request(new_key(), "practice.example")))
    admit.revoke(desk.admission, PRACTICE, reason="card stolen")
    for one in (caller, newer):
        with pytest.raises(Revoked):
            admit.admitted(desk.database, one, desk.clock())
        with pytest.raises(IdentityRefused, match="revoked"):
            admit.known(desk.database, one, desk.clock())
    with desk.database.work(PRACTICE) as work:
        assert work.directory.find(PRACTICE) is None
        assert PRACTICE not in {it.telematik_id for it in work.directory.all()}
        assert work.revocations.revoked((RevocationKind.INSTITUTION, PRACTICE))
    assert desk.enrolments()[0].standing is Standing.REVOKED
    assert desk.trail()[-1] == ("participant.revoked", {"reason": "card stolen"})
    assert PRACTICE in desk.database.participants(), "its trail stays"
    with desk.database.audit_trail(PRACTICE) as entries:
        assert first_bad(entries) is None


def ended(desk: EnrolmentBench) -> list[tuple[str, str]]:
    """What nodes hear of: kind and value, in the order of their numbers."""
    with desk.database.work(HUB) as work:
        return [(it.kind.value, it.value) for it in work.revocations.after(0)]


def test_nodes_hear_of_every_good_certificate_that_is_ended_and_that_stays_when_the_institution_comes_back(
    desk: EnrolmentBench,
) -> None:
    first = desk.enrolled()
    desk.clock.time += admit.LIFETIME / 2
    second = caller_with(admit.renew(desk.admission, first, request(new_key(), "practice.example")))
    desk.clock.time += admit.LIFETIME / 2
    third = caller_with(admit.renew(desk.admission, second, request(new_key(), "practice.example")))
    admit.revoke(desk.admission, PRACTICE, reason="stolen")
    assert set(ended(desk)) == {("node", second.thumbprint), ("node", third.thumbprint), ("institution", PRACTICE)}
    newer = desk.enrolled()
    with desk.database.work(HOSPITAL) as work:
        assert work.revocations.revoked((RevocationKind.NODE, second.thumbprint))
        assert not work.revocations.revoked((RevocationKind.INSTITUTION, PRACTICE))
        assert not work.revocations.revoked((RevocationKind.NODE, newer.thumbprint))


def test_nodes_hear_of_a_certificate_whose_key_was_lost_when_another_takes_its_place(desk: EnrolmentBench) -> None:
    lost = desk.enrolled()
    assert ended(desk) == []
    desk.enrolled()
    assert ended(desk) == [("node", lost.thumbprint)]
    [fields] = [fields for action, fields in desk.trail() if action == "node.revoked"]
    assert (fields["value"], fields["reason"]) == (lost.thumbprint, admit.SUPERSEDED)


def test_nobody_is_revoked_twice_and_nobody_who_is_not_there(desk: EnrolmentBench) -> None:
    desk.enrolled()
    admit.revoke(desk.admission, PRACTICE, reason="x")
    for who in (PRACTICE, HOSPITAL):
        with pytest.raises(UnknownParticipant):
            admit.revoke(desk.admission, who, reason="x")


def test_who_was_revoked_comes_back_with_a_new_application_only(desk: EnrolmentBench) -> None:
    old = desk.enrolled()
    admit.revoke(desk.admission, PRACTICE, reason="x")
    newer = desk.enrolled()
    assert admit.admitted(desk.database, newer, desk.clock())
    with pytest.raises(Revoked):
        admit.admitted(desk.database, old, desk.clock())
    with desk.database.work(PRACTICE) as work:
        assert work.directory.find(PRACTICE) == APPLICANT
        assert not work.revocations.revoked((RevocationKind.INSTITUTION, PRACTICE))
