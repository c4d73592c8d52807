"""Later may work: the queue retries."""

from __future__ import annotations

from linkexchange.errors.families import Owner, Unavailable


class OriginUnavailable(Unavailable):
    """The origin's node does not answer."""

    code = "origin-unavailable"
    owner = Owner.ORIGIN
    next_step = "Wait: it is tried again by itself. If it lasts, call the origin."


class OriginPacsUnavailable(Unavailable):
    """The origin's PACS does not answer or refuses its own node."""

    code = "origin-pacs-unavailable"
    owner = Owner.ORIGIN
    next_step = "Wait: it is tried again by itself. If it lasts, call the origin's PACS administrator."


class PacsUnavailable(Unavailable):
    """The own PACS does not answer or refuses the node."""

    code = "pacs-unavailable"
    owner = Owner.OWN_PACS
    next_step = "Check that the PACS runs and knows the node's AE title; it is tried again by itself."


class PacsWithholds(PacsUnavailable):
    """The PACS lists images and does not send them."""

    code = "pacs-withholds"
    next_step = "Look into the log of the PACS for the status named here; it is tried again by itself."


class SpoolDamaged(PacsUnavailable):
    """An image in the outbox cannot be read: its file is gone, damaged, or sealed with another key."""

    code = "spool-damaged"
    owner = Owner.OWN_NODE
    next_step = "Check spool_folder and spool_key; if the file is lost, send the image to the outbox once more."


class SpoolFull(Unavailable):
    """The outbox takes no more images."""

    code = "spool-full"
    owner = Owner.OWN_NODE
    next_step = "Send or discard what waits in the outbox, or raise spool_max_bytes; the sender keeps the image."


class TranscoderUnavailable(Unavailable):
    """This node cannot convert images at the moment."""

    code = "transcoder-unavailable"
    owner = Owner.OWN_NODE
    next_step = "Check the node's memory and its installation; it is tried again by itself."


class OriginPacsBusy(Unavailable):
    """The origin's PACS serves others at the moment: the transfer waits for its turn."""

    code = "origin-pacs-busy"
    owner = Owner.ORIGIN
    next_step = "Wait: it has its turn by itself, emergencies first."


class PacsBusy(Unavailable):
    """The own PACS is busy with other transfers, or takes no prefetch at this hour: the transfer waits for its turn."""

    code = "pacs-busy"
    owner = Owner.OWN_PACS
    next_step = (
        "Wait: it has its turn by itself. If it lasts, look at the limits of the PACS (`linkexchange pacs limit`)."
    )


class HubUnavailable(Unavailable):
    """The hub does not answer."""

    code = "hub-unavailable"
    owner = Owner.HUB
    next_step = "Wait: it is tried again by itself."


class RelayUnavailable(Unavailable):
    """The hub's relay, without which the origin cannot be reached, does not join this node to it."""

    code = "relay-unavailable"
    owner = Owner.HUB
    next_step = "Wait: it is tried again by itself. If it lasts, the detail says what the relay answers."


class RecordUnavailable(Unavailable):
    """The record system does not answer."""

    code = "record-unavailable"
    owner = Owner.RECORD
    next_step = "Wait: it is tried again by itself."


class TiUnavailable(Unavailable):
    """A central service of the Telematikinfrastruktur (trust list, OCSP or IDP) does not answer, or is not proven."""

    code = "ti-unavailable"
    owner = Owner.TI
    next_step = (
        "Wait: it is tried again by itself. If it lasts, look where the chain breaks (`linkexchange doctor ti`)."
    )


class CardUnavailable(Unavailable):
    """The institution's card cannot sign."""

    code = "SMC-B"
    owner = Owner.OWN_NODE
    next_step = "Check that the card is in its terminal and its PIN is verified."


class InsuranceCardUnavailable(Unavailable):
    """The patient's insurance card (eGK) is not read, or does not prove that it is here."""

    code = "eGK"
    owner = Owner.OWN_NODE
    next_step = "Put the patient's card into the card terminal of this workplace, and read it again."


class TooManyRequests(Unavailable):
    """Too many requests came from this caller or its address."""

    code = "too-many-requests"
    owner = Owner.REQUESTER
    next_step = "Wait as long as Retry-After says; it is tried again by itself."


class BodiesFull(Unavailable):
    """So many large messages are being read that there is no place for another."""

    code = "bodies-full"
    owner = Owner.HUB
    next_step = "Wait: it is tried again by itself. Send large messages one after another."


class ReceiptsFull(Unavailable):
    """The hub keeps no more receipts of this participant today about transfers that it has not decided."""

    code = "receipts-full"
    owner = Owner.REQUESTER
    next_step = "Wait: it is tried again by itself. If it lasts, look why the hub knows nothing of these transfers."


class OffersFull(Unavailable):
    """As many offers of this sender wait at this receiver as the hub keeps."""

    code = "offers-full"
    owner = Owner.REQUESTER
    next_step = "Wait until the receiver has taken some up or they have expired; call it if that lasts."


class StateUnavailable(Unavailable):
    """The node's own database does not answer."""

    code = "state-unavailable"
    owner = Owner.OWN_NODE
    next_step = "Check PostgreSQL; what was not committed is tried again by itself."


class AuditSinkUnavailable(Unavailable):
    """So many audit entries wait for their receiver that nothing new may begin."""

    code = "audit-sink-unavailable"
    owner = Owner.OWN_NODE
    next_step = "Look why the receiver named here takes no entries (`linkexchange audit state`); it goes on by itself."


class TransferInterrupted(Unavailable):
    """The stream from the origin broke off."""

    code = "interrupted"
    owner = Owner.NETWORK
    next_step = "Wait: what is missing is asked for again by itself."
