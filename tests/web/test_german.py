"""No code reaches a page without words."""

from __future__ import annotations

import pytest

from linkexchange import errors
from linkexchange.commands import stop
from linkexchange.errors import Denied, Fault, HubUnavailable, Owner, Refused, StoppedByPerson, WrongPatient
from linkexchange.model.access import Reason
from linkexchange.model.passport import Retrieve
from linkexchange.model.proof import Fate
from linkexchange.model.syntaxes import Obstacle
from linkexchange.model.transfer import Authority, Purpose, State
from linkexchange.pull.finish import reason_of
from linkexchange.web import german, german_faults
from linkexchange.web.pages import fetching

FAULTS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Fault)]


def test_every_class_of_errors_has_its_german_sentences_and_there_are_no_others() -> None:
    assert set(german_faults.SENTENCES) == set(FAULTS)


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_is_told_as_cause_owner_and_next_step_in_whole_sentences(kind: type[Fault]) -> None:
    told = german.explain(kind())
    assert told.code == kind.code
    assert told.owner
    assert all(sentence.endswith(".") and sentence != sentence.lower() for sentence in (told.cause, told.next_step))


@pytest.mark.parametrize("kind", [kind for kind in FAULTS if kind.code])
def test_the_reason_in_the_row_of_a_transfer_says_the_same_as_the_fault_itself(kind: type[Fault]) -> None:
    assert german.explain_reason(reason_of(kind())) == german.explain(kind())


def test_every_owner_state_fate_purpose_authority_and_way_has_a_german_word() -> None:
    assert set(german.OWNERS) == set(Owner)
    assert set(german.STATES) == set(State)
    assert set(german.FATES) == set(Fate)
    assert set(german.PURPOSES) == set(Purpose)
    assert set(german.AUTHORITIES) == set(Authority)
    assert set(german.WAYS) == set(Retrieve)


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_of_the_resolver_is_told_in_german(reason: Reason) -> None:
    assert german.explain(Denied(reason)).detail == german.DETAILS[reason]


def test_what_differs_between_patients_is_named_in_german() -> None:
    assert german.explain(WrongPatient("PatientName, PatientBirthDate")).detail == "Name, Geburtsdatum"


def test_a_detail_for_administrators_stays_as_it_is() -> None:
    assert german.explain(HubUnavailable("ConnectError")).detail == "ConnectError"


def test_a_bug_of_ours_and_a_code_of_a_newer_version_are_told_too() -> None:
    assert german.explain_reason(german.UNEXPECTED) == german.unexpected()
    assert german.explain_reason("brand-new: detail").code == "brand-new"


def test_a_refusal_that_has_no_class_of_its_own_is_told_as_a_refusal() -> None:
    assert german.explain(Refused("brand-new")).cause == german_faults.SENTENCES[Refused][0]


def test_one_image_is_not_counted_in_the_plural() -> None:
    assert (german.images(1, 1), german.images(3, 4)) == ("1 von 1 Bild", "3 von 4 Bildern")


@pytest.mark.parametrize("obstacle", list(Obstacle))
def test_every_obstacle_in_the_way_of_an_image_is_told_in_german_with_the_syntax(obstacle: Obstacle) -> None:
    told = german.explain_note(f"syntax-refused: {obstacle}: 1.2.840.10008.1.2.4.91")
    assert told == f"{german.DETAILS[obstacle].rstrip('.')} (JPEG 2000, verlustbehaftet komprimiert)."


@pytest.mark.parametrize("who", [fetching.USER, stop.USER])
def test_whoever_stops_a_transfer_without_a_name_is_described_in_german(who: str) -> None:
    told = german.explain(StoppedByPerson(who))
    assert (told.label, told.detail) == ("Abgebrochen von", german.DETAILS[who])


def test_whoever_stops_a_transfer_by_name_is_named() -> None:
    assert german.explain(StoppedByPerson("Dr. Test")).detail == "Dr. Test"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "noch wenige Sekunden"),
        (14, "noch wenige Sekunden"),
        (40, "noch weniger als eine Minute"),
        (70, "noch etwa eine Minute"),
        (125, "noch etwa 2 Minuten"),
        (90 * 60, "noch etwa 90 Minuten"),
        (3 * 3600, "noch etwa 3 Stunden"),
    ],
)
def test_an_estimate_is_no_more_exact_than_it_can_be(seconds: float, words: str) -> None:
    assert german.remaining(seconds) == words
