from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from linkexchange.dicomweb.requests import SUBSET, requests, with_subsets
from linkexchange.model.identifiers import SeriesUid, SopClassUid, SopInstanceUid, StudyUid
from linkexchange.model.study import Instance, Manifest, Series
from linkexchange.model.subset import Subset

CT = SopClassUid("1.2.840.10008.5.1.4.1.1.2")


def test_a_whole_study_is_one_request() -> None:
    manifest = _manifest(2, 3)
    assert requests(manifest, manifest.uids) == ["studies/2.25.7"]


def test_a_whole_series_is_one_request() -> None:
    assert requests(_manifest(2, 3), _uids("2.25.7.2.1", "2.25.7.2.2", "2.25.7.2.3")) == [
        "studies/2.25.7/series/2.25.7.2"
    ]


def test_what_remains_is_asked_for_instance_by_instance() -> None:
    assert requests(_manifest(2, 3), _uids("2.25.7.1.2", "2.25.7.2.3")) == [
        "studies/2.25.7/series/2.25.7.1/instances/2.25.7.1.2",
        "studies/2.25.7/series/2.25.7.2/instances/2.25.7.2.3",
    ]


def test_what_is_not_in_the_manifest_is_not_asked_for() -> None:
    assert requests(_manifest(2), _uids("2.25.9", "2.25.7.1.1")) == [
        "studies/2.25.7/series/2.25.7.1/instances/2.25.7.1.1"
    ]


def test_nothing_wanted_is_no_request() -> None:
    assert requests(_manifest(2), frozenset()) == []


def test_a_series_without_instances_is_not_asked_for() -> None:
    assert requests(_manifest(0, 2), _uids("2.25.7.2.1")) == ["studies/2.25.7/series/2.25.7.2/instances/2.25.7.2.1"]


@settings(deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=5).filter(any), st.data())
def test_the_requests_cover_what_is_wanted_and_nothing_else(sizes: list[int], data: st.DataObject) -> None:
    manifest = _manifest(*sizes)
    wanted = data.draw(st.frozensets(st.sampled_from(sorted(manifest.uids))))
    fetched = [uid for path in requests(manifest, wanted) for uid in _behind(path, manifest)]
    assert sorted(fetched) == sorted(wanted)


def test_what_a_node_has_not_sent_of_a_series_is_one_request() -> None:
    manifest = _manifest(2, 3)
    wanted = _uids("2.25.7.1.1", "2.25.7.2.1", "2.25.7.2.3")
    assert with_subsets(manifest, wanted) == [
        "studies/2.25.7/series/2.25.7.1/instances/2.25.7.1.1",
        "studies/2.25.7/series/2.25.7.2?instances=oA",
    ]


@settings(deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=5).filter(any), st.data())
def test_with_subsets_one_request_for_each_series_covers_the_same(sizes: list[int], data: st.DataObject) -> None:
    manifest = _manifest(*sizes)
    wanted = data.draw(st.frozensets(st.sampled_from(sorted(manifest.uids))))
    paths = with_subsets(manifest, wanted)
    fetched = [uid for path in paths for uid in _of_node(path, manifest)]
    assert sorted(fetched) == sorted(wanted)
    assert len(paths) <= len(sizes)


def _of_node(path: str, manifest: Manifest) -> list[SopInstanceUid]:
    """The instances that a node sends for a path."""
    path, _, text = path.partition(f"?{SUBSET}=")
    uids = [SopInstanceUid(uid) for uid in _behind(path, manifest)]
    return sorted(Subset.from_text(text).among(uids)) if text else uids


def _behind(path: str, manifest: Manifest) -> list[str]:
    """The instances that a service sends for a path."""
    levels = path.split("/")[1::2]
    series = [one for one in manifest.series if levels[1:2] in ([], [one.series])]
    uids = [instance.sop_instance for one in series for instance in one.instances]
    return [uid for uid in uids if levels[2:] in ([], [uid])]


def _manifest(*sizes: int) -> Manifest:
    return Manifest(StudyUid("2.25.7"), tuple(_series(place, size) for place, size in enumerate(sizes, 1)))


def _series(place: int, size: int) -> Series:
    uids = (SopInstanceUid(f"2.25.7.{place}.{number}") for number in range(1, size + 1))
    return Series(SeriesUid(f"2.25.7.{place}"), "CT", tuple(Instance(uid, CT) for uid in uids))


def _uids(*uids: str) -> frozenset[SopInstanceUid]:
    return frozenset(map(SopInstanceUid, uids))
