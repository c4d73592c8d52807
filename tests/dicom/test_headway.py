from __future__ import annotations

import pytest

from linkexchange.dicom.command import Command, Field
from linkexchange.dicom.headway import Headway
from linkexchange.errors import PacsUnavailable

Counts = tuple[int | None, int | None, int | None, int | None]
NOTHING: Counts = (None, None, None, None)


def stands_still(*answers: Counts) -> bool:
    """Whether the last of these answers is no step, when the time for one is over."""
    headway = Headway(60)
    for counts in answers[:-1]:
        headway.note(Command(Field.C_GET_RSP, counts=counts))
    headway._since -= 61
    try:
        headway.note(Command(Field.C_GET_RSP, counts=answers[-1]))
    except PacsUnavailable:
        return True
    return False


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param((NOTHING,), id="no counts"),
        pytest.param(((5, 3, 0, 0), (5, 3, 0, 0)), id="the same"),
        pytest.param(((5, 3, 0, 0), (6, 3, 0, 0)), id="more remain"),
        pytest.param(((5, 3, 0, 0), (5, 2, 0, 0)), id="fewer are done"),
        pytest.param(((5, 3, 0, 0), (4, 4, 0, 0), (5, 3, 0, 0), (4, 4, 0, 0)), id="to and fro"),
        pytest.param(((5, 3, 0, 0), (5, 2, 1, 0)), id="done is another kind of done"),
    ],
)
def test_what_is_no_step_forward_is_given_up_in_time(answers: tuple[Counts, ...]) -> None:
    assert stands_still(*answers)


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param(((5, 3, 0, 0), (4, 3, 0, 0)), id="fewer remain"),
        pytest.param(((None, 3, 0, 0), (None, 4, 0, 0)), id="more are completed"),
        pytest.param(((None, 3, 0, 0), (None, 3, 1, 0)), id="more have failed"),
        pytest.param(((None, None, None, None), (None, None, None, 1)), id="the first warning"),
        pytest.param(((65535, 0, 0, 0),), id="the first count"),
    ],
)
def test_a_step_forward_is_waited_for_again(answers: tuple[Counts, ...]) -> None:
    assert not stands_still(*answers)


def test_an_instance_is_a_step() -> None:
    headway = Headway(60)
    headway._since -= 61
    headway.made()
    assert headway.seconds_left > 59
