from __future__ import annotations

import hashlib
from dataclasses import replace
from random import Random
from typing import Any

import link_samples
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkexchange.errors import InstancesNotListed
from linkexchange.model.identifiers import SeriesUid, Sha256, SopClassUid, SopInstanceUid, StudyUid
from linkexchange.model.link import Link
from linkexchange.model.study import Instance, ListingLevel, Manifest, Series

CT, MR = SopClassUid("1.2.840.10008.5.1.4.1.1.2"), SopClassUid("1.2.840.10008.5.1.4.1.1.4")


def test_the_digest_is_over_the_study_and_one_sorted_line_for_each_instance() -> None:
    manifest = Manifest(StudyUid("1.2"), (_series("1.2.2", "1.9"), _series("1.2.1", "1.4", "1.10")))
    lines = ["1.2", f"1.2.1\t{CT}\t1.10", f"1.2.1\t{CT}\t1.4", f"1.2.2\t{CT}\t1.9"]
    text = "".join(f"{line}\n" for line in lines)
    assert manifest.digest == hashlib.sha256(text.encode()).hexdigest()


@given(link_samples.links, st.randoms(use_true_random=False))
def test_the_digest_does_not_depend_on_any_order(link: Link, random: Random) -> None:
    manifest = link.manifest
    shuffled = [replace(series, instances=tuple(_shuffled(series.instances, random))) for series in manifest.series]
    assert replace(manifest, series=tuple(_shuffled(shuffled, random))).digest == manifest.digest


@given(link_samples.links)
def test_what_is_derived_is_worked_out_once_and_makes_no_difference_between_equals(link: Link) -> None:
    asked, fresh = link.manifest, replace(link.manifest)
    assert asked.uids is asked.uids
    assert asked.homes is asked.homes
    assert asked.digest is asked.digest
    assert (asked, hash(asked)) == (fresh, hash(fresh))


@given(link_samples.links)
def test_the_digest_does_not_depend_on_descriptions_and_numbers(link: Link) -> None:
    bare = tuple(
        Series(series.series, "", tuple(Instance(it.sop_instance, it.sop_class) for it in series.instances))
        for series in link.manifest.series
    )
    assert Manifest(link.manifest.study, bare).digest == link.manifest.digest


@given(link_samples.links)
def test_another_study_uid_changes_the_digest(link: Link) -> None:
    assert replace(link.manifest, study=StudyUid("1.2.3")).digest != link.manifest.digest


@given(link_samples.links, st.data())
def test_one_other_uid_changes_the_digest(link: Link, data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(link.manifest.uids) - 1))
    change = data.draw(st.sampled_from(["sop_instance", "sop_class", "series"]))
    assert _changed(link.manifest, number, change).digest != link.manifest.digest


@given(link_samples.links.filter(lambda link: len(link.manifest.uids) > 1), st.data())
def test_a_missing_instance_changes_the_digest(link: Link, data: st.DataObject) -> None:
    gone = data.draw(st.sampled_from(sorted(link.manifest.uids)))
    fewer = tuple(
        replace(series, instances=tuple(it for it in series.instances if it.sop_instance != gone))
        for series in link.manifest.series
    )
    assert Manifest(link.manifest.study, fewer).digest != link.manifest.digest


def test_an_instance_that_stands_in_a_manifest_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        Manifest(StudyUid("1.2"), (_series("1.2.1", "1.4"), _series("1.2.2", "1.4")))


def test_a_manifest_without_instances_is_refused() -> None:
    with pytest.raises(ValueError, match="without instances"):
        Manifest(StudyUid("1.2"), (_series("1.2.1"),))


def test_a_manifest_knows_the_series_and_the_class_of_every_instance() -> None:
    second = Series(SeriesUid("1.2.2"), "MR", (Instance(SopInstanceUid("1.9"), MR),))
    manifest = Manifest(StudyUid("1.2"), (_series("1.2.1", "1.4"), second))
    assert manifest.homes == {"1.4": "1.2.1", "1.9": "1.2.2"}
    assert manifest.sop_classes == {CT, MR}


@given(link_samples.links)
def test_an_outline_keeps_the_counts_and_the_digest_of_what_it_leaves_out(link: Link) -> None:
    manifest, outline = link.manifest, link.manifest.outline()
    assert (outline.digest, outline.size, outline.level) == (manifest.digest, len(manifest.uids), ListingLevel.SERIES)
    assert [it.size for it in outline.series] == [len(it.instances) for it in manifest.series]


@pytest.mark.parametrize("ask", ["instances", "uids", "sop_classes", "homes"])
def test_an_outline_gives_no_empty_set_of_instances(ask: str) -> None:
    with pytest.raises(InstancesNotListed):
        getattr(Manifest(StudyUid("1.2"), (_series("1.2.1", "1.4"),)).outline(), ask)


def test_an_outline_is_not_kept_as_a_list_of_instances() -> None:
    with pytest.raises(InstancesNotListed):
        Manifest(StudyUid("1.2"), (_series("1.2.1", "1.4"),)).outline().to_json()


def test_a_manifest_that_lists_and_states_a_digest_is_refused() -> None:
    manifest = Manifest(StudyUid("1.2"), (_series("1.2.1", "1.4"),))
    with pytest.raises(ValueError, match="with instances"):
        replace(manifest, stated=manifest.digest)


def test_an_outline_that_counts_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="without counts"):
        Manifest(StudyUid("1.2"), (_series("1.2.1"),), Sha256("0" * 64))


def _series(uid: str, *instances: str) -> Series:
    return Series(SeriesUid(uid), "CT", tuple(Instance(SopInstanceUid(it), CT) for it in instances))


def _shuffled(rows: tuple[Any, ...] | list[Any], random: Random) -> list[Any]:
    rows = list(rows)
    random.shuffle(rows)
    return rows


def _changed(manifest: Manifest, number: int, change: str) -> Manifest:
    """The same manifest with one UID of one instance replaced."""
    flat = [(series.series, it.sop_class, it.sop_instance) for series in manifest.series for it in series.instances]
    place = ["series", "sop_class", "sop_instance"].index(change)
    row = list(flat[number])
    row[place] = type(row[place])("1.2.3")
    flat[number] = tuple(row)
    return Manifest(
        manifest.study,
        tuple(Series(home, "", (Instance(uid, sop_class),)) for home, sop_class, uid in flat),
    )
