"""Emergencies: a rule, a reason, and four eyes afterwards."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest
from releasing.wishing import (
    ANYBODY,
    CT,
    EMERGENCY,
    Ask,
    heard,
    rules,
    wish,
)
from world import HOSPITAL, KVNR, PRACTICE, STUDY, World

from linkexchange import releasing
from linkexchange.errors import (
    MessageFault,
    NotReviewable,
    RequestIncomplete,
    UnknownRequest,
)
from linkexchange.model.access import Basis
from linkexchange.model.letting import Hold
from linkexchange.model.release_request import TYP, Kind, ReleaseRequest, Sought
from linkexchange.model.released import Standing
from linkexchange.trail.history import history


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
