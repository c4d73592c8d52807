"""Handing in, asking again, and what an origin does not take."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest
from releasing.wishing import (
    ANYBODY,
    CT,
    Ask,
    change,
    heard,
    rules,
    standing,
    wish,
)
from world import HOSPITAL, KVNR, PRACTICE, STUDY, World

from linkexchange import pull, push, releasing
from linkexchange.errors import (
    MessageFault,
    RequestIncomplete,
    RequestsFull,
    UnknownParticipant,
    UnknownRequest,
)
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.release_request import TYP, Kind, ReleaseRequest, Sought
from linkexchange.model.released import Standing
from linkexchange.releasing import desk


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
