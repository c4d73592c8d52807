"""The other side sent something wrong: not retried, reported to it."""

from __future__ import annotations

from linkexchange.errors.families import Owner, PeerFault


class DocumentFault(PeerFault):
    """The link document cannot be read or contradicts itself."""

    code = "document-fault"
    owner = Owner.ORIGIN
    next_step = "Report it to the origin named in the record entry; it must publish the link again."


class InstanceFault(PeerFault):
    """An instance cannot be read or is not what it says it is."""

    code = "instance-fault"
    owner = Owner.ORIGIN
    next_step = "Report the transfer to the origin; the instance is listed as failed in the proof."


class MessageFault(PeerFault):
    """A message does not follow its format."""

    code = "message-fault"
    owner = Owner.ORIGIN
    next_step = "Report the code and the trace id to the sender."
