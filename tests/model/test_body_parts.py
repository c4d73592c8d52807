from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkexchange.model.body_parts import regions_of
from linkexchange.model.regions import REGIONS


def names(*parts: str) -> list[str]:
    return [region.display for region in regions_of(parts)]


@pytest.mark.parametrize(
    ("part", "regions"),
    [
        ("BRAIN", ["Head and neck structure"]),
        ("CHEST", ["Upper trunk"]),
        ("ABDOMENPELVIS", ["Lower trunk"]),
        ("CHESTABDPELVIS", ["Upper trunk", "Lower trunk"]),
        ("NECKCHESTABDPELV", ["Head and neck structure", "Upper trunk", "Lower trunk"]),
        ("WRIST", ["Upper extremity"]),
        ("HIP", ["Lower extremity"]),
        ("LSPINE", ["Spinal column region"]),
        ("HEART", ["Cardiovascular system", "Heart"]),
        ("BREAST", ["Breast"]),
        ("WHOLEBODY", ["Entire body as a whole"]),
    ],
)
def test_a_part_of_the_body_lies_in_its_regions(part: str, regions: list[str]) -> None:
    assert names(part) == regions


@pytest.mark.parametrize("part", ["C-SPINE", "C_SPINE", "c spine", " CSPINE "])
def test_how_a_part_is_written_does_not_matter(part: str) -> None:
    assert names(part) == ["Spinal column region"]


@pytest.mark.parametrize("part", ["", "EXTREMITY", "BACK", "UNKNOWN", "SERVICE", "ARMCHEST", "Größe"])
def test_a_part_that_says_too_little_lies_nowhere(part: str) -> None:
    assert names(part) == []


def test_parts_of_one_region_name_it_once() -> None:
    assert names("KNEE", "LIVER", "SPLEEN", "SERVICE") == ["Lower trunk", "Lower extremity"]


@given(st.lists(st.text(max_size=20)))
def test_whatever_a_pacs_says_only_regions_of_the_list_are_named(parts: list[str]) -> None:
    assert set(regions_of(parts)) <= set(REGIONS.values())
