from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkexchange.model.identifiers import SopInstanceUid
from linkexchange.model.subset import Subset

UIDS = [SopInstanceUid(f"2.25.{number}") for number in range(20)]


@given(st.lists(st.sampled_from(UIDS), min_size=1, unique=True), st.data())
def test_the_other_side_understands_the_same_instances_in_whatever_order_it_has_them(
    listed: list[SopInstanceUid], data: st.DataObject
) -> None:
    wanted = data.draw(st.frozensets(st.sampled_from(listed)))
    theirs = data.draw(st.permutations(listed))
    assert Subset.from_text(str(Subset.of(listed, wanted))).among(theirs) == wanted


def test_five_thousand_instances_need_less_than_a_kilobyte() -> None:
    uids = [SopInstanceUid(f"2.25.{number}") for number in range(5000)]
    assert len(str(Subset.of(uids, uids[::2]))) == 834


def test_the_first_uid_as_text_is_the_highest_bit() -> None:
    listed = [SopInstanceUid(uid) for uid in ("2.25.9", "2.25.10", "2.25.2")]
    assert (str(Subset.of(listed, [SopInstanceUid("2.25.10")])), Subset.of(listed, listed).bits) == ("gA", b"\xe0")


@pytest.mark.parametrize("text", ["", "?", "a=", "A", "gA\n", "\u0661\u0661", "A" * 16_388])
def test_what_is_no_subset_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a subset"):
        Subset.from_text(text)


@pytest.mark.parametrize("bits", [b"", b"\xff", b"\x00\x00\x10", b"\x00\x00\x00\x00"])
def test_a_subset_of_another_series_is_refused(bits: bytes) -> None:
    with pytest.raises(ValueError, match="something else"):
        Subset(bits).among(UIDS[:17])
