"""What a person at the origin decides, and what the requester lets pass."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest
from releasing.wishing import (
    OTHER,
    Ask,
    carry,
    change,
    heard,
    standing,
)
from world import PRACTICE, STUDY, World

from linkexchange import publish, pull, push, releasing
from linkexchange.errors import (
    LinkWithdrawn,
    RequestDecided,
    RequestIncomplete,
    WrongPatient,
)
from linkexchange.model.access import Basis
from linkexchange.model.release_request import Sought
from linkexchange.model.released import Standing
from linkexchange.model.transfer import State


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
