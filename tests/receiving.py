"""A receiver of the product on a free port, and a C-MOVE archive in front of a peer that sends to it.

with receiving.on() as node, OriginPacs(study, destinations=node.destinations) as pacs:
    node.archive(pacs).retrieve(...)
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import peers

from linkexchange.conform import Caller, Gone, Instance, Peer, units
from linkexchange.conform.units import Element, Field
from linkexchange.dicom.callers import Callers
from linkexchange.dicom.lease import Pool
from linkexchange.dicom.line import Timeouts
from linkexchange.dicom.moving import CMoveArchive
from linkexchange.dicom.outbox import Outbox
from linkexchange.dicom.receiver import DEFAULT_LIMITS, Limits, Receiver
from linkexchange.model.identifiers import AeTitle
from linkexchange.model.passport import Passport, Retrieve

NODE = AeTitle("NODE")
TITLES = (NODE, AeTitle("NODE2"))
ORIGIN = Passport("origin", AeTitle("ORIGIN"), peers.HOST, 104, Retrieve.C_MOVE)
TIMEOUTS = Timeouts(connect_seconds=10, negotiate_seconds=10, idle_seconds=20)


@dataclass(frozen=True)
class Node:
    """A receiver that listens; `titles` are those of its pool."""

    port: int
    pool: Pool
    titles: Sequence[AeTitle]

    @property
    def place(self) -> tuple[str, int]:
        return peers.HOST, self.port

    @property
    def destinations(self) -> dict[str, tuple[str, int]]:
        return {str(title): self.place for title in self.titles}

    def archive(self, pacs: Peer | Passport, *, timeouts: Timeouts = TIMEOUTS) -> CMoveArchive:
        at = pacs if isinstance(pacs, Passport) else Passport("peer", AeTitle(pacs.ae_title), peers.HOST, pacs.port)
        return CMoveArchive(at, self.pool, calling_ae=NODE, timeouts=timeouts)


@contextmanager
def on(
    *,
    titles: Sequence[AeTitle] = TITLES,
    known: Sequence[Passport] | Callable[[], Sequence[Passport]] = (ORIGIN,),
    tls: ssl.SSLContext | None = None,
    limits: Limits = DEFAULT_LIMITS,
    wait_seconds: float = 0.3,
    late_seconds: float = 0.5,
    outbox: Outbox | None = None,
) -> Iterator[Node]:
    port = peers.free_port()
    pool = Pool(titles, place=f"{peers.HOST}:{port}", wait_seconds=wait_seconds, late_seconds=late_seconds)
    callers = Callers(known if callable(known) else lambda: known, fresh_seconds=0)
    with Receiver((peers.HOST, port), pool=pool, known=callers, tls=tls, limits=limits, outbox=outbox):
        yield Node(port, pool, titles)


def caller(node: Node, *instances: Instance, called: str = NODE, calling: str = "ORIGIN") -> Caller:
    """An association to the receiver. Raises `Gone` where it is rejected."""
    contexts = sorted({(it.sop_class, it.syntax) for it in instances}) or [("1.2.840.10008.1.1", "1.2.840.10008.1.2")]
    return Caller(node.place, contexts, calling=calling, called=called)


def send_half(node: Node, instance: Instance, *, then: Callable[[], None]) -> None:
    """Begin to store an instance, and wait for the other side to hang up."""
    with _begun(node, instance) as (calling, context), suppress(Gone):
        calling.talk.send_content(context, instance.content[:1000], ends=False)
        calling.talk.pause(0.2)
        then()
        calling.talk.read_pdu()


def send_empty(node: Node, instance: Instance) -> None:
    """Begin to store an instance, and go on without a byte of it until the other side hangs up."""
    with _begun(node, instance) as (calling, context), suppress(Gone):
        while True:
            calling.talk.raw(units.pdu(units.P_DATA, units.pdv(context, 0, b"")))
            calling.talk.pause(0.01)


@contextmanager
def _begun(node: Node, instance: Instance) -> Iterator[tuple[Caller, int]]:
    with caller(node, instance) as calling:
        context = calling.contexts[(instance.sop_class, instance.syntax)]
        command: dict[Element, int | str] = {
            Element.FIELD: Field.C_STORE_RQ,
            Element.NUMBER: 1,
            Element.DATA_SET_TYPE: 1,
            Element.SOP_CLASS: instance.sop_class,
            Element.SOP_INSTANCE: instance.uid,
        }
        calling.talk.send_command(context, command)
        yield calling, context
