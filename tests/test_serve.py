from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import link_samples
import pytest
import wishes
from conftest import Clock
from hub_bench import signer
from link_samples import LINK, ORIGIN
from sqlalchemy import text
from wishes import HUB, NEWER_LINK, NOW, PRACTICE, STRANGER

from linkexchange import documents, serve
from linkexchange.errors import (
    Fault,
    GrantRefused,
    LinkWithdrawn,
    MessageFault,
    OriginPacsBusy,
    OriginPacsRejectsNode,
    OriginPacsUnavailable,
    PacsBusy,
    PacsRejectsNode,
    PacsUnavailable,
    PacsWithholds,
    Revoked,
    TransferInterrupted,
)
from linkexchange.growth import Newer
from linkexchange.model.grant import LIFETIME, TYP, Grant
from linkexchange.model.identifiers import AeTitle, Sha256, SopInstanceUid, StudyUid, TransferSyntaxUid
from linkexchange.model.link import Link, MediaType
from linkexchange.model.passport import Passport
from linkexchange.model.request import TYP as REQUEST_TYP
from linkexchange.model.revocation import Revocation, RevocationKind
from linkexchange.model.study import Manifest
from linkexchange.model.subset import Subset
from linkexchange.model.transfer import Authority, Purpose
from linkexchange.ports import Brake, IncomingInstance, Published
from linkexchange.serve import Origin
from linkexchange.store.work import Database

ME = ORIGIN.telematik_id
RELEASED = link_samples.link(2, 1)
"""Two series with two instances and one."""
FIRST, SECOND, THIRD = (SopInstanceUid(f"2.25.4711.{place}") for place in ("1.1", "1.2", "2.1"))
THUMBPRINT = "practice's certificate"
EXPLICIT = TransferSyntaxUid("1.2.840.10008.1.2.1")


@dataclass
class ShelfArchive:
    """A PACS that has the study; `fault` is raised behind `fault_after` instances."""

    fault: Fault | None = None
    fault_after: int = 0
    asked: list[frozenset[SopInstanceUid]] = field(default_factory=list)
    open: int = 0
    ways: dict[SopInstanceUid, str] = field(default_factory=dict)

    def retrieve(
        self, manifest: Manifest, wanted: frozenset[SopInstanceUid], *, brake: Brake | None = None
    ) -> Generator[IncomingInstance, None, None]:
        self.asked.append(wanted)
        self.open += 1
        try:
            for number, uid in enumerate(sorted(wanted)):
                if self.fault and number == self.fault_after:
                    raise self.fault
                yield IncomingInstance(link_samples.CT, uid, EXPLICIT, iter([b"x"]), self.ways.get(uid, ""))
        finally:
            self.open -= 1


@dataclass
class OriginBench:
    """A hospital that has released one study, and grants of a hub that it believes."""

    database: Database
    clock: Clock
    archive: ShelfArchive = field(default_factory=ShelfArchive)

    def __post_init__(self) -> None:
        self.hub = signer("grant-1")
        self.origin = Origin(ME, self.hub.public, self.database, lambda _: self.archive, self.clock)
        with self.database.work(ME) as work:
            work.pacs.put(Passport("ARCHIV", AeTitle("ARCHIV"), "127.0.0.1", 104))
        self.publish(RELEASED)

    def publish(self, link: Link, pacs: str = "ARCHIV") -> None:
        document = documents.write(link, MediaType.XML, node_url_hint=link_samples.HINT)
        with self.database.work(ME) as work:
            work.links.add(Published(link, document, pacs, kvnr=None, entry="", active=True))

    def close(self) -> None:
        with self.database.work(ME) as work:
            work.links.close(LINK)

    def token(self, grant: Grant) -> str:
        return self.hub.sign(grant.claims(HUB), typ=TYP)

    def admitted(self, **change: Any) -> Grant:
        return self.origin.admit(self.token(replace(GRANT, **change)), THUMBPRINT)

    def trail(self) -> list[tuple[str, dict[str, Any]]]:
        with self.database.audit_trail(ME) as entries:
            return [(entry.action.value, dict(entry.fields)) for entry in entries]


GRANT = Grant(
    grant=uuid4(),
    transfer=wishes.TRANSFER,
    requester=PRACTICE,
    origin=ME,
    link=LINK,
    study=RELEASED.manifest.study,
    manifest_digest=RELEASED.manifest.digest,
    authority=Authority.RELEASE,
    purpose=Purpose.TREATMENT,
    thumbprint=THUMBPRINT,
    issued=NOW,
)
STEP = {
    "transfer": str(GRANT.transfer),
    "requester": PRACTICE,
    "link": LINK,
    "study": GRANT.study,
    "authority": GRANT.authority.value,
    "purpose": GRANT.purpose.value,
}


@pytest.fixture
def bench(database: Database, clock: Clock) -> OriginBench:
    return OriginBench(database, clock)


# --- admission --------------------------------------------------------------------------------------------------------


def test_a_grant_for_the_own_active_link_is_admitted(bench: OriginBench) -> None:
    assert bench.admitted() == GRANT
    assert bench.trail() == []


def _expire(bench: OriginBench) -> None:
    bench.clock.time = RELEASED.expires


Presented = Callable[[OriginBench], str]
REFUSALS: dict[str, tuple[Presented, type[Fault], str]] = {
    "nonsense": (lambda _: "nonsense", GrantRefused, "step 2: header"),
    "another hub": (lambda _: signer("grant-1").sign(GRANT.claims(HUB), typ=TYP), GrantRefused, "step 5: signature"),
    "another key": (lambda _: signer("x").sign(GRANT.claims(HUB), typ=TYP), GrantRefused, "step 4: unknown key"),
    "a request": (lambda it: it.hub.sign(GRANT.claims(HUB), typ=REQUEST_TYP), GrantRefused, "step 1: type"),
    "claims": (lambda it: it.hub.sign({}, typ=TYP), GrantRefused, "step 2: claims"),
    "audience": (lambda it: it.token(replace(GRANT, origin=STRANGER)), GrantRefused, "step 3: audience"),
    "binding": (lambda it: it.token(replace(GRANT, thumbprint="x")), GrantRefused, "step 4: certificate binding"),
    "old": (lambda it: it.token(replace(GRANT, issued=NOW - LIFETIME)), GrantRefused, "step 5: time"),
    "no such link": (lambda it: it.token(replace(GRANT, link=NEWER_LINK)), GrantRefused, "step 6: link"),
    "another study": (lambda it: it.token(replace(GRANT, study=StudyUid("1.2"))), GrantRefused, "step 6: manifest"),
    "another manifest": (
        lambda it: it.token(replace(GRANT, manifest_digest=Sha256("0" * 64))),
        GrantRefused,
        "step 6: manifest",
    ),
    "withdrawn here": (lambda it: it.close() or it.token(GRANT), LinkWithdrawn, ""),
    "expired here": (lambda it: _expire(it) or it.token(replace(GRANT, issued=it.clock())), LinkWithdrawn, ""),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_grant_that_does_not_count_here_is_refused_and_written_down(bench: OriginBench, case: str) -> None:
    present, kind, step = REFUSALS[case]
    with pytest.raises(kind) as refused:
        bench.origin.admit(present(bench), THUMBPRINT)
    assert refused.value.detail == step
    assert bench.trail() == [("serving.refused", {"reason": kind.code, "step": step})]


def test_the_own_ledger_has_the_last_word_over_a_grant_that_the_hub_has_just_given(bench: OriginBench) -> None:
    admitted = bench.admitted()
    bench.close()
    with pytest.raises(LinkWithdrawn):
        next(bench.origin.open(admitted))
    assert (bench.archive.asked, [action for action, _ in bench.trail()]) == ([], ["serving.refused"])


def test_a_grant_stays_valid_until_its_last_moment(bench: OriginBench, clock: Clock) -> None:
    clock.time += LIFETIME - timedelta(microseconds=1)
    assert bench.origin.still_valid(GRANT)
    clock.time += timedelta(microseconds=1)
    assert not bench.origin.still_valid(GRANT)


def test_a_grant_ends_with_its_link(bench: OriginBench) -> None:
    bench.close()
    assert not bench.origin.still_valid(GRANT)


def test_a_grant_is_not_valid_for_a_link_that_is_not_there(bench: OriginBench) -> None:
    assert not bench.origin.still_valid(replace(GRANT, link=NEWER_LINK))


def test_only_so_many_grants_are_remembered_as_good(bench: OriginBench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "REMEMBERED_MAX", 1)
    bench.origin = replace(bench.origin, fresh_seconds=3600)
    admitted = [bench.admitted(grant=uuid4()) for _ in range(3)]
    assert [bench.origin.still_valid(grant) for grant in admitted] == [True] * 3
    bench.close()
    assert [bench.origin.still_valid(grant) for grant in reversed(admitted)] == [True, False, False]


def test_only_so_many_callers_are_remembered_as_good(
    bench: OriginBench, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "REMEMBERED_MAX", 1)
    bench.origin = replace(bench.origin, fresh_seconds=3600)
    peers = [(STRANGER, "A" * 43), (STRANGER, "B" * 43)]
    for peer in peers:
        bench.origin.vet(*peer)
    with bench.database.work(ME) as work:
        told = [Revocation(number, RevocationKind.NODE, key, "", clock()) for number, (_, key) in enumerate(peers, 1)]
        work.revocations.hear("https://hub.example", told)
    bench.origin.vet(*peers[1])
    with pytest.raises(Revoked, match="node"):
        bench.origin.vet(*peers[0])


# --- instances --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({}, {FIRST, SECOND, THIRD}),
        ({"series": RELEASED.manifest.series[0].series}, {FIRST, SECOND}),
        ({"wanted": frozenset({SECOND})}, {SECOND}),
        ({"series": RELEASED.manifest.series[1].series, "wanted": frozenset({FIRST, THIRD})}, {THIRD}),
        ({"wanted": frozenset({FIRST, SopInstanceUid("1.2.3")})}, {FIRST}),
        ({"wanted": frozenset({SopInstanceUid("1.2.3")})}, set()),
        ({"series": StudyUid("1.2.3")}, set()),
        ({"wanted": frozenset()}, set()),
        ({"series": RELEASED.manifest.series[0].series, "wanted": Subset.of([FIRST, SECOND], [SECOND])}, {SECOND}),
    ],
    ids=[
        "study",
        "series",
        "instance",
        "one of a series",
        "with a stranger",
        "a stranger",
        "other series",
        "none",
        "some of a series",
    ],
)
def test_what_is_not_in_the_manifest_is_never_asked_for(
    bench: OriginBench, part: dict[str, Any], expected: set[SopInstanceUid]
) -> None:
    served = [instance.sop_instance for instance in bench.origin.open(GRANT, **part)]
    assert (set(served), bench.archive.asked) == (expected, [frozenset(expected)])


def test_a_subset_of_another_series_is_refused_before_the_pacs_is_asked(bench: OriginBench) -> None:
    with pytest.raises(MessageFault, match="instances in the query"):
        next(bench.origin.open(GRANT, series=RELEASED.manifest.series[0].series, wanted=Subset(b"\x10")))
    assert bench.archive.asked == []


def test_begin_and_end_are_written_down(bench: OriginBench) -> None:
    list(bench.origin.open(GRANT))
    assert bench.trail() == [
        ("serving.begun", {**STEP, "wanted": 3}),
        ("serving.ended", {**STEP, "instances": 3}),
    ]
    (event,) = bench.database.events_after(ME, 0)
    assert (event.topic, event.body) == ("serving.ended", {"transfer": str(GRANT.transfer), "instances": 3})


def test_the_ways_by_which_instances_were_fetched_stand_in_the_trail(bench: OriginBench) -> None:
    bench.archive.ways = {FIRST: "dicomweb", SECOND: "dicomweb", THIRD: "c-get"}
    list(bench.origin.open(GRANT))
    assert bench.trail()[-1] == ("serving.ended", {**STEP, "instances": 3, "ways": "dicomweb 2, c-get 1"})


def test_the_begin_stands_in_the_trail_before_the_first_instance_leaves(bench: OriginBench) -> None:
    instances = bench.origin.open(GRANT)
    assert bench.trail() == []
    next(instances)
    assert [action for action, _ in bench.trail()] == ["serving.begun"]
    instances.close()


def test_whoever_closes_early_ends_the_retrieval_and_the_end_is_written_down(bench: OriginBench) -> None:
    instances = bench.origin.open(GRANT)
    next(instances)
    assert bench.archive.open == 1
    instances.close()
    assert bench.archive.open == 0
    assert bench.trail()[-1] == ("serving.ended", {**STEP, "instances": 1})


@pytest.mark.parametrize("after", [0, 1, 2])
@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (PacsUnavailable("association rejected"), OriginPacsUnavailable),
        (PacsWithholds("C-GET"), OriginPacsUnavailable),
        (PacsRejectsNode("association rejected"), OriginPacsRejectsNode),
        (PacsBusy("too many associations"), OriginPacsBusy),
        (TransferInterrupted(), TransferInterrupted),
    ],
    ids=["pacs", "withheld", "rejected", "busy", "other"],
)
def test_a_pacs_that_fails_is_told_to_the_requester_and_the_end_is_written_down(
    bench: OriginBench, fault: Fault, told: type[Fault], after: int
) -> None:
    bench.archive.fault, bench.archive.fault_after = fault, after
    with pytest.raises(told):
        list(bench.origin.open(GRANT))
    assert bench.archive.open == 0
    assert bench.trail()[-1] == ("serving.ended", {**STEP, "instances": after})


def test_1_1_01_what_the_pacs_lists_and_does_not_send_is_left_out_where_it_is_not_the_whole_study(
    bench: OriginBench,
) -> None:
    bench.archive.fault = PacsWithholds("C-GET ends with status A702")
    assert list(bench.origin.open(GRANT, wanted=frozenset({FIRST}))) == []
    assert bench.trail()[-1] == ("serving.ended", {**STEP, "instances": 0})


def test_a_pacs_that_is_no_longer_registered_lets_the_requester_wait(bench: OriginBench) -> None:
    bench.publish(replace(RELEASED, link=NEWER_LINK), pacs="GONE")
    with pytest.raises(OriginPacsUnavailable):
        next(bench.origin.open(replace(GRANT, link=NEWER_LINK)))


def test_digests_are_kept_for_the_requester_they_were_sent_to(bench: OriginBench) -> None:
    first, second = {FIRST: Sha256("1" * 64)}, {FIRST: Sha256("2" * 64), SECOND: Sha256("3" * 64)}
    bench.origin.sent(GRANT, first)
    bench.origin.sent(GRANT, second)
    assert bench.origin.told(GRANT.transfer, PRACTICE).digests == second
    assert bench.origin.told(GRANT.transfer, STRANGER).digests == {}
    assert bench.origin.told(uuid4(), PRACTICE).digests == {}


# --- newer images -----------------------------------------------------------------------------------------------------


@dataclass
class Lookout:
    """Notes who looks, and has always found something."""

    looks: list[Grant] = field(default_factory=list)

    def look(self, grant: Grant, passport: Passport, manifest: Manifest) -> None:
        assert (passport.name, manifest) == ("ARCHIV", RELEASED.manifest)
        self.looks.append(grant)

    def found(self, transfer: Any, requester: Any) -> Newer:
        return Newer(self.looks[-1].link, requester, 3)


@pytest.fixture
def lookout(bench: OriginBench) -> Lookout:
    lookout = Lookout()
    bench.origin = replace(bench.origin, growth=lookout)  # type: ignore[arg-type]
    return lookout


def recorded(bench: OriginBench) -> Grant:
    """A grant for the same study, published into a record."""
    link = replace(RELEASED, link=NEWER_LINK)
    document = documents.write(link, MediaType.XML, node_url_hint=link_samples.HINT)
    with bench.database.work(ME) as work:
        work.links.add(Published(link, document, "ARCHIV", kvnr=link.patient.kvnr, entry="e1", active=True))
    return replace(GRANT, link=NEWER_LINK)


def soon(bench: OriginBench) -> int:
    """How many jobs make a new version before others would."""
    due = "scheduled_at < now() + interval '30 seconds'"
    count = text(f"SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'freshen' AND {due}")
    with bench.database.engine.connect() as connection:
        return int(connection.execute(count).scalar_one())


def test_newer_images_are_looked_for_once_and_not_before_the_first_image_has_left(
    bench: OriginBench, lookout: Lookout
) -> None:
    grant = recorded(bench)
    stream = bench.origin.open(grant)
    next(stream)
    assert lookout.looks == []
    assert len(list(stream)) == 2
    assert lookout.looks == [grant]


def test_newer_images_are_not_looked_for_beside_a_part_or_a_release(bench: OriginBench, lookout: Lookout) -> None:
    list(bench.origin.open(recorded(bench), wanted=frozenset({FIRST, SECOND})))
    list(bench.origin.open(GRANT))
    assert lookout.looks == []


def test_whoever_has_all_is_told_of_newer_images_and_their_new_version_is_made_soon(
    bench: OriginBench, lookout: Lookout
) -> None:
    grant = recorded(bench)
    list(bench.origin.open(grant))
    assert [bench.origin.told(grant.transfer, PRACTICE).newer for _ in range(2)] == [3, 3]
    assert soon(bench) == 1


def test_a_new_version_waits_while_somebody_else_is_being_served(bench: OriginBench, lookout: Lookout) -> None:
    grant = recorded(bench)
    list(bench.origin.open(grant))
    other = bench.origin.open(replace(grant, transfer=uuid4()))
    next(other)
    assert bench.origin.told(grant.transfer, PRACTICE).newer == 3
    assert soon(bench) == 0
    other.close()


# --- the document of a release ----------------------------------------------------------------------------------------


def test_the_document_of_a_release_is_handed_out_as_it_was_kept_and_written_down(bench: OriginBench) -> None:
    document = bench.origin.document(GRANT, LINK)
    assert documents.read(document) == RELEASED
    assert bench.trail() == [("document.served", STEP)]


@pytest.mark.parametrize(
    ("grant", "link"),
    [(replace(GRANT, authority=Authority.RECORD), LINK), (GRANT, NEWER_LINK)],
    ids=["what stands in the record", "another link"],
)
def test_no_other_document_is_handed_out(bench: OriginBench, grant: Grant, link: Any) -> None:
    with pytest.raises(GrantRefused, match="step 6"):
        bench.origin.document(grant, link)
    assert bench.trail() == [("serving.refused", {"reason": "grant-refused", "step": "step 6: link"})]


def test_the_document_of_a_withdrawn_release_is_not_handed_out(bench: OriginBench) -> None:
    bench.close()
    with pytest.raises(LinkWithdrawn):
        bench.origin.document(GRANT, LINK)
    assert [action for action, _ in bench.trail()] == ["serving.refused"]


@pytest.mark.parametrize(("again", "ended"), [({FIRST, SECOND}, True), ({SECOND, THIRD}, False)])
def test_f_03_a_transfer_that_asks_for_the_same_again_ends_what_its_frozen_run_holds(
    bench: OriginBench, again: set[SopInstanceUid], ended: bool
) -> None:
    with bench.database.work(ME) as work:
        work.pacs.put(Passport("ARCHIV", AeTitle("ARCHIV"), "127.0.0.1", 104, max_associations=2))
    brake = Brake()
    frozen = bench.origin.open(GRANT, wanted=frozenset({FIRST}), brake=brake)
    next(frozen)
    assert len(list(bench.origin.open(GRANT, wanted=frozenset(again)))) == 2
    assert brake.pulled is ended
    frozen.close()
