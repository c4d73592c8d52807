from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkexchange.dicom import identifier
from linkexchange.dicom.line import CONTEXTS_MAX
from linkexchange.dicom.plan import BATCH, EVERY_SYNTAX, UNCOMPRESSED, by_instance, candidates, groups, requests
from linkexchange.model.identifiers import SeriesUid, SopInstanceUid, StudyUid

STUDY = StudyUid("1.2")
CT, SR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.88.33"


def uids(series: int, count: int) -> list[SopInstanceUid]:
    return [SopInstanceUid(f"1.2.{series}.{number}") for number in range(1, count + 1)]


MEMBERS = {SeriesUid("1.2.1"): uids(1, 3), SeriesUid("1.2.2"): uids(2, 200)}
EVERYTHING = [uid for members in MEMBERS.values() for uid in members]


def test_the_whole_study_is_one_request() -> None:
    (request,) = requests(STUDY, MEMBERS, frozenset(EVERYTHING))
    assert request.keys == {identifier.LEVEL: "STUDY", identifier.STUDY: "1.2"}


def test_a_whole_series_is_one_request() -> None:
    (request,) = requests(STUDY, MEMBERS, frozenset(uids(1, 3)))
    assert request.keys == {identifier.LEVEL: "SERIES", identifier.STUDY: "1.2", identifier.SERIES: "1.2.1"}


def test_single_instances_are_named_with_all_levels_above() -> None:
    (request,) = requests(STUDY, MEMBERS, frozenset(uids(1, 2)))
    assert request.keys == {
        identifier.LEVEL: "IMAGE",
        identifier.STUDY: "1.2",
        identifier.SERIES: "1.2.1",
        identifier.SOP_INSTANCE: "1.2.1.1\\1.2.1.2",
    }


def test_many_single_instances_are_asked_for_in_lists() -> None:
    wanted = frozenset(uids(2, 150))
    assert [len(request.expected) for request in requests(STUDY, MEMBERS, wanted)] == [BATCH, BATCH, 150 - 2 * BATCH]


def test_they_can_also_be_asked_for_one_by_one() -> None:
    assert len(list(by_instance(STUDY, MEMBERS, frozenset(uids(2, 5)), batch=1))) == 5


@given(st.frozensets(st.sampled_from(EVERYTHING)))
def test_what_is_wanted_is_asked_for_once_and_nothing_else(wanted: frozenset[SopInstanceUid]) -> None:
    asked = [uid for request in requests(STUDY, MEMBERS, wanted) for uid in request.expected]
    assert sorted(asked) == sorted(wanted)


@given(st.lists(st.sampled_from([CT, SR, "1.2.3", "1.3.12.2.1107.5.9.1"]), unique=True, max_size=4), st.integers(1, 30))
def test_every_class_gets_a_context_of_its_own_for_every_syntax(sop_classes: list[str], count: int) -> None:
    many = [*sop_classes, *(f"1.9.{number}" for number in range(count))]
    offered = [(one.abstract_syntax, one.transfer_syntaxes) for group in groups(many, EVERY_SYNTAX) for one in group]
    syntaxes = {uid: UNCOMPRESSED if uid == SR else EVERY_SYNTAX for uid in many}
    assert offered == [(uid, (syntax,)) for uid in many for syntax in syntaxes[uid]]


@pytest.mark.parametrize("count", [1, 4, 5, 130])
def test_a_group_leaves_room_for_the_get_itself(count: int) -> None:
    many = [f"1.9.{number}" for number in range(count)]
    assert all(len(group) < CONTEXTS_MAX for group in groups(many, EVERY_SYNTAX))


def test_candidates_begin_with_common_classes_under_every_syntax() -> None:
    first = next(candidates())
    assert [one.transfer_syntaxes[0] for one in first if one.abstract_syntax == CT] == list(EVERY_SYNTAX)


def test_candidates_come_to_every_storage_class() -> None:
    offered = {one.abstract_syntax for group in islice(candidates(), 8) for one in group}
    assert len(offered) >= 170
