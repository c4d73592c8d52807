"""Step 4: instances flow from the origin's node into the own PACS; each is checked before it is passed on.

The ledger is written before an instance leaves (one more attempt) and after the destination has answered (its fate).
So a crash costs the instances in flight once more, and that is counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace

from linkexchange import dataset
from linkexchange.errors import InstanceFault, WrongPatient
from linkexchange.model.identifiers import SeriesUid, SopInstanceUid
from linkexchange.model.link import Link
from linkexchange.model.patient import differences
from linkexchange.model.proof import Delivered, Fate
from linkexchange.model.transfer import Transfer
from linkexchange.ports import Delivery, ImageSource, IncomingInstance, Node, Progress

STORED_WITH_WARNING = 0xB000
OUT_OF_RESOURCES = 0xA700


@dataclass
class Move:
    """One run's way through the manifest. `ledger` is what is known of each instance so far.

    `homes` is the manifest's series of each instance, laid out once: it is looked at for every instance.
    """

    node: Node
    run: Transfer
    link: Link
    ledger: dict[SopInstanceUid, Delivered] = field(default_factory=dict)
    homes: Mapping[SopInstanceUid, SeriesUid] = field(init=False)

    def __post_init__(self) -> None:
        self.homes = self.link.manifest.homes

    @property
    def wanted(self) -> frozenset[SopInstanceUid]:
        """What is neither stored nor refused for good."""
        return frozenset(uid for uid in self.homes if self._wants(uid))

    def once(self, origin: ImageSource, delivery: Delivery) -> None:
        """Ask the origin for all that is wanted, and pass on what comes.

        Raises `WrongPatient` before a byte of a stranger's image is passed on, and `Unavailable` when either side
        breaks off.
        """
        with closing(origin.retrieve(self.link.manifest, self.wanted)) as stream:
            for incoming in stream:
                if self._wants(incoming.sop_instance):
                    self._pass_on(incoming, delivery)

    def _wants(self, sop_instance: SopInstanceUid) -> bool:
        known = self.ledger.get(sop_instance)
        return sop_instance in self.homes and not (known and _is_settled(known))

    def _pass_on(self, incoming: IncomingInstance, delivery: Delivery) -> None:
        attempts = self._begin(incoming.sop_instance)
        try:
            delivered = self._store(incoming, delivery)
        except InstanceFault as fault:
            delivered = Delivered(incoming.sop_instance, Fate.REFUSED, note=fault.code)
        self._end(replace(delivered, attempts=attempts))

    def _store(self, incoming: IncomingInstance, delivery: Delivery) -> Delivered:
        header, chunks = dataset.read_header(incoming.transfer_syntax, incoming.chunks)
        self._check(header, incoming)
        meter = dataset.Meter(incoming.transfer_syntax)
        status = delivery.store(replace(incoming, chunks=meter.through(chunks)))
        return Delivered(
            incoming.sop_instance,
            _fate_of(status),
            status=status,
            bytes=meter.bytes,
            received=meter.digest,
            sent=meter.digest,
            pixels=meter.pixels,
        )

    def _check(self, header: dataset.InstanceHeader, incoming: IncomingInstance) -> None:
        """The data set is the instance that its envelope names, of this study, and of this patient."""
        series = self.homes[incoming.sop_instance]
        named = (header.sop_instance, header.sop_class, header.study, header.series)
        if named != (incoming.sop_instance, incoming.sop_class, self.link.manifest.study, series):
            raise InstanceFault("envelope and data set differ")
        if wrong := differences(header.patient, self.link.patient):
            raise WrongPatient(", ".join(wrong))

    def _begin(self, sop_instance: SopInstanceUid) -> int:
        with self.node.store.work(self.node.me) as work:
            return work.transfers.begin_instance(self.run, sop_instance)

    def _end(self, delivered: Delivered) -> None:
        self.ledger[delivered.sop_instance] = delivered
        with self.node.store.work(self.node.me) as work:
            work.transfers.end_instance(self.run, delivered)
            progress = self.progress
            if work.transfers.progress(self.run, progress):
                work.emit("pull.progress", transfer=str(self.run.transfer), done=progress.done)

    @property
    def progress(self) -> Progress:
        """Counts for the one progress row."""
        return Progress.of(self.ledger.values(), len(self.homes))


def _fate_of(status: int) -> Fate:
    """Success and warnings (PS3.4 table B.2-1): the instance is kept. All else: it is not."""
    kept = status == 0 or status & 0xF000 == STORED_WITH_WARNING
    return Fate.STORED if kept else Fate.REFUSED


def _is_settled(delivered: Delivered) -> bool:
    out_of_resources = (delivered.status or 0) & 0xFF00 == OUT_OF_RESOURCES
    return delivered.fate is not Fate.MISSING and not out_of_resources
