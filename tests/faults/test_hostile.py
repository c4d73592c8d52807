"""Peers that send what no library would: cut off at a cap, cleanly, soon, and in bounded memory (D-07, D-13)."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from faults.adapters import IDLE_SECONDS, Retrieved, archive, destination, manifest, retrieve, send

from linkexchange.conform import (
    HOST,
    Admission,
    DestinationManners,
    DestinationPacs,
    OriginManners,
    OriginPacs,
    Wire,
    hostile,
    made,
)
from linkexchange.dicom import association, bulk, dimse, getting
from linkexchange.errors import MessageFault, PacsUnavailable
from linkexchange.ports import CHUNK_MAX_BYTES

pytestmark = pytest.mark.slow

STUDY = made(3)
DOWN = "pacs-unavailable"
WAITS = 10 * IDLE_SECONDS
MEBIBYTE = 1 << 20


@contextmanager
def bounded(mebibytes: int = 32) -> Iterator[None]:
    """This process, peers included, does not grow by more."""
    process = psutil.Process()
    before = process.memory_info().rss
    yield
    assert process.memory_info().rss - before < mebibytes * MEBIBYTE


def ended(outcome: Retrieved) -> None:
    """Cleanly, soon, by itself and with nothing to show."""
    assert (outcome.fault, outcome.came, outcome.hung) == (DOWN, [], False)
    assert outcome.seconds < WAITS


@pytest.mark.parametrize("name", hostile.NEGOTIATING)
def test_d_13_an_archive_that_answers_the_call_with(name: str) -> None:
    manners = OriginManners(admission=Admission(instead=hostile.NEGOTIATING[name]))
    with bounded(), OriginPacs(STUDY, manners) as pacs:
        ended(retrieve(pacs, STUDY))


@pytest.mark.parametrize("name", hostile.NEGOTIATING)
def test_d_13_a_destination_that_answers_the_call_with(name: str) -> None:
    manners = DestinationManners(admission=Admission(instead=hostile.NEGOTIATING[name]))
    with bounded(), DestinationPacs(manners) as pacs:
        outcome = send(pacs, STUDY)
        assert (outcome.fault, outcome.replies, outcome.hung, pacs.received) == (DOWN, {}, False, [])
        assert outcome.seconds < WAITS


@pytest.mark.parametrize("name", hostile.ANSWERING)
def test_d_13_an_archive_that_answers_a_c_get_with(name: str) -> None:
    with bounded(), OriginPacs(STUDY, OriginManners(instead=hostile.ANSWERING[name])) as pacs:
        ended(retrieve(pacs, STUDY))


@pytest.mark.parametrize("name", hostile.ANSWERING)
def test_d_13_a_destination_that_answers_a_c_store_with(name: str) -> None:
    with bounded(), DestinationPacs(DestinationManners(instead=hostile.ANSWERING[name])) as pacs:
        outcome = send(pacs, STUDY)
        assert (outcome.fault, outcome.kept, outcome.hung) == (DOWN, set(), False)
        assert outcome.seconds < WAITS


@pytest.mark.parametrize("name", hostile.SENDING)
def test_d_13_an_archive_that_goes_on_within_an_instance_with(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "INSTANCE_MAX_BYTES", MEBIBYTE)
    with bounded(), OriginPacs(STUDY, OriginManners(instead=hostile.SENDING[name])) as pacs:
        ended(retrieve(pacs, STUDY))


@pytest.mark.parametrize("limit", ["SURPLUS_MAX", "SURPLUS_MAX_BYTES"])
def test_f_14_what_nobody_has_asked_for_does_not_come_for_ever(limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getting, limit, 100)
    with OriginPacs(STUDY, OriginManners(instead=hostile.unasked_for_ever)) as pacs:
        outcome = retrieve(pacs, STUDY)
        ended(outcome)
        assert "not asked for" in outcome.detail


def test_d_07_an_instance_that_was_asked_for_under_no_proper_class_is_no_bug_of_ours() -> None:
    wanted = made(1, SOPInstanceUID=hostile.UID)
    with OriginPacs(wanted, OriginManners(instead=hostile.without_class)) as pacs:
        outcome = retrieve(pacs, wanted)
        ended(outcome)
        assert "SOP Class UID" in outcome.detail


# --- lists


@pytest.mark.parametrize("name", sorted(hostile.ANSWERING))
def test_d_13_an_archive_that_answers_a_c_find_with(name: str) -> None:
    began = time.monotonic()
    with bounded(96), OriginPacs(STUDY, OriginManners(find_instead=hostile.ANSWERING[name])) as pacs:
        with pytest.raises((PacsUnavailable, MessageFault)):
            archive(pacs).summary(manifest(STUDY).study)
        assert time.monotonic() - began < WAITS


@pytest.mark.parametrize("name", sorted(hostile.ANSWERING))
def test_d_13_a_destination_that_lists_what_it_holds_with(name: str) -> None:
    began = time.monotonic()
    with bounded(), OriginPacs(STUDY, OriginManners(find_instead=hostile.ANSWERING[name])) as pacs:
        with pytest.raises(PacsUnavailable):
            destination(pacs).held(manifest(STUDY).study)
        assert time.monotonic() - began < WAITS


@pytest.mark.parametrize("by_bytes", [False, True])
def test_d_13_a_list_that_does_not_end_is_cut_off(*, by_bytes: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if by_bytes:
        monkeypatch.setattr(association, "ANSWERS_MAX_BYTES", 100_000)
    else:
        monkeypatch.setattr(dimse, "ANSWERS_MAX", 100)
    with OriginPacs(STUDY, OriginManners(finds_for_ever=True)) as pacs, pytest.raises(PacsUnavailable) as cut:
        archive(pacs).summary(manifest(STUDY).study)
    assert cut.value.detail == ("the association broke off" if by_bytes else "answers to a C-FIND that do not end")


def test_d_13_a_destination_whose_list_does_not_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dimse, "ANSWERS_MAX", 100)
    endless = OriginManners(finds_for_ever=True)
    with OriginPacs(STUDY, endless) as pacs, pytest.raises(PacsUnavailable, match="do not end"):
        destination(pacs).held(manifest(STUDY).study)


# --- names and sizes


@pytest.mark.parametrize("name", ["a UID that is a path", "a UID of 200 characters"])
def test_d_07_a_name_from_outside_never_becomes_a_name_on_disk(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / "a" / "b" / "c"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    before = sorted(tmp_path.rglob("*"))
    with OriginPacs(STUDY, OriginManners(instead=hostile.ANSWERING[name])) as pacs:
        ended(retrieve(pacs, STUDY))
    assert sorted(tmp_path.rglob("*")) == before


def test_1_1_08_a_large_instance_is_held_back_by_whoever_is_slow_to_take_it() -> None:
    [large] = made(1, kilobytes=64 << 10)
    wanted = manifest([large])
    with OriginPacs([large]) as pacs, Wire((HOST, pacs.port)) as line:
        instances = archive(line).retrieve(wanted, wanted.uids)
        assert len(next(next(instances).chunks)) <= CHUNK_MAX_BYTES
        time.sleep(0.5)
        assert sum(line.carried.values()) < 24 * MEBIBYTE
        instances.close()


def test_1_1_08_a_large_instance_comes_chunk_by_chunk_in_bounded_memory() -> None:
    [large] = made(1, kilobytes=64 << 10)
    wanted, digest, longest = manifest([large]), hashlib.sha256(), 0
    with OriginPacs([large]) as pacs, bounded():
        for incoming in archive(pacs).retrieve(wanted, wanted.uids):
            for chunk in incoming.chunks:
                digest.update(chunk)
                longest = max(longest, len(chunk))
    assert digest.hexdigest() == hashlib.sha256(large.content).hexdigest()
    assert longest <= CHUNK_MAX_BYTES
