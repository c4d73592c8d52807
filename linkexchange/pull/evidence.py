"""What the destination itself lists of a study: before anything is sent, after a break, and at the end.

A PACS that cannot be asked gives no evidence, and its acknowledgements count alone. Neither does one that lists nothing
of the study at all, such as a router.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from threading import Timer

from linkexchange import dataset
from linkexchange.errors import InstanceFault, PeerFault, Refused, Unavailable, UnknownPacs
from linkexchange.model.identifiers import SopInstanceUid, StudyUid
from linkexchange.model.link import Link
from linkexchange.model.passport import Passport
from linkexchange.model.proof import Delivered, Fate
from linkexchange.model.transfer import Transfer
from linkexchange.ports import Brake, Destination, ImageSource, Node
from linkexchange.pull.ledger import Ledger
from linkexchange.pull.sending import measured


def before(
    node: Node,
    run: Transfer,
    destination: Destination,
    *,
    passport: Passport,
    link: Link,
    ledger: Ledger,
    brake: Brake,
) -> dict[SopInstanceUid, Delivered]:
    """Leave out what earlier transfers have brought and the destination still has; return what it has from elsewhere.

    Of that nobody knows whether it is the same image. It is read back, so that it can be compared with the origin's,
    which is then not sent: nothing at the destination is ever overwritten. What this very transfer has sent whole
    before it broke off is not sent again. Raises `PacsUnavailable`.
    """
    listed = destination.held(link.manifest.study, brake=brake) or frozenset()
    earlier = _delivered_before(node, run) if listed & ledger.wanted else {}
    for uid in listed & ledger.wanted & earlier.keys():
        ledger.note(replace(earlier[uid], fate=Fate.HELD, at_origin=None))
    ledger.found(listed & ledger.sent_whole)
    # What this very transfer has begun to send before a crash is its own, whether or not it was written down.
    strange = (listed & ledger.wanted) - ledger.begun
    unread = {uid: Delivered(uid, Fate.MISSING) for uid in strange}
    return unread | dict(_read_back(node.archive(passport), link, strange, brake=brake)) if strange else {}


def _delivered_before(node: Node, run: Transfer) -> Mapping[SopInstanceUid, Delivered]:
    with node.store.work(node.me) as work:
        return work.transfers.delivered_before(run)


def between(destination: Destination, ledger: Ledger, study: StudyUid, *, brake: Brake) -> None:
    """After a break: what was sent whole and is listed need not be sent again, though its reply never came."""
    if ledger.sent_whole:
        listed = _listed(destination, study, ledger.sent_whole, brake=brake, pauses=()) or frozenset()
        ledger.found(listed & ledger.sent_whole)


def after(
    destination: Destination, ledger: Ledger, study: StudyUid, *, brake: Brake, pauses: tuple[float, ...]
) -> None:
    """Take back what the destination has acknowledged and, given some time, does not list.

    What it refuses as a duplicate and lists, it has from this transfer, which has sent it before a crash.
    """
    listed = _listed(destination, study, ledger.arrived | ledger.unanswered, brake=brake, pauses=pauses)
    if listed:
        ledger.unconfirmed(ledger.arrived - listed)
        ledger.found(listed & ledger.duplicates)
    _settle(ledger, listed)


def at_the_end(node: Node, run: Transfer, *, seconds: float) -> None:
    """Before the account of a transfer that ends before its time: what became of all that was never answered?

    The run has broken off, or somebody has stopped it, maybe in another process. Raises `Overtaken`.
    """
    with node.store.work(node.me) as work:
        manifest, known = work.transfers.manifest(run.transfer), work.transfers.ledger(run.transfer)
    if manifest is None or not (ledger := Ledger(manifest, known)).unanswered:
        return
    listed = None
    with suppress(UnknownPacs), _in(seconds) as brake:
        with node.store.work(node.me) as work:
            destination = node.destination(work.pacs.find(run.ask.destination))
        pauses = node.pauses.listing_seconds
        listed = _listed(destination, manifest.study, ledger.unanswered, brake=brake, pauses=pauses)
    _settle(ledger, listed)
    with node.store.work(node.me) as work:
        work.transfers.end_instances(run, ledger.news())


def _settle(ledger: Ledger, listed: frozenset[SopInstanceUid] | None) -> None:
    if listed:
        ledger.found(listed & ledger.unanswered)
    else:
        ledger.unheard_of()


def _listed(
    destination: Destination,
    study: StudyUid,
    hoped_for: frozenset[SopInstanceUid],
    *,
    brake: Brake,
    pauses: tuple[float, ...],
) -> frozenset[SopInstanceUid] | None:
    """What it lists when it has had some time to list all that it may have; None where it does not say."""
    listed = None
    with suppress(Unavailable, Refused, PeerFault):
        for pause in (*pauses, 0.0):
            listed = destination.held(study, brake=brake)
            if not listed or hoped_for <= listed:
                break
            brake.wait(pause)
    return listed


@contextmanager
def _in(seconds: float) -> Iterator[Brake]:
    """A brake that pulls itself when the time is over."""
    brake = Brake()
    timer = Timer(seconds, brake.pull)
    timer.daemon = True
    timer.start()
    try:
        yield brake
    finally:
        timer.cancel()


def _read_back(
    archive: ImageSource, link: Link, strange: frozenset[SopInstanceUid], *, brake: Brake
) -> Iterator[tuple[SopInstanceUid, Delivered]]:
    """The digests of what the destination has; whatever it does not give back cannot be compared."""
    with (
        suppress(Unavailable, Refused, PeerFault),
        closing(archive.retrieve(link.manifest, strange, brake=brake)) as instances,
    ):
        for incoming in instances:
            meter = dataset.Meter(incoming.transfer_syntax)
            with suppress(InstanceFault):
                for _ in meter.through(incoming.chunks):
                    pass
            yield incoming.sop_instance, measured(incoming, meter, None)
