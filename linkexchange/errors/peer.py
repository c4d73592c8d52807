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


class BodyTooLarge(PeerFault):
    """A message is larger than this interface takes."""

    code = "body-too-large"
    owner = Owner.REQUESTER
    next_step = "Send less: the page of the interface says how much a body may have."


class BodyTooSlow(PeerFault):
    """A message did not arrive in time."""

    code = "body-too-slow"
    owner = Owner.REQUESTER
    next_step = "Send it again, all at once."


class MediaRefused(PeerFault):
    """A message is of a kind that this interface does not read."""

    code = "media-refused"
    owner = Owner.REQUESTER
    next_step = "Send it uncompressed, with the media type that the page of the interface names."


class UnknownOperation(PeerFault):
    """This interface has no such operation."""

    code = "unknown-operation"
    owner = Owner.REQUESTER
    next_step = "Check the address against the page of the interface."


class MethodRefused(PeerFault):
    """This operation is not asked for with this method."""

    code = "method-refused"
    owner = Owner.REQUESTER
    next_step = "Take a method that the header Allow names."
