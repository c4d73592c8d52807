"""A C-STORE to the AE title of the outbox: nobody has asked for it, and it is taken if it can be kept."""

from __future__ import annotations

from typing import Protocol

from linkexchange.dicom.bulk import Association
from linkexchange.dicom.command import Command
from linkexchange.dicom.line import Context
from linkexchange.model.identifiers import AeTitle, SopClassUid, SopInstanceUid, TransferSyntaxUid
from linkexchange.ports import IncomingInstance

INVALID_INSTANCE = 0x0117
"""Invalid object instance (PS3.7 annex C)."""


class Outbox(Protocol):
    """Where images go that nobody can fetch a second time."""

    @property
    def title(self) -> AeTitle:
        """The AE title that they are sent to."""
        ...

    def take(self, calling: str, instance: IncomingInstance) -> int:
        """Keep it for good, or not at all; the status to answer. Raises what reading its chunks raises."""
        ...


def take(outbox: Outbox, association: Association, calling: str, *, request: tuple[Context, Command]) -> int:
    """Read the command, and hand the instance over; the status to answer."""
    context, command = request
    try:
        instance = IncomingInstance(
            SopClassUid(command.sop_class),
            SopInstanceUid(command.sop_instance),
            TransferSyntaxUid(context.transfer_syntax),
            association.data(),
        )
    except ValueError:
        return INVALID_INSTANCE
    return outbox.take(calling, instance)
