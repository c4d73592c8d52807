"""Names of transfer syntaxes, against the dictionary of the standard and against what decides about loss."""

from __future__ import annotations

import pytest
from pydicom.uid import UID_dictionary

from linkexchange.model.identifiers import TransferSyntaxUid
from linkexchange.model.syntaxes import COMPRESSED, EXPLICIT_LITTLE, UNCOMPRESSED, NoWay, Obstacle, way
from linkexchange.web import syntaxes

JPEG_XL = {f"1.2.840.10008.1.2.4.{number}" for number in (110, 111, 112)}
"""Newer than the dictionary that pydicom brings."""
OBSTACLES = {"verlustbehaftet komprimiert": Obstacle.LOSSY, "Video": Obstacle.VIDEO}


def test_every_syntax_that_is_converted_has_a_name() -> None:
    assert {str(uid) for uid in UNCOMPRESSED | COMPRESSED} <= set(syntaxes.NAMES)


@pytest.mark.parametrize("uid", sorted(set(syntaxes.NAMES) - JPEG_XL))
def test_a_name_stands_for_a_transfer_syntax_of_the_standard(uid: str) -> None:
    assert UID_dictionary[uid][1] == "Transfer Syntax"


@pytest.mark.parametrize(("uid", "name"), syntaxes.NAMES.items())
def test_a_name_says_loss_or_video_exactly_where_that_is_in_the_way(uid: str, name: str) -> None:
    decided = way(TransferSyntaxUid(uid), [EXPLICIT_LITTLE])
    known = decided.obstacle if isinstance(decided, NoWay) and decided.obstacle in OBSTACLES.values() else None
    assert OBSTACLES.get(name.rpartition(", ")[2]) == known


def test_a_syntax_without_a_name_stands_for_itself() -> None:
    assert (syntaxes.name_of("1.2.3"), syntaxes.name_of("")) == ("1.2.3", "")
