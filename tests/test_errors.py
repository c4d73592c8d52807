from __future__ import annotations

import re

import pytest

from linkexchange import errors
from linkexchange.errors import Fault, Owner, PeerFault, Refused, Unavailable, WrongPatient

FAMILIES = (Refused, Unavailable, PeerFault)
CLASSES = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, FAMILIES) and kind not in FAMILIES
]


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_error_says_what_happened_whose_it_is_and_what_to_do(kind: type[Fault]) -> None:
    assert isinstance(kind.owner, Owner)
    sentences = (kind().cause, kind.next_step)
    assert [text for text in sentences if not text[0].isupper() or not text.endswith(".")] == []


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_error_has_words_of_its_own(kind: type[Fault]) -> None:
    assert {"code", "__doc__"} <= set(vars(kind))
    assert re.fullmatch(r"[a-zA-Z][a-zA-Z-]*", kind.code)


def test_no_code_is_used_twice() -> None:
    codes = [kind.code for kind in CLASSES]
    assert sorted(set(codes)) == sorted(codes)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_error_belongs_to_exactly_one_family(kind: type[Fault]) -> None:
    assert sum(issubclass(kind, family) for family in FAMILIES) == 1


def test_the_detail_stands_behind_the_cause() -> None:
    fault = WrongPatient("PatientName")
    assert fault.cause.endswith("passed on. (PatientName)")


def test_without_a_detail_the_cause_stands_alone() -> None:
    assert WrongPatient().cause.endswith("passed on.")


def test_as_text_a_fault_names_cause_owner_and_next_step() -> None:
    text = str(WrongPatient("PatientName"))
    assert [part for part in ("PatientName", "Owner: origin.", "Next: Call the origin") if part not in text] == []
