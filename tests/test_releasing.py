"""A request without a document: by a rule, by a person, refused, in an emergency; and who the patient is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update
from world import HOSPITAL, KVNR, PRACTICE, STUDY, World, data_set

from linkexchange import publish, pull, push, release, releasing
from linkexchange.errors import (
    LinkWithdrawn,
    MessageFault,
    NotReviewable,
    PacsUnavailable,
    RequestDecided,
    RequestIncomplete,
    RequestsFull,
    UnknownParticipant,
    UnknownRequest,
    WrongPatient,
)
from linkexchange.model.access import Basis
from linkexchange.model.identifiers import Kvnr, StudyUid, TelematikId
from linkexchange.model.index import Entry, Source
from linkexchange.model.letting import Hold, LettingRule
from linkexchange.model.patient import LocalPatientId
from linkexchange.model.release_request import TYP, Kind, ReleaseRequest, Sought, Wanted
from linkexchange.model.released import Heard, Standing
from linkexchange.model.transfer import Purpose, State
from linkexchange.patients import Index
from linkexchange.releasing import Letting, Wish, desk
from linkexchange.releasing.find import match
from linkexchange.store.tables import release_asks
from linkexchange.store.transaction import act_for, transaction
from linkexchange.trail.history import history

BORN = date(1970, 1, 2)
NAMED = Sought(family="Mueller", given="Jörg", birth_date=BORN, sex="M")
OTHER = Kvnr.with_check_digit("B98765432")
CT = Wanted(modality="CT")
ANYBODY = {"kinds": ["second-opinion"], "requesters": ["*"]}
EMERGENCY = {"name": "emergency", "kinds": ["emergency"], "requesters": [PRACTICE], "review_days": 2}

Ask = Callable[..., UUID]


@pytest.fixture
def ward(world: World) -> World:
    """The hospital holds the study, knows the patient, and has rules for what it publishes."""
    world.pacs[HOSPITAL].hold(*(data_set(number) for number in range(1, 5)))
    world.hospital = replace(world.hospital, rules=release.Rules(HOSPITAL, world.nodes))
    index(world).tell(Entry(LocalPatientId("4711"), Source.HL7, KVNR, "Müller", "Jörg", BORN, "M"))
    return world


@pytest.fixture
def ask(ward: World) -> Ask:
    """The practice asks, its request is handed in, and the hospital's job runs."""

    def asked(**changes: object) -> UUID:
        request = releasing.ask(ward.practice, wish(ward, **changes))
        releasing.look(ward.practice, request)
        releasing.judge(ward.hospital, request)
        return request

    return asked


def index(world: World) -> Index:
    return Index(HOSPITAL, world.nodes, world.clock)


def wish(world: World, **changes: object) -> Wish:
    until = world.clock().astimezone().date() + timedelta(days=14)
    plain = Wish(HOSPITAL, Kind.SECOND_OPINION, "Zweitmeinung", Sought(KVNR), CT, until, "Dr. Ask", "practice")
    return replace(plain, **changes)  # type: ignore[arg-type]


def rules(world: World, *rows: dict[str, object]) -> None:
    Letting(HOSPITAL, world.nodes).replace([LettingRule.from_row({"name": "some", **it}) for it in rows], user="test")


def heard(world: World, request: UUID) -> Heard:
    with world.nodes.work(HOSPITAL) as work:
        return work.requests.get(request)


def standing(world: World, request: UUID) -> Standing:
    """As the requester hears it now."""
    world.clock.advance(minutes=16)  # type: ignore[attr-defined]
    releasing.go_round(world.practice)
    with world.nodes.work(PRACTICE) as work:
        return work.own_requests.get(request).standing


def carry(world: World, request: UUID) -> State:
    """The offer goes out, is taken up without a default destination, and the pull runs."""
    link = heard(world, request).link
    assert link
    push.offer(world.hospital, link, PRACTICE)
    [transfer] = pull.take_offers(world.practice, "")
    pull.run(world.practice, transfer)
    return world.transfer(transfer).state


# --- by rule ----------------------------------------------------------------------------------------------------------


def test_a_patient_is_known_by_kvnr_or_by_name_and_birth_date(ward: World, ask: Ask) -> None:
    rules(ward, ANYBODY)
    for patient in (Sought(KVNR), replace(NAMED, kvnr=KVNR)):
        assert heard(ward, ask(patient=patient)).standing is Standing.RELEASED


def test_a_rule_releases_and_the_pull_goes_where_the_request_says(ward: World, ask: Ask) -> None:
    rules(ward, {**ANYBODY, "days": 3})
    request = ask(patient=NAMED)
    found = heard(ward, request)
    assert (found.standing, found.basis, found.by, found.study) == (Standing.RELEASED, Basis.RULE, "some", STUDY)
    midnight = ward.clock().astimezone().replace(hour=0, minute=0) + timedelta(days=4)
    assert found.expires == midnight
    assert carry(ward, request) is State.COMPLETE
    assert ward.pacs[PRACTICE].instances == ward.pacs[HOSPITAL].instances
    assert standing(ward, request) is Standing.RELEASED


def test_the_offer_has_the_number_of_the_request_and_its_user_and_purpose(ward: World, ask: Ask) -> None:
    rules(ward, EMERGENCY)
    request = ask(kind=Kind.EMERGENCY)
    carry(ward, request)
    with ward.nodes.work(PRACTICE) as work:
        transfer = work.transfers.of_offer(str(request))
    assert transfer
    assert (transfer.ask.user, transfer.ask.purpose, transfer.ask.kvnr) == ("Dr. Ask", Purpose.EMERGENCY, KVNR)


def test_without_a_rule_a_person_must_decide_and_the_requester_hears_no_reason(ward: World, ask: Ask) -> None:
    request = ask()
    assert (heard(ward, request).standing, heard(ward, request).hold) == (Standing.OPEN, Hold.NO_RULE)
    assert standing(ward, request) is Standing.OPEN
    with ward.nodes.work(PRACTICE) as work:
        assert work.own_requests.get(request).detail == ""


DOUBTS: list[tuple[dict[str, object], Hold]] = [
    ({"patient": Sought(OTHER)}, Hold.UNKNOWN_PATIENT),
    ({"patient": replace(NAMED, given="Eva")}, Hold.UNKNOWN_PATIENT),
    ({"patient": replace(NAMED, kvnr=KVNR, family="Schmidt")}, Hold.PATIENT_DIFFERS),
    ({"wanted": Wanted(modality="MR")}, Hold.NO_STUDY),
    ({"wanted": Wanted(study=StudyUid("1.2.3"))}, Hold.NO_STUDY),
    ({"wanted": Wanted(body_part="HEAD")}, Hold.DOUBT),
]


def test_what_is_in_doubt_no_rule_releases(ward: World, ask: Ask) -> None:
    rules(ward, ANYBODY)
    for changes, hold in DOUBTS:
        request = ask(**changes)
        assert (heard(ward, request).standing, heard(ward, request).hold) == (Standing.OPEN, hold), changes


def test_two_persons_of_one_name_and_birth_date_are_a_doubt(ward: World, ask: Ask) -> None:
    rules(ward, ANYBODY)
    index(ward).tell(Entry(LocalPatientId("815"), Source.HL7, OTHER, "Mueller", "Joerg", BORN, "M"))
    assert heard(ward, ask(patient=NAMED)).hold == Hold.AMBIGUOUS_PATIENT
    assert heard(ward, ask(patient=Sought(KVNR))).standing is Standing.RELEASED


def test_a_number_without_a_kvnr_is_a_doubt(world: World) -> None:
    for number, hold in (("1", Hold.NO_KVNR), ("2", Hold.AMBIGUOUS_PATIENT)):
        index(world).tell(Entry(LocalPatientId(number), Source.HL7, None, "Müller", "Jörg", BORN, "M"))
        with world.nodes.work(HOSPITAL) as work:
            assert match(work, NAMED).hold == hold


def test_images_whose_header_names_another_person_are_a_doubt(ward: World, ask: Ask) -> None:
    rules(ward, ANYBODY)
    ward.pacs[HOSPITAL].hold(*(data_set(number, PatientName="Schmidt^Eva") for number in range(1, 5)))
    assert heard(ward, ask()).hold == Hold.DOUBT


def test_a_study_that_a_rule_withholds_from_records_no_rule_releases(ward: World, ask: Ask) -> None:
    rules(ward, ANYBODY)
    index(ward).object(KVNR, None, user="test")
    assert heard(ward, ask()).hold == Hold.WITHHELD


def test_a_study_in_two_pacs_is_several(ward: World, ask: Ask) -> None:
    rules(ward, ANYBODY)
    with ward.nodes.work(HOSPITAL) as work:
        work.pacs.put(replace(ward.pacs[HOSPITAL].passport, name="second"))
    assert heard(ward, ask()).hold == Hold.SEVERAL


def test_a_pacs_that_does_not_answer_decides_nothing(ward: World, ask: Ask) -> None:
    rules(ward, ANYBODY)
    ward.pacs[HOSPITAL].down = True
    with pytest.raises(PacsUnavailable):
        ask()
    ward.pacs[HOSPITAL].down = False
    with ward.nodes.work(HOSPITAL) as work:
        [open_one] = work.requests.recent()
    releasing.judge(ward.hospital, open_one.request.request)
    assert heard(ward, open_one.request.request).standing is Standing.RELEASED


def test_judging_twice_releases_once(ward: World, ask: Ask) -> None:
    rules(ward, ANYBODY)
    request = ask()
    link = heard(ward, request).link
    releasing.judge(ward.hospital, request)
    assert heard(ward, request).link == link
    assert ward.actions(ward.nodes, HOSPITAL).count("release.granted") == 1


# --- by a person ------------------------------------------------------------------------------------------------------


def by_hand(world: World, request: UUID, **changes: object) -> None:
    until = world.clock().astimezone().date() + timedelta(days=1)
    asked: dict[str, object] = {"pacs": "hospital", "until": until, "user": "Dr. Yes", **changes}
    releasing.release(world.hospital, request, STUDY, **asked)  # type: ignore[arg-type]


def test_a_person_releases_until_a_day_and_then_it_is_over(ward: World, ask: Ask) -> None:
    request = ask()
    by_hand(ward, request)
    found = heard(ward, request)
    assert (found.standing, found.basis, found.by) == (Standing.RELEASED, Basis.PERSON, "Dr. Yes")
    assert standing(ward, request) is Standing.RELEASED
    push.offer(ward.hospital, found.link, PRACTICE)  # type: ignore[arg-type]
    [transfer] = pull.take_offers(ward.practice, "")
    ward.clock.advance(days=2)  # type: ignore[attr-defined]
    pull.run(ward.practice, transfer)
    assert ward.transfer(transfer).state is State.FAILED
    assert standing(ward, request) is Standing.ENDED


def test_a_release_is_taken_back_at_once(ward: World, ask: Ask) -> None:
    request = ask()
    by_hand(ward, request)
    link = heard(ward, request).link
    assert link
    push.offer(ward.hospital, link, PRACTICE)
    [transfer] = pull.take_offers(ward.practice, "")
    publish.withdraw(ward.hospital, link)
    pull.run(ward.practice, transfer)
    assert ward.transfer(transfer).state is State.FAILED
    assert ward.transfer(transfer).reason == LinkWithdrawn.code
    assert standing(ward, request) is Standing.ENDED


def test_a_person_refuses_and_the_requester_reads_why(ward: World, ask: Ask) -> None:
    request = ask()
    releasing.refuse(ward.hospital, request, reason="Bitte anrufen", user="Dr. No")
    assert standing(ward, request) is Standing.REFUSED
    with ward.nodes.work(PRACTICE) as work:
        assert work.own_requests.get(request).detail == "Bitte anrufen"


def test_what_is_decided_stays_decided(ward: World, ask: Ask) -> None:
    request = ask()
    releasing.refuse(ward.hospital, request, reason="Nein", user="Dr. No")
    with pytest.raises(RequestDecided):
        by_hand(ward, request)
    with pytest.raises(RequestDecided):
        releasing.refuse(ward.hospital, request, reason="Nein", user="Dr. No")
    releasing.judge(ward.hospital, request)
    assert heard(ward, request).standing is Standing.REFUSED


def test_a_person_is_named_the_day_fits_and_a_refusal_has_a_reason(ward: World, ask: Ask) -> None:
    request = ask()
    for changes in ({"user": " "}, {"user": "a\nb"}, {"until": date(2020, 1, 1)}, {"until": date(2030, 1, 1)}):
        with pytest.raises(RequestIncomplete):
            by_hand(ward, request, **changes)
    for reason in ("", " \u00a0", "\u3164\u3164"):
        with pytest.raises(RequestIncomplete):
            releasing.refuse(ward.hospital, request, reason=reason, user="Dr. No")
    assert heard(ward, request).standing is Standing.OPEN


def test_a_person_cannot_release_somebody_elses_study(ward: World, ask: Ask) -> None:
    request = ask(patient=Sought(OTHER))
    with pytest.raises(WrongPatient):
        by_hand(ward, request)
    with pytest.raises(WrongPatient):
        by_hand(ward, request, kvnr=OTHER)
    assert heard(ward, request).standing is Standing.OPEN


def test_the_requester_lets_nothing_pass_of_another_patient(ward: World, ask: Ask) -> None:
    """An origin that does not check is not believed."""
    request = ask()
    by_hand(ward, request)
    change(ward, request, patient=Sought(OTHER))
    assert carry(ward, request) is State.STOPPED
    assert not ward.pacs[PRACTICE].instances


def change(world: World, request: UUID, **changes: object) -> None:
    """As if the practice had asked for something else under this number."""
    with world.nodes.work(PRACTICE) as work:
        asked = replace(work.own_requests.get(request).request, **changes)  # type: ignore[arg-type]
    with transaction(world.nodes.engine) as connection:
        act_for(connection, PRACTICE)
        connection.execute(update(release_asks).values(claims=asked.claims()))


# --- emergency --------------------------------------------------------------------------------------------------------


def test_an_emergency_is_off_until_the_origin_turns_it_on(ward: World, ask: Ask) -> None:
    rules(ward, {"kinds": ["second-opinion", "teleradiology", "no-record"], "requesters": ["*"]})
    assert heard(ward, ask(kind=Kind.EMERGENCY)).hold == Hold.NO_RULE
    rules(ward, EMERGENCY)
    found = heard(ward, ask(kind=Kind.EMERGENCY))
    assert (found.standing, found.basis) == (Standing.RELEASED, Basis.EMERGENCY)
    assert found.review_by == found.decided + timedelta(days=2)  # type: ignore[operator]


BLANKS = ("", "   ", "\u00a0\u2003", "\u200b", "...", "\u3164")


def test_a07_an_emergency_without_a_reason_or_with_one_of_blanks_is_refused_at_both_ends(ward: World) -> None:
    request = ReleaseRequest(
        uuid4(), PRACTICE, HOSPITAL, Kind.EMERGENCY, "x", Sought(KVNR), CT, date(2026, 12, 1), "Dr. Ask", ward.clock()
    )
    for reason in BLANKS:
        with pytest.raises(RequestIncomplete):
            releasing.ask(ward.practice, wish(ward, kind=Kind.EMERGENCY, reason=reason))
        signed = ward.signers[PRACTICE].sign({**request.claims(), "reason": reason}, typ=TYP)
        with pytest.raises(MessageFault, match="step 2"):
            ward.desks[PRACTICE].hand_in(signed)
    assert ward.actions(ward.nodes, HOSPITAL) == ["release.turned-away"] * len(BLANKS)


def test_requests_are_removed_at_both_ends_when_they_are_as_old_as_the_trail_becomes(ward: World, ask: Ask) -> None:
    rules(ward, EMERGENCY)
    request = ask(kind=Kind.EMERGENCY)
    releasing.review(ward.hospital, request, justified=True, user="Dr. One")
    nodes = (ward.hospital, ward.practice)
    ward.clock.advance(days=1095)  # type: ignore[attr-defined]
    assert [releasing.forget(node) for node in nodes] == [0, 0]
    ward.clock.advance(days=2)  # type: ignore[attr-defined]
    assert [releasing.forget(node) for node in nodes] == [1, 1]
    with pytest.raises(UnknownRequest):
        heard(ward, request)
    with ward.nodes.work(PRACTICE) as work:
        assert work.own_requests.find(str(request)) is None


def test_a07_four_eyes_are_those_of_two_persons_and_not_of_who_asked(ward: World, ask: Ask) -> None:
    rules(ward, EMERGENCY)
    request = ask(kind=Kind.EMERGENCY)
    ward.clock.advance(days=3)  # type: ignore[attr-defined]
    assert releasing.overdue(ward.hospital) == [request]
    with pytest.raises(NotReviewable, match="requester"):
        releasing.review(ward.hospital, request, justified=True, user="DR.  ASK")
    releasing.review(ward.hospital, request, justified=True, user="Dr. One")
    for same in ("Dr. One", "dr. one", " DR.\u00a0 One "):
        with pytest.raises(NotReviewable, match="same-person"):
            releasing.review(ward.hospital, request, justified=True, user=same)
    assert heard(ward, request).awaits_review
    done = releasing.review(ward.hospital, request, justified=False, user="Dr. Two", note="nicht nötig")
    assert not done.awaits_review
    assert releasing.overdue(ward.hospital) == []
    with pytest.raises(NotReviewable, match="reviewed"):
        releasing.review(ward.hospital, request, justified=True, user="Dr. Three")
    assert ward.actions(ward.nodes, HOSPITAL).count("release.reviewed") == 2


def test_only_an_emergency_is_reviewed_and_by_somebody(ward: World, ask: Ask) -> None:
    rules(ward, ANYBODY, EMERGENCY)
    with pytest.raises(UnknownRequest):
        releasing.review(ward.hospital, ask(), justified=True, user="Dr. One")
    with pytest.raises(RequestIncomplete):
        releasing.review(ward.hospital, ask(kind=Kind.EMERGENCY), justified=True, user=" ")


def test_the_trail_of_an_emergency_names_link_basis_and_rule_but_no_patient(ward: World, ask: Ask) -> None:
    rules(ward, EMERGENCY)
    request = ask(kind=Kind.EMERGENCY)
    with ward.nodes.audit_trail(HOSPITAL) as entries:
        [granted] = [it for it in entries if it.action == "release.granted"]
    link = heard(ward, request).link
    assert {**granted.fields} == {
        "request": str(request),
        "requester": PRACTICE,
        "link": link,
        "study": STUDY,
        "basis": "emergency",
        "by": "emergency",
        "kind": "emergency",
        "until": wish(ward).until.isoformat(),
    }
    told = [(it.action, it.purpose) for it in history(ward.nodes, HOSPITAL, KVNR, user="test")]
    assert ("release.granted", "emergency") in told
    for me in (HOSPITAL, PRACTICE):
        with ward.nodes.audit_trail(me) as entries:
            assert not [it for it in entries if KVNR in str(it.fields) or "Müller" in str(it.fields)]


# --- the desk, and asking ---------------------------------------------------------------------------------------------


def test_what_is_handed_in_twice_is_one_request(ward: World) -> None:
    request = releasing.ask(ward.practice, wish(ward))
    releasing.look(ward.practice, request)
    ward.clock.advance(seconds=30)  # type: ignore[attr-defined]
    ward.desks[PRACTICE].hand_in(ward.desks[PRACTICE].handed_in[0])
    assert ward.actions(ward.nodes, HOSPITAL).count("release.heard") == 1


def test_a_number_stands_for_one_request(ward: World) -> None:
    request = releasing.ask(ward.practice, wish(ward))
    releasing.look(ward.practice, request)
    with ward.nodes.work(PRACTICE) as work:
        own = work.own_requests.get(request).request
    signed = ward.signers[PRACTICE].sign({**own.claims(), "reason": "another"}, typ=TYP)
    with pytest.raises(MessageFault, match="step 7"):
        ward.desks[PRACTICE].hand_in(signed)


def test_a_request_signed_by_another_key_is_turned_away_and_written_down(ward: World) -> None:
    request = ReleaseRequest(
        uuid4(), PRACTICE, HOSPITAL, Kind.NO_RECORD, "x", Sought(KVNR), CT, date(2026, 12, 1), "Dr. Ask", ward.clock()
    )
    with pytest.raises(MessageFault, match="step 4"):
        ward.desks[PRACTICE].hand_in(ward.signers[HOSPITAL].sign(request.claims(), typ=TYP))
    assert ward.actions(ward.nodes, HOSPITAL)[-1] == "release.turned-away"


def test_one_requester_has_only_so_many_open_requests(ward: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "OPEN_MAX", 2)
    for _ in range(2):
        releasing.look(ward.practice, releasing.ask(ward.practice, wish(ward)))
    last = releasing.ask(ward.practice, wish(ward))
    releasing.look(ward.practice, last)
    with ward.nodes.work(PRACTICE) as work:
        own = work.own_requests.get(last)
    assert (own.standing, own.detail) == (Standing.UNSENT, RequestsFull.code)
    ward.desks[PRACTICE].hand_in(ward.desks[PRACTICE].handed_in[0])
    with ward.nodes.work(HOSPITAL) as work:
        releasing.refuse(ward.hospital, work.requests.recent()[0].request.request, reason="Nein", user="Dr. No")
    assert standing(ward, last) is Standing.OPEN


def test_the_state_of_a_request_is_its_requesters_alone(ward: World, ask: Ask) -> None:
    request = ask()
    counter = ward.desks[PRACTICE].counter
    assert counter.answer(request, PRACTICE).standing is Standing.OPEN
    for number, requester in ((request, HOSPITAL), (uuid4(), PRACTICE)):
        with pytest.raises(UnknownRequest):
            counter.answer(number, requester)


def test_an_origin_that_does_not_answer_is_asked_again(ward: World) -> None:
    ward.desks[PRACTICE].down = True
    request = releasing.ask(ward.practice, wish(ward))
    releasing.go_round(ward.practice)
    assert standing(ward, request) is Standing.UNSENT
    ward.desks[PRACTICE].down = False
    assert standing(ward, request) is Standing.OPEN
    ward.desks[PRACTICE].down = True
    assert standing(ward, request) is Standing.OPEN


def test_what_nobody_has_answered_ends_with_its_last_day(ward: World, ask: Ask) -> None:
    request = ask()
    ward.clock.advance(days=16)  # type: ignore[attr-defined]
    assert standing(ward, request) is Standing.ENDED


def test_what_an_origin_does_not_take_has_failed(ward: World) -> None:
    request = releasing.ask(ward.practice, wish(ward))
    ward.practice = replace(ward.practice, signer=ward.signers[HOSPITAL])
    releasing.look(ward.practice, request)
    with ward.nodes.work(PRACTICE) as work:
        own = work.own_requests.get(request)
    assert (own.standing, own.detail, own.due) == (Standing.FAILED, MessageFault.code, None)


def test_nothing_is_asked_of_oneself_of_a_stranger_or_for_ever(ward: World) -> None:
    for until in (date(2026, 11, 23), date(2028, 1, 1)):
        with pytest.raises(RequestIncomplete):
            releasing.ask(ward.practice, wish(ward, until=until))
    for origin in (PRACTICE, "5-2-nobody"):
        with pytest.raises(UnknownParticipant):
            releasing.ask(ward.practice, wish(ward, origin=type(PRACTICE)(origin)))


def test_an_offer_of_somebody_else_under_the_number_of_a_request_is_no_answer_to_it(ward: World, ask: Ask) -> None:
    rules(ward, ANYBODY)
    request = ask()
    link = heard(ward, request).link
    assert link
    push.offer(ward.hospital, link, PRACTICE)
    change(ward, request, origin=TelematikId("5-2-another"))
    assert pull.take_offers(ward.practice, "") == []
    [transfer] = pull.take_offers(ward.practice, "practice")
    assert ward.transfer(transfer).ask.user == f"offer of {HOSPITAL}"


def test_without_a_destination_an_offer_that_nobody_asked_for_waits(ward: World) -> None:
    link = push.push(ward.hospital, STUDY, PRACTICE, pacs="hospital")
    push.offer(ward.hospital, link, PRACTICE)
    assert pull.take_offers(ward.practice, "") == []
    assert len(pull.take_offers(ward.practice, "practice")) == 1
