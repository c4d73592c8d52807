"""Step 4: instances flow from the origin's node into the own PACS; each is checked before it is passed on.

One thread reads from the origin and sends to the destination. It does not wait until the destination has written an
instance down: the reply is collected when it comes, and only then has the instance a fate.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace

from linkexchange import dataset
from linkexchange.errors import InstanceFault, SyntaxRefused, TransferInterrupted, Unavailable, WrongPatient
from linkexchange.model.identifiers import SopInstanceUid
from linkexchange.model.link import Link
from linkexchange.model.patient import PatientHeader, differences
from linkexchange.model.proof import Delivered, Fate
from linkexchange.ports import Brake, Delivery, ImageSource, IncomingInstance, Journal, Reply, Transcoder
from linkexchange.pull.announced import Announced
from linkexchange.pull.ledger import Ledger
from linkexchange.pull.sending import measured, send

STORED_WITH_WARNING = 0xB000
BLAMED_AFTER = 2
"""An image within which the stream has broken off so often is set aside, lest it keep back all others."""
BLAMED_MAX = 8
"""After so many breaks within images one that has brought nothing is no matter of images any more."""


@dataclass
class Move:
    """One run's way through the manifest. `strangers` is what the destination has had of it from elsewhere.

    `under_way` is what has been sent and not been answered, `known_as` how images have named the patient so far. `at`
    is the image that is just passing, `breaks` counts in which ones it has broken off.
    """

    link: Link
    ledger: Ledger
    journal: Journal
    transcoder: Transcoder
    brake: Brake
    strangers: Mapping[SopInstanceUid, Delivered] = field(default_factory=dict)
    under_way: dict[SopInstanceUid, Delivered] = field(default_factory=dict)
    known_as: set[PatientHeader] = field(default_factory=set)
    at: SopInstanceUid | None = None
    breaks: Counter[SopInstanceUid] = field(default_factory=Counter)
    _announced: Announced = field(init=False)

    def __post_init__(self) -> None:
        self._announced = Announced(self.journal, list(self.ledger.homes), left_out=self.strangers)

    @property
    def wanted(self) -> frozenset[SopInstanceUid]:
        """What is asked for: not that again in which it has broken off too often."""
        return self.ledger.wanted - {uid for uid, count in self.breaks.items() if count >= BLAMED_AFTER}

    def blame(self, broken: Unavailable) -> bool:
        """Whether to go on, although it has brought nothing: the origin's stream has broken off within an image."""
        at, self.at = self.at, None
        if at is None or not isinstance(broken, TransferInterrupted):
            return False
        self.breaks[at] += 1
        return self.breaks.total() <= BLAMED_MAX

    def once(self, origin: ImageSource, delivery: Delivery) -> None:
        """Ask the origin for all that is wanted, and pass on what comes.

        Ends early where the destination is out of resources. Raises `WrongPatient` before a byte of a stranger's image
        is passed on, and `Unavailable` when either side breaks off.
        """
        self.ledger.try_again()
        try:
            with closing(origin.retrieve(self.link.manifest, self.wanted, brake=self.brake)) as stream:
                for incoming in stream:
                    if self._is_to_come(incoming.sop_instance):
                        self.at = incoming.sop_instance
                        self._pass_on(incoming, delivery)
                        self.at = None
                    if self.ledger.put_off:
                        return
        finally:
            self._take(delivery.settle())
            for sent in self.under_way.values():
                self.ledger.note(sent)
            self.under_way.clear()
            self._announced.take_back()

    def _is_to_come(self, sop_instance: SopInstanceUid) -> bool:
        """Wanted, and not under way: what is would be counted twice, and stay so if this worker died."""
        return self.ledger.wants(sop_instance) and sop_instance not in self.under_way

    def _pass_on(self, incoming: IncomingInstance, delivery: Delivery) -> None:
        try:
            header, meter, chunks = dataset.examine(incoming.transfer_syntax, incoming.chunks)
            self._check(header, incoming)
            whole = incoming.carrying(chunks)
            if stranger := self.strangers.get(incoming.sop_instance):
                self.ledger.note(_compared(whole, meter, stranger))
            else:
                self._send(whole, meter, delivery)
        except InstanceFault as fault:
            self.ledger.note(Delivered(incoming.sop_instance, Fate.REFUSED, note=fault.code))
        except SyntaxRefused as refused:
            self.ledger.note(Delivered(incoming.sop_instance, Fate.REFUSED, note=f"{refused.code}: {refused.detail}"))

    def _check(self, header: dataset.InstanceHeader, incoming: IncomingInstance) -> None:
        """The data set is the instance that envelope and manifest name, of this study, and of this patient."""
        series, sop_class = self.ledger.homes[incoming.sop_instance]
        named = (header.sop_instance, header.sop_class, header.study, header.series)
        if named != (incoming.sop_instance, incoming.sop_class, self.link.manifest.study, series):
            raise InstanceFault("envelope and data set differ")
        if header.sop_class != sop_class:
            raise InstanceFault("another SOP class than the link has")
        if header.patient in self.known_as:
            return
        if wrong := differences(header.patient, self.link.patient):
            raise WrongPatient(", ".join(wrong))
        self.known_as.add(header.patient)

    def _send(self, incoming: IncomingInstance, meter: dataset.Meter, delivery: Delivery) -> None:
        self.ledger.begin(incoming.sop_instance)
        begun = self._announced.begin(incoming.sop_instance, self._is_to_come)
        counted = incoming.carrying(_then(incoming.chunks, begun))
        sent, replies = send(counted, meter, delivery, transcoder=self.transcoder, brake=self.brake)
        self.under_way[incoming.sop_instance] = sent
        self._take(replies)

    def _take(self, replies: Iterable[Reply]) -> None:
        """Note what the destination says of instances that are under way."""
        for reply in replies:
            if sent := self.under_way.pop(reply.sop_instance, None):
                self.ledger.note(replace(sent, fate=_fate_of(reply.status), status=reply.status))


def _then(chunks: Iterator[bytes], begun: Callable[[], None]) -> Iterator[bytes]:
    """All chunks; their end, without which the instance is not whole, waits until the attempt is written down."""
    yield from chunks
    begun()


def _compared(incoming: IncomingInstance, meter: dataset.Meter, stranger: Delivered) -> Delivered:
    """The destination has this UID already: the same image is as good as stored, another one is left alone."""
    for _ in incoming.chunks:
        pass
    known = {stranger.received, stranger.pixels} - {None}
    same = bool(known & {meter.digest, meter.pixels})
    return replace(measured(incoming, meter, None), fate=Fate.HELD if same else Fate.CONFLICT)


def _fate_of(status: int) -> Fate:
    """Success and warnings (PS3.4 table B.2-1): the instance is kept. All else: it is not."""
    kept = status == 0 or status & 0xF000 == STORED_WITH_WARNING
    return Fate.STORED if kept else Fate.REFUSED
