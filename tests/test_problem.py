from __future__ import annotations

import json

import pytest

from linkexchange import errors
from linkexchange.errors import Fault
from linkexchange.problem import problem


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (errors.GrantRefused(), 403),
        (errors.Denied("role-not-permitted"), 403),
        (errors.NotEntitled(), 403),
        (errors.LinkWithdrawn(), 410),
        (errors.UnknownStudy(), 404),
        (errors.UnknownTransfer(), 404),
        (errors.UnknownParticipant(), 404),
        (errors.UnknownPacs(), 404),
        (errors.OriginPacsUnavailable(), 503),
        (errors.TransferInterrupted(), 503),
        (errors.DocumentFault(), 422),
        (errors.MessageFault(), 422),
    ],
    ids=lambda value: value.code if isinstance(value, Fault) else str(value),
)
def test_each_family_has_its_status(fault: Fault, status: int) -> None:
    described = problem(fault, "4bf92f35")
    assert (described.status, described.body["status"]) == (status, status)


@pytest.mark.parametrize("fault", [kind for kind in vars(errors).values() if getattr(kind, "code", "")])
def test_every_fault_can_be_told(fault: type[Fault]) -> None:
    body = problem(fault(), "4bf92f35").body
    assert body["type"] == f"urn:linkexchange:problem:{fault.code}"
    assert body.keys() == {"type", "title", "status", "code", "owner", "next_step", "trace_id"}
    assert all(body.values())


def test_the_title_is_the_sentence_for_people_and_the_detail_stands_apart() -> None:
    body = problem(errors.Denied("role-not-permitted"), "4bf92f35").body
    assert body["title"] == "The resolver denied the transfer."
    assert body["detail"] == "role-not-permitted"


def test_the_detail_of_what_does_not_work_stays_inside() -> None:
    described = problem(errors.PacsUnavailable("10.1.2.3 refused"), "4bf92f35")
    assert b"10.1.2.3" not in described.content


def test_only_what_may_work_later_is_to_be_tried_again() -> None:
    assert problem(errors.HubUnavailable(), "4bf92f35").headers == {"Retry-After": "10"}
    assert problem(errors.Denied(), "4bf92f35").headers == {}


def test_whoever_waits_for_a_turn_is_told_when_to_ask_again() -> None:
    described = problem(errors.OriginPacsBusy("inside", after_seconds=899.5), "4bf92f35")
    assert (described.status, described.body["after_seconds"]) == (503, 900)
    assert b"inside" not in described.content


def test_the_content_is_json() -> None:
    described = problem(errors.UnknownStudy(), "4bf92f35")
    assert json.loads(described.content) == described.body
