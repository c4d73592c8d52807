from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkexchange.model.identifiers import TransferSyntaxUid
from linkexchange.model.syntaxes import (
    COMPRESSED,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    PLAIN,
    UNCOMPRESSED,
    AsItIs,
    NoWay,
    Obstacle,
    Transcode,
    way,
)

LOSSY = [f"4.{number}" for number in (*range(50, 57), *range(59, 65), 81, 91, 93, 111, 112, 203)]
VIDEO = [*(f"4.{number}" for number in range(100, 109)), "4.100.1", "4.103.1", "4.106.1", "7.1", "7.2", "7.3"]
UNDECODED = ["4.58", "4.65", "4.66", "4.92", "4.94", "4.95", "4.110", "4.204", "4.205", "8.1", "1.98"]
PRIVATE = "1.2.840.113619.5.2"


def standard(end: str) -> TransferSyntaxUid:
    return TransferSyntaxUid(f"1.2.840.10008.1.2.{end}")


everything = [*map(standard, LOSSY + VIDEO + UNDECODED), *UNCOMPRESSED, *COMPRESSED, TransferSyntaxUid(PRIVATE)]
syntaxes = st.sampled_from(everything)


@given(syntaxes, st.sets(syntaxes))
def test_what_is_accepted_as_it_is_stored_is_never_converted(
    stored: TransferSyntaxUid, accepted: set[TransferSyntaxUid]
) -> None:
    assert isinstance(way(stored, accepted), AsItIs) == (stored in accepted)


@given(syntaxes, st.sets(syntaxes))
def test_images_are_converted_only_without_loss_and_into_something_accepted_and_plain(
    stored: TransferSyntaxUid, accepted: set[TransferSyntaxUid]
) -> None:
    found = way(stored, accepted)
    if isinstance(found, Transcode):
        assert stored in COMPRESSED | UNCOMPRESSED
        assert found.target in accepted.intersection(PLAIN)


@given(syntaxes, st.sets(syntaxes))
def test_explicit_vr_is_chosen_wherever_it_is_accepted(
    stored: TransferSyntaxUid, accepted: set[TransferSyntaxUid]
) -> None:
    found = way(stored, accepted | {EXPLICIT_LITTLE})
    assert not isinstance(found, Transcode) or found.target == EXPLICIT_LITTLE


@pytest.mark.parametrize("stored", sorted(COMPRESSED | UNCOMPRESSED - {IMPLICIT_LITTLE}))
def test_implicit_vr_is_chosen_where_nothing_else_is_accepted(stored: TransferSyntaxUid) -> None:
    assert way(stored, [IMPLICIT_LITTLE]) == Transcode(IMPLICIT_LITTLE)


@pytest.mark.parametrize(
    ("stored", "obstacle"),
    [
        *((standard(end), Obstacle.LOSSY) for end in LOSSY),
        *((standard(end), Obstacle.VIDEO) for end in VIDEO),
        *((standard(end), Obstacle.UNKNOWN) for end in UNDECODED),
        (TransferSyntaxUid(PRIVATE), Obstacle.UNKNOWN),
        (TransferSyntaxUid("2.25.7"), Obstacle.UNKNOWN),
    ],
)
def test_1_1_04_lossy_images_videos_and_unknown_syntaxes_are_refused_with_their_reason(
    stored: TransferSyntaxUid, obstacle: Obstacle
) -> None:
    assert way(stored, PLAIN) == NoWay(obstacle)


def test_a_destination_that_takes_only_other_compressions_gets_nothing() -> None:
    assert way(standard("4.90"), [standard("4.70"), standard("2")]) == NoWay(Obstacle.NOT_PLAIN)


@given(syntaxes)
def test_a_destination_that_takes_nothing_of_the_class_says_so_whatever_is_stored(stored: TransferSyntaxUid) -> None:
    assert way(stored, []) == NoWay(Obstacle.NOTHING)
