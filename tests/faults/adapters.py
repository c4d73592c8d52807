"""The product's adapters against scripted peers: what came, what was said, and that nothing waits for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from linkexchange.conform import (
    HOST,
    DestinationManners,
    DestinationPacs,
    How,
    Instance,
    OriginManners,
    OriginPacs,
    Peer,
    Wire,
)
from linkexchange.dicom import CGetArchive, StoreDestination, Timeouts
from linkexchange.errors import Fault
from linkexchange.model.identifiers import (
    AeTitle,
    SeriesUid,
    SopClassUid,
    SopInstanceUid,
    StudyUid,
    TransferSyntaxUid,
)
from linkexchange.model.passport import Passport
from linkexchange.model.study import Instance as Listed
from linkexchange.model.study import Manifest, Series
from linkexchange.ports import Brake, IncomingInstance

NODE = AeTitle("NODE")
IDLE_SECONDS = 2.0
DEADLINE_SECONDS = 60.0
SHORT = Timeouts(connect_seconds=30, negotiate_seconds=IDLE_SECONDS, idle_seconds=IDLE_SECONDS)
PATIENT = Timeouts(connect_seconds=30, negotiate_seconds=30, idle_seconds=30)
"""Guards against hanging only, so that a machine that does something else besides is not taken for a silent peer."""


@dataclass
class Retrieved:
    """What came whole, in order, what it ended with, and after how long; `hung` where the deadline had to end it."""

    came: list[tuple[str, bytes]] = field(default_factory=list)
    fault: str = ""
    detail: str = ""
    seconds: float = 0
    hung: bool = False

    @property
    def content(self) -> dict[str, bytes]:
        return dict(self.came)


@dataclass
class Sent:
    """What the destination was heard to say of each instance, and what it ended with."""

    replies: dict[str, int] = field(default_factory=dict)
    fault: str = ""
    detail: str = ""
    seconds: float = 0
    hung: bool = False

    @property
    def kept(self) -> set[str]:
        return {uid for uid, status in self.replies.items() if status == 0 or status & 0xF000 == 0xB000}


def passport(peer: Peer | Wire, *, called: str = "", associations: int = 1) -> Passport:
    title = called or (peer.ae_title if isinstance(peer, Peer) else "ORIGIN")
    return Passport("peer", AeTitle(title), HOST, peer.port, max_associations=associations)


def patience(peer: Peer | Wire) -> Timeouts:
    """Short towards whoever may be silent for long, which a line may always: the test waits for it."""
    may_be_silent = not isinstance(peer, (OriginPacs, DestinationPacs)) or falls_silent(peer.manners)
    return SHORT if may_be_silent else PATIENT


def falls_silent(manners: OriginManners | DestinationManners) -> bool:
    """Whether it does so on purpose, now and then or for good. Whoever talks nonsense may leave out what is due."""
    breaks = manners.breaking is not None and manners.breaking.how is How.HANG
    raves = bool(manners.admission.instead or manners.instead)
    if isinstance(manners, OriginManners):
        raves |= bool(manners.find_instead) or manners.pending_for_ever or manners.finds_for_ever
    return breaks or raves or manners.admission.silent or manners.pause_seconds > IDLE_SECONDS / 10


def archive(peer: Peer | Wire, *, timeouts: Timeouts | None = None) -> CGetArchive:
    return CGetArchive(passport(peer), calling_ae=NODE, timeouts=timeouts or patience(peer))


def destination(
    peer: Peer | Wire, *, called: str = "", associations: int = 1, timeouts: Timeouts | None = None
) -> StoreDestination:
    title = called or (peer.ae_title if isinstance(peer, Peer) else "DESTINATION")
    there = passport(peer, called=title, associations=associations)
    return StoreDestination(there, calling_ae=NODE, timeouts=timeouts or patience(peer))


def manifest(instances: Sequence[Instance]) -> Manifest:
    homes = dict.fromkeys(it.series for it in instances)
    series = tuple(
        Series(
            SeriesUid(home),
            "CT",
            tuple(Listed(SopInstanceUid(it.uid), SopClassUid(it.sop_class)) for it in instances if it.series == home),
        )
        for home in homes
    )
    return Manifest(StudyUid(instances[0].study), series)


def retrieve(
    peer: OriginPacs | Wire, wanted: Sequence[Instance], *, deadline_seconds: float = DEADLINE_SECONDS
) -> Retrieved:
    """Ask an archive for these."""
    asked = manifest(wanted)
    outcome = Retrieved()
    with _deadline(outcome, deadline_seconds) as brake:
        for incoming in archive(peer).retrieve(asked, asked.uids, brake=brake):
            outcome.came.append((str(incoming.sop_instance), b"".join(incoming.chunks)))
    return outcome


def send(
    peer: DestinationPacs | Wire,
    instances: Sequence[Instance],
    *,
    associations: int = 1,
    deadline_seconds: float = DEADLINE_SECONDS,
) -> Sent:
    """Deliver these, and hear what is said of each."""
    outcome = Sent()
    classes = {SopClassUid(it.sop_class) for it in instances}
    with (
        _deadline(outcome, deadline_seconds) as brake,
        destination(peer, associations=associations).deliver(classes, brake=brake) as delivery,
    ):
        try:
            for it in instances:
                outcome.replies.update((str(one.sop_instance), one.status) for one in delivery.send(incoming(it)))
        finally:
            outcome.replies.update((str(one.sop_instance), one.status) for one in delivery.settle())
    return outcome


def incoming(it: Instance, *, chunk_bytes: int = 4096) -> IncomingInstance:
    chunks = (it.content[at : at + chunk_bytes] for at in range(0, len(it.content), chunk_bytes))
    return IncomingInstance(
        SopClassUid(it.sop_class), SopInstanceUid(it.uid), TransferSyntaxUid(it.syntax), iter(chunks)
    )


@contextmanager
def _deadline(outcome: Retrieved | Sent, seconds: float) -> Iterator[Brake]:
    """Only the classes of `linkexchange.errors` may end it, and it may not need the brake to end."""
    brake = Brake()
    timer = threading.Timer(seconds, brake.pull)
    began = time.monotonic()
    timer.start()
    try:
        yield brake
    except Fault as fault:
        outcome.fault, outcome.detail = fault.code, fault.detail
    finally:
        timer.cancel()
        timer.join()
        outcome.seconds = time.monotonic() - began
        outcome.hung = brake.pulled
