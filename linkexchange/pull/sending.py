"""One instance on its way to the destination: measured as it passes, converted only where it must be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from linkexchange import dataset
from linkexchange.errors import SyntaxRefused
from linkexchange.model.identifiers import TransferSyntaxUid
from linkexchange.model.proof import Delivered, Fate
from linkexchange.model.syntaxes import NoWay, Transcode, way
from linkexchange.ports import Brake, Delivery, IncomingInstance, Reply, Transcoder


def send(
    incoming: IncomingInstance, meter: dataset.Meter, delivery: Delivery, *, transcoder: Transcoder, brake: Brake
) -> tuple[Delivered, Sequence[Reply]]:
    """Send it, whose bytes `meter` measures on their way; what was measured, and the replies that have come meanwhile.

    Raises `SyntaxRefused` before anything is sent where the destination does not take it and it cannot be converted
    without loss, and what reading, converting and sending raise.
    """
    accepted = delivery.syntaxes(incoming.sop_class)
    decision = way(incoming.transfer_syntax, accepted) if accepted is not None else None
    if isinstance(decision, NoWay):
        raise SyntaxRefused(f"{decision.obstacle}: {incoming.transfer_syntax}")
    if isinstance(decision, Transcode):
        return _convert(incoming, meter, delivery, target=decision.target, transcoder=transcoder, brake=brake)
    replies = delivery.send(incoming)
    return measured(incoming, meter, meter), replies


def measured(incoming: IncomingInstance, came: dataset.Meter, left: dataset.Meter | None) -> Delivered:
    """What is known of an instance that has passed, before anybody has said what became of it."""
    received = came.digest
    return Delivered(
        incoming.sop_instance,
        Fate.MISSING,
        bytes=came.bytes,
        received=received,
        sent=received if left is came else left.digest if left else None,
        pixels=came.pixels,
        received_syntax=incoming.transfer_syntax,
    )


def _convert(
    incoming: IncomingInstance,
    came: dataset.Meter,
    delivery: Delivery,
    *,
    target: TransferSyntaxUid,
    transcoder: Transcoder,
    brake: Brake,
) -> tuple[Delivered, Sequence[Reply]]:
    left = dataset.Meter(target)
    with transcoder.transcode(incoming, target, brake=brake) as converted:
        instance = converted.instance
        replies = delivery.send(replace(instance, chunks=left.through(instance.chunks)))
    return replace(measured(incoming, came, left), pixels_sent=left.pixels, sent_syntax=target), replies
