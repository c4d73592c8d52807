"""The operator's commands over a real database, and what they say."""

from __future__ import annotations

import sys
from collections.abc import Callable
from uuid import UUID

import pytest
from conftest import Clock
from enrolling import EnrolmentBench
from wishes import HOSPITAL, HOSPITAL_ROLE, PRACTICE, PRACTICE_ROLE

from linkexchange import bootstrap
from linkexchange.commands import main, participant
from linkexchange.errors import SettingRefused
from linkexchange.model.enrolment import Standing
from linkexchange.model.listing import ABSENT, NOT_ASKED, UNREACHABLE, Listing
from linkexchange.store.work import Database

Typed = Callable[..., tuple[int, str]]


@pytest.fixture
def desk(database: Database, clock: Clock) -> EnrolmentBench:
    return EnrolmentBench(database, clock)


@pytest.fixture
def typed(desk: EnrolmentBench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    """Type a command at the hub: its exit status, and what it printed."""
    monkeypatch.setattr(bootstrap, "admission", lambda _: desk.admission)
    monkeypatch.setattr(bootstrap, "database", lambda _: desk.database)
    monkeypatch.setattr(participant, "hub_settings", lambda _: None)

    def typing(*words: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["linkexchange", "participant", *words])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        return int(end.value.code or 0), said.out + said.err

    return typing


def test_applications_are_listed_with_what_the_operator_compares(desk: EnrolmentBench, typed: Typed) -> None:
    assert typed("applications") == (0, "no applications\n")
    desk.apply()
    [it] = desk.enrolments()
    status, said = typed("applications")
    assert status == 0
    for part in (str(it.number), PRACTICE, "applied", "Betriebsstätte Arzt", f"key {it.key}", "contact Tel. 030 1"):
        assert part in said


def test_an_applicant_is_approved_and_later_revoked(desk: EnrolmentBench, typed: Typed) -> None:
    desk.apply()
    number = str(desk.enrolments()[0].number)
    assert typed("approve", PRACTICE, number) == (0, f"{PRACTICE}: Praxis am Markt takes part\n")
    assert typed("applications") == (0, "no applications\n")
    assert typed("revoke", PRACTICE, "--reason", "closed") == (0, f"{PRACTICE}: revoked\n")
    assert "revoked closed" in typed("applications", "--all")[1]


@pytest.mark.parametrize(
    ("listing", "said"),
    [
        (NOT_ASKED, "not asked: vzd_url is not set"),
        (UNREACHABLE, "unreachable"),
        (ABSENT, "absent; approve with --although absent only"),
        (Listing("Praxis", (HOSPITAL_ROLE,)), "listed as Praxis, with another role than its card; approve with"),
        (Listing("Praxis", (PRACTICE_ROLE,)), "listed as Praxis, role agrees, name differs from that of the card"),
        (Listing("Praxis am Markt", (PRACTICE_ROLE,)), "listed as Praxis am Markt, role agrees"),
    ],
    ids=["not asked", "unreachable", "absent", "other role", "other name", "agrees"],
)
def test_applications_are_listed_with_what_the_directory_says(
    desk: EnrolmentBench, typed: Typed, listing: Listing, said: str
) -> None:
    desk.apply()
    desk.listing = listing
    assert f"\n  FHIR-VZD: {said}" in typed("applications")[1]
    desk.approve(although=listing.compared("Praxis am Markt", PRACTICE_ROLE))
    assert "FHIR-VZD" not in typed("applications", "--all")[1]


@pytest.mark.parametrize(
    ("listing", "named"),
    [(ABSENT, "absent"), (Listing("Praxis", (HOSPITAL_ROLE,)), "other-role")],
    ids=["absent", "other role"],
)
def test_against_the_directory_the_operator_names_the_difference(
    desk: EnrolmentBench, typed: Typed, listing: Listing, named: str
) -> None:
    desk.apply()
    desk.listing = listing
    number = str(desk.enrolments()[0].number)
    status, said = typed("approve", PRACTICE, number)
    assert (status, "The FHIR-VZD answers" in said, named in said) == (1, True, True)
    assert typed("approve", PRACTICE, number, "--although", "agrees")[0] == 2
    assert typed("approve", PRACTICE, number, "--although", named)[0] == 0
    assert desk.trail()[-1][1]["listing"] == named


def test_an_applicant_is_rejected_with_a_reason(desk: EnrolmentBench, typed: Typed) -> None:
    secret = desk.apply()
    assert typed("reject", PRACTICE, str(desk.enrolments()[0].number), "--reason", "no call")[0] == 0
    assert desk.verdict(secret).reason == "no call"


def test_what_cannot_be_done_is_said_and_nothing_is_changed(desk: EnrolmentBench, typed: Typed) -> None:
    desk.apply()
    number = str(desk.enrolments()[0].number)
    assert "unknown" in typed("approve", HOSPITAL, number)[1]
    rejects = ("reject", PRACTICE, "1", "--reason", "x")
    for words in (("approve", "nobody", number), ("approve", PRACTICE, "one"), rejects):
        assert typed(*words)[0] == 2
    status, said = typed("revoke", HOSPITAL, "--reason", "x")
    assert (status, "No such participant" in said) == (1, True)
    assert desk.enrolments()[0].standing is Standing.APPLIED


@pytest.mark.parametrize("reason", ["", "  ", "two\nlines", "x" * 201])
def test_a_reason_is_one_line(reason: str) -> None:
    with pytest.raises(SettingRefused, match="--reason"):
        participant.reject(PRACTICE, str(UUID(int=1)), reason)
    with pytest.raises(SettingRefused, match="--reason"):
        participant.revoke(PRACTICE, reason)
