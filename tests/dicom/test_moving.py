from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import peers
import pytest
import receiving
import reencoding
import shipped
from faults.adapters import manifest

from linkexchange.conform import Admission, Breaking, Counts, How, OriginManners, OriginPacs, Service, made
from linkexchange.dataset import part10_head
from linkexchange.dicom.line import Timeouts
from linkexchange.dicom.receiver import DEFAULT_LIMITS
from linkexchange.errors import PacsUnavailable
from linkexchange.model.identifiers import SeriesUid, SopInstanceUid
from linkexchange.model.passport import Passport
from linkexchange.ports import Brake, IncomingInstance

pytestmark = pytest.mark.slow

STUDY = made(10)
UIDS = [it.uid for it in STUDY]
MANIFEST = manifest(STUDY)
WHOLE = {it.uid: it.content for it in STUDY}
FAILURES = (0xA701, 0xA702, 0xA900, 0xC001, 0xFE00, 0x0124, 0x1234)


@pytest.fixture(scope="module")
def node() -> Iterator[receiving.Node]:
    with receiving.on() as node:
        yield node


def came(
    manners: OriginManners, node: receiving.Node, wanted: frozenset[SopInstanceUid] = MANIFEST.uids
) -> dict[str, bytes]:
    with OriginPacs(STUDY, manners, destinations=node.destinations) as pacs:
        return taken(pacs, node, wanted)


def taken(
    pacs: OriginPacs, node: receiving.Node, wanted: frozenset[SopInstanceUid] = MANIFEST.uids
) -> dict[str, bytes]:
    stream = node.archive(pacs).retrieve(MANIFEST, wanted)
    arrived = [(str(one.sop_instance), b"".join(one.chunks)) for one in stream]
    assert len(dict(arrived)) == len(arrived), "an instance came twice"
    return dict(arrived)


def read(stream: Iterator[IncomingInstance]) -> None:
    for one in stream:
        b"".join(one.chunks)


MANNERS = {
    "as the standard asks": OriginManners(),
    "test_f_16 twice, backwards, over 4 associations": OriginManners(repeats=2, backwards=True, move_associations=4),
    "without an originator": OriginManners(names_originator=False),
    "the last three after the final answer": OriginManners(late_moves=3),
    "all of them after it, without an originator": OriginManners(late_moves=10, names_originator=False),
    "test_1_2 no counts": OriginManners(counts=Counts.NONE),
    "test_1_2 counts that make no sense": OriginManners(counts=Counts.NONSENSE),
    "test_1_1_09 an archive that takes one association": OriginManners(admission=Admission(most=1)),
    "test_f_14 more than was asked for": OriginManners(surplus=made(3, first=90, StudyInstanceUID="1.2.3.4")),
    "test_f_14 more than it lists": OriginManners(unlisted=frozenset(UIDS[:3])),
    **{f"test_f_10 {status:04X} after all": OriginManners(status=status) for status in (0xB000, *FAILURES)},
}


@pytest.mark.parametrize("name", MANNERS)
def test_every_instance_comes_once_and_as_it_is_stored(name: str, node: receiving.Node) -> None:
    assert came(MANNERS[name], node) == WHOLE


def test_some_of_the_instances_come_alone(node: receiving.Node) -> None:
    some = frozenset(sorted(MANIFEST.uids)[::3])
    assert came(OriginManners(), node, some).keys() == some


def test_one_instance_of_a_study_that_is_not_known_further_comes_alone(node: receiving.Node) -> None:
    one = STUDY[3]
    with OriginPacs(STUDY, destinations=node.destinations) as pacs:
        stream = node.archive(pacs).retrieve_one(
            MANIFEST.study, SeriesUid(one.series), SopInstanceUid(one.uid), brake=Brake()
        )
        assert [(it.sop_instance, b"".join(it.chunks)) for it in stream] == [(one.uid, one.content)]
        assert pacs.sent == [one.uid]


def test_1_1_01_success_without_two_of_the_images_is_seen_by_their_uids(node: receiving.Node) -> None:
    assert came(OriginManners(withheld=frozenset(UIDS[3:5])), node).keys() == set(UIDS) - set(UIDS[3:5])


def test_what_is_not_listed_any_more_is_left_out_without_a_fault(node: receiving.Node) -> None:
    gone = OriginManners(withheld=frozenset(UIDS), unlisted=frozenset(UIDS))
    assert came(gone, node) == {}


@pytest.mark.parametrize("status", FAILURES)
def test_f_10_a_status_without_any_instance_stands_in_the_fault(status: int, node: receiving.Node) -> None:
    nothing = OriginManners(status=status, withheld=frozenset(UIDS))
    with pytest.raises(PacsUnavailable, match=f"{status:04X}"):
        came(nothing, node)


def test_f_10_a801_names_the_ae_title_and_the_place_that_the_pacs_does_not_know() -> None:
    alone = receiving.on(titles=receiving.TITLES[:1])
    with alone as node, OriginPacs(STUDY) as pacs, pytest.raises(PacsUnavailable) as unknown:
        taken(pacs, node)
    assert f"A801: the PACS does not know the move destination NODE, 127.0.0.1:{node.port}" in unknown.value.detail


def test_f_10_a801_is_not_asked_for_again(node: receiving.Node) -> None:
    with OriginPacs(STUDY) as pacs:
        with pytest.raises(PacsUnavailable):
            taken(pacs, node)
        assert pacs.calls == 1


def test_a_pacs_without_c_move_is_unavailable(node: receiving.Node) -> None:
    only_find = OriginManners(admission=Admission(services=frozenset({Service.FIND})))
    with pytest.raises(PacsUnavailable, match="MOVE"):
        came(only_find, node)


@pytest.mark.parametrize("how", [How.ABORT, How.RESET, How.RELEASE])
def test_f_09_what_came_before_the_pacs_broke_off_is_whole(how: How, node: receiving.Node) -> None:
    arrived: list[tuple[str, bytes]] = []
    breaking = OriginManners(breaking=Breaking(how, after=4))
    with OriginPacs(STUDY, breaking, destinations=node.destinations) as pacs, pytest.raises(PacsUnavailable):
        arrived.extend(
            (str(one.sop_instance), b"".join(one.chunks))
            for one in node.archive(pacs).retrieve(MANIFEST, MANIFEST.uids)
        )
    assert len(arrived) <= 4
    assert dict(arrived).items() <= WHOLE.items()


def test_f_12_a_pacs_that_falls_silent_is_given_up(node: receiving.Node) -> None:
    with OriginPacs(STUDY, OriginManners(breaking=Breaking(How.HANG, after=3))) as pacs:
        pacs.destinations.update(node.destinations)
        impatient = node.archive(pacs, timeouts=Timeouts(10, 10, 0.5))
        with pytest.raises(PacsUnavailable, match=r"no answer within 0\.5 s"):
            read(impatient.retrieve(MANIFEST, MANIFEST.uids))


@pytest.mark.parametrize("counts", list(Counts))
def test_1_1_03_a_pacs_that_only_says_that_it_goes_on_is_given_up(counts: Counts, node: receiving.Node) -> None:
    endless = OriginManners(pending_for_ever=True, counts=counts)
    with OriginPacs(STUDY, endless, destinations=node.destinations) as pacs:
        impatient = node.archive(pacs, timeouts=Timeouts(10, 10, 0.5))
        with pytest.raises(PacsUnavailable, match=r"within 0\.5 s"):
            read(impatient.retrieve(MANIFEST, MANIFEST.uids))


def test_1_1_03_an_instance_of_empty_fragments_is_given_up() -> None:
    hangs, limits = OriginManners(breaking=Breaking(How.HANG)), replace(DEFAULT_LIMITS, idle_seconds=0.5)
    with receiving.on(limits=limits) as node, OriginPacs(STUDY, hangs, destinations=node.destinations) as pacs:
        stream = node.archive(pacs, timeouts=Timeouts(idle_seconds=20)).retrieve(MANIFEST, MANIFEST.uids)
        empty = threading.Timer(0.2, lambda: receiving.send_empty(node, STUDY[0]))
        empty.start()
        with pytest.raises(PacsUnavailable, match="empty fragments"):
            read(stream)
        stream.close()
        empty.join()


def test_1_1_03_a_slow_pacs_is_waited_for_as_long_as_something_comes(node: receiving.Node) -> None:
    slow = OriginManners(pause_seconds=1.5, counts=Counts.NONE)
    with OriginPacs(STUDY[:4], slow, destinations=node.destinations) as pacs:
        asked = manifest(STUDY[:4])
        stream = node.archive(pacs, timeouts=Timeouts(10, 10, 5)).retrieve(asked, asked.uids)
        assert len([b"".join(one.chunks) for one in stream]) == 4


def test_an_instance_that_is_not_read_to_its_end_does_not_hold_up_the_next(node: receiving.Node) -> None:
    with OriginPacs(STUDY, destinations=node.destinations) as pacs:
        first = [next(one.chunks)[:1] for one in node.archive(pacs).retrieve(MANIFEST, MANIFEST.uids)]
        assert len(first) == len(UIDS)


def test_the_next_instance_is_not_acknowledged_before_it_is_asked_for(node: receiving.Node) -> None:
    with OriginPacs(STUDY, destinations=node.destinations) as pacs:
        stream = node.archive(pacs).retrieve(MANIFEST, MANIFEST.uids)
        next(stream)
        time.sleep(0.2)
        assert pacs.sent == []
        stream.close()


def test_closing_the_stream_ends_the_sub_operations(node: receiving.Node) -> None:
    with OriginPacs(STUDY, OriginManners(move_associations=3), destinations=node.destinations) as pacs:
        stream = node.archive(pacs).retrieve(MANIFEST, MANIFEST.uids)
        b"".join(next(stream).chunks)
        stream.close()
        time.sleep(0.3)
        assert len(pacs.sent) <= 1


@pytest.mark.parametrize("after", [0, 3])
def test_a_brake_frees_a_thread_that_waits_for_the_pacs(after: int, node: receiving.Node) -> None:
    brake = Brake()
    with OriginPacs(STUDY, OriginManners(breaking=Breaking(How.HANG, after=after))) as pacs:
        pacs.destinations.update(node.destinations)
        threading.Timer(0.3, brake.pull).start()
        started = time.monotonic()
        stream = node.archive(pacs, timeouts=Timeouts(idle_seconds=60)).retrieve(MANIFEST, MANIFEST.uids, brake=brake)
        with pytest.raises(PacsUnavailable):
            read(stream)
        assert time.monotonic() - started < 20


def test_a_brake_frees_a_thread_that_waits_in_the_middle_of_an_instance(node: receiving.Node) -> None:
    brake, one = Brake(), STUDY[0]
    with OriginPacs(STUDY, OriginManners(breaking=Breaking(How.HANG))) as pacs:
        pacs.destinations.update(node.destinations)
        stream = node.archive(pacs, timeouts=Timeouts(idle_seconds=60)).retrieve(MANIFEST, MANIFEST.uids, brake=brake)
        halves = threading.Timer(0.2, lambda: receiving.send_half(node, one, then=brake.pull))
        halves.start()
        started = time.monotonic()
        with pytest.raises(PacsUnavailable):
            b"".join(next(stream).chunks)
        stream.close()
        assert time.monotonic() - started < 20
        halves.join()


def test_a_retrieval_waits_for_a_move_destination_and_says_so_when_none_becomes_free() -> None:
    with receiving.on(titles=receiving.TITLES[:1]) as node, OriginPacs(STUDY, destinations=node.destinations) as pacs:
        first = node.archive(pacs).retrieve(MANIFEST, MANIFEST.uids)
        next(first)
        with pytest.raises(PacsUnavailable, match="all move destinations are in use"):
            next(node.archive(pacs).retrieve(MANIFEST, MANIFEST.uids))
        first.close()
        assert taken(pacs, node) == WHOLE


def test_two_retrievals_of_the_same_study_at_once_both_get_all(node: receiving.Node) -> None:
    with OriginPacs(STUDY, OriginManners(names_originator=False), destinations=node.destinations) as pacs:
        streams = [node.archive(pacs).retrieve(MANIFEST, MANIFEST.uids) for _ in range(2)]
        arrived = [(one.sop_instance, b"".join(one.chunks)) for pair in zip(*streams, strict=True) for one in pair]
        assert len(arrived) == 2 * len(UIDS)
        assert dict(arrived) == WHOLE
        for stream in streams:
            assert list(stream) == []


def test_memory_does_not_grow_with_the_size_of_an_instance(node: receiving.Node) -> None:
    large = made(1, kilobytes=30_000)
    with OriginPacs(large, destinations=node.destinations) as pacs:
        asked = manifest(large)
        (sizes,) = [list(map(len, one.chunks)) for one in node.archive(pacs).retrieve(asked, asked.uids)]
        assert sum(sizes) == len(large[0].content)
        assert max(sizes) <= 1 << 20


# --- PACS of others ---------------------------------------------------------------------------------------------------

FILES = shipped.study(shipped.PLAIN + shipped.COMPRESSED + shipped.UNUSUAL)


def orthanc(port: int) -> peers.Orthanc:
    return peers.Orthanc(DicomModalities={"node": {"AET": "NODE", "Host": peers.HOST, "Port": port}})


def dcmqrscp(port: int) -> peers.Dcmqrscp:
    server = peers.Dcmqrscp()
    config = server.folder / "dcmqrscp.cfg"
    table = f"HostTable BEGIN\nnode = (NODE, {peers.HOST}, {port})\nHostTable END"
    config.write_text(config.read_text().replace("HostTable BEGIN\nHostTable END", table))
    return server


@pytest.mark.peers
@pytest.mark.slow
@pytest.mark.parametrize("kind", [orthanc, dcmqrscp])
def test_every_pacs_gives_all_instances_with_their_values_unchanged(kind: Any) -> None:
    known: list[Passport] = []
    with receiving.on(titles=[receiving.NODE], known=lambda: known) as node, kind(node.port) as pacs:
        known.append(pacs.passport())
        pacs.upload(FILES.part10.values())
        stored, arrived = pacs.part10(), {}
        for one in node.archive(known[0]).retrieve(FILES.manifest, FILES.manifest.uids):
            head = part10_head(one.sop_class, one.sop_instance, one.transfer_syntax)
            arrived[one.sop_instance] = head + b"".join(one.chunks)
        assert arrived.keys() == FILES.manifest.uids
        found = frozenset[str]().union(*(reencoding.explained(stored[uid], arrived[uid]) for uid in arrived))
        assert found <= {reencoding.LENGTHS, reencoding.PADDING, reencoding.PIXEL_VR, reencoding.SYNTAX}


@pytest.mark.peers
@pytest.mark.slow
@pytest.mark.parametrize("kind", [orthanc, dcmqrscp])
def test_f_10_every_pacs_that_does_not_know_us_says_so(kind: Any) -> None:
    known: list[Passport] = []
    with receiving.on(titles=receiving.TITLES[1:], known=lambda: known) as node, kind(node.port) as pacs:
        known.append(pacs.passport())
        pacs.upload(FILES.part10.values())
        with pytest.raises(PacsUnavailable, match="status"):
            list(node.archive(known[0]).retrieve(FILES.manifest, FILES.manifest.uids))
