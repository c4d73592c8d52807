"""Standings of an enrolment, pair by pair, and what a node may say of itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from typing import Any
from uuid import UUID

import pytest

from linkexchange.errors import EnrolmentRefused, MessageFault
from linkexchange.model.enrolment import ENROLLED, LIST_MAX, TRANSITIONS, Enrolment, Standing, checked
from linkexchange.model.identifiers import Sha256, TelematikId
from linkexchange.model.participant import Capability, Participant

SAID = Participant(
    TelematikId("1-2-practice"),
    "Praxis am Markt",
    "https://node.example:8443",
    ("PACS",),
    ("NODE",),
    (Capability.PULLS,),
    "Tel. 030 1",
    ("07:00-18:00",),
)
APPLIED = Enrolment(
    UUID(int=1), SAID, "role", "Praxis", Sha256("a" * 64), "request", datetime(2026, 11, 24, tzinfo=UTC)
)
ALLOWED = {
    (Standing.APPLIED, Standing.APPROVED),
    (Standing.APPLIED, Standing.REJECTED),
    (Standing.APPROVED, Standing.RENEWED),
    (Standing.APPROVED, Standing.REVOKED),
    (Standing.RENEWED, Standing.RENEWED),
    (Standing.RENEWED, Standing.REVOKED),
}


@pytest.mark.parametrize(("before", "after"), list(product(Standing, Standing)))
def test_there_is_no_other_way_from_one_standing_to_another(before: Standing, after: Standing) -> None:
    enrolment = replace(APPLIED, standing=before)
    if (before, after) in ALLOWED:
        assert enrolment.to(after, "why") == replace(enrolment, standing=after, reason="why")
        return
    with pytest.raises(EnrolmentRefused, match=f"{before.value}: cannot become {after.value}"):
        enrolment.to(after)


def test_every_standing_can_be_reached_and_every_one_has_its_row() -> None:
    assert set(TRANSITIONS) == set(Standing)
    assert {Standing.APPLIED, *(after for _, after in ALLOWED)} == set(Standing)
    assert {it for it in Standing if Standing.REVOKED in TRANSITIONS[it]} == ENROLLED


def test_what_a_node_says_of_itself_is_taken_as_it_is() -> None:
    assert checked(SAID, "node.example") is SAID
    assert checked(replace(SAID, node_url="https://192.0.2.7:8443"), "192.0.2.7")
    assert checked(replace(SAID, node_url="https://[2001:db8::7]:8443"), "2001:db8::7")
    assert checked(replace(SAID, hours=(), destinations=(), ae_titles=()), "node.example")


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("node_url", "http://node.example"),
        ("node_url", "https://other.example"),
        ("node_url", "https://node.example/path"),
        ("node_url", "https://node.example?query"),
        ("node_url", "https://node.example#part"),
        ("node_url", "https://user@node.example"),
        ("node_url", "https://node.example.evil.example"),
        ("node_url", "https://"),
        ("node_url", "https://node.example:port"),
        ("node_url", "https://node.example:0"),
        ("node_url", "https://[node.example"),
        ("name", ""),
        ("name", " Praxis"),
        ("name", "Praxis\u202e"),
        ("name", "x" * 201),
        ("contact", ""),
        ("contact", "two\nlines"),
        ("destinations", ("",)),
        ("destinations", ("PACS",) * (LIST_MAX + 1)),
        ("ae_titles", ("TOO LONG FOR A TITLE",)),
        ("ae_titles", ("NODE",) * (LIST_MAX + 1)),
        ("hours", ("always",)),
        ("hours", ("07:00-18:00",) * (LIST_MAX + 1)),
    ],
    ids=lambda value: str(len(value)) if not isinstance(value, str) or len(value) > 30 else ascii(value),
)
def test_what_is_wrong_in_it_is_named(member: str, value: Any) -> None:
    with pytest.raises(MessageFault) as refused:
        checked(replace(SAID, **{member: value}), "node.example")
    assert refused.value.detail.startswith(member)
