"""Images in another transfer syntax, for a destination that does not take the stored one."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from linkexchange.model.identifiers import Sha256, TransferSyntaxUid
from linkexchange.ports.brake import Brake
from linkexchange.ports.images import IncomingInstance


@dataclass(frozen=True, slots=True)
class Transcoded:
    """An instance in another transfer syntax, with the SHA-256 of its pixel data value before and after.

    Both digests are None where it has no pixel data. `before` is what `dataset.Meter` finds in the stored data set;
    they are equal where only the data set around the pixels was encoded anew, in the same byte order.
    """

    instance: IncomingInstance
    before: Sha256 | None
    after: Sha256 | None


class Transcoder(Protocol):
    """Converts images without loss, away from the process that asks."""

    def transcode(
        self, instance: IncomingInstance, target: TransferSyntaxUid, *, brake: Brake | None = None
    ) -> AbstractContextManager[Transcoded]:
        """Read an instance whole, convert it, and give it out in chunks for as long as the block lasts.

        A thread asks for one instance at a time. `way` has said that this conversion loses nothing; a codestream that
        is lossy against its label is refused here. Raises `SyntaxRefused` where it will not be converted,
        `InstanceFault` where it cannot be read or its pixels are not what its header declares; never is a part of an
        image given out for the whole. Raises `TranscoderUnavailable` where that is this node's fault and no instance's.
        Raises whatever reading its chunks raises.
        """
        ...
