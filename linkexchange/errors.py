"""What can go wrong, in three families named after what happens next.

`Refused`: the rules say no. Never retried, always audited.
`Unavailable`: later may work. The queue retries.
`PeerFault`: the other side sent something wrong. Not retried, reported to it.

Anything else is a bug of ours and crashes the job loudly. The first line of a class's docstring is the cause that a
person reads; `code` is for machines and never changes; `owner` says whose it is, `next_step` what to do. No text
here or in `detail` ever holds patient data, a token or a key.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar


class Owner(StrEnum):
    """Who has to act."""

    OWN_PACS = "own PACS administrator"
    OWN_NODE = "own node administrator"
    KONNEKTOR = "own Konnektor administrator"
    INSTITUTION = "own institution"
    ORIGIN = "origin"
    REQUESTER = "requester"
    HUB = "hub"
    RECORD = "record system"
    TI = "operator of the TI"
    NETWORK = "network"


class Fault(Exception):
    """The one base, so that a caller can report any of the three families alike."""

    code: ClassVar[str] = ""
    owner: ClassVar[Owner]
    next_step: ClassVar[str]

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail

    @property
    def cause(self) -> str:
        """The sentence for people: first line of the docstring, and the detail where there is one."""
        sentence = (type(self).__doc__ or "").strip().splitlines()[0]
        return f"{sentence} ({self.detail})" if self.detail else sentence

    def __str__(self) -> str:
        return f"{self.cause} Owner: {self.owner}. Next: {self.next_step}"


class Refused(Fault):
    """The rules say no."""

    owner = Owner.REQUESTER
    next_step = "Read the reason; asking again changes nothing."


class Unavailable(Fault):
    """It does not work now and may work later.

    `after_seconds` says that nothing has failed, and when it is to be asked for again: the queue counts no attempt.
    """

    owner = Owner.NETWORK
    next_step = "Wait: it is tried again by itself."

    def __init__(self, detail: str = "", *, after_seconds: float | None = None) -> None:
        super().__init__(detail)
        self.after_seconds = after_seconds


class PeerFault(Fault):
    """The other side sent something wrong."""

    owner = Owner.ORIGIN
    next_step = "Report the code and the trace id to the other side."


# --- refused ----------------------------------------------------------------------------------------------------------


class NotEntitled(Refused):
    """The record gives this institution no access to this patient or document."""

    code = "not-entitled"
    owner = Owner.REQUESTER
    next_step = "Read the patient's card, or ask the patient whether the document is hidden."


class AlreadyStored(Refused):
    """The record has this document already: it was not stored a second time."""

    code = "already-stored"
    owner = Owner.OWN_NODE
    next_step = "Nothing: the node goes on with the document that is there."


class IdentityRefused(Refused):
    """The institution could not prove who it is."""

    code = "identity-refused"
    owner = Owner.OWN_NODE
    next_step = "Check card, certificate and trust list of the node that asked."


class Denied(Refused):
    """The resolver denied the transfer."""

    code = "denied"
    next_step = "Read the reason: it comes from the origin's rules or from the link itself."


class GrantRefused(Refused):
    """The origin did not accept the grant."""

    code = "grant-refused"
    owner = Owner.ORIGIN
    next_step = "Ask the origin's administrator with the trace id."


class LinkWithdrawn(Refused):
    """The origin has withdrawn or replaced this link."""

    code = "link-withdrawn"
    owner = Owner.ORIGIN
    next_step = "Look for a newer entry in the record, or ask the origin."


class WrongPatient(Refused):
    """The images belong to somebody else than the record says: nothing was passed on."""

    code = "wrong-patient"
    owner = Owner.ORIGIN
    next_step = "Call the origin: its link names another patient than its image headers."


class PatientObjects(Refused):
    """The patient objects to this study being published."""

    code = "patient-objects"
    owner = Owner.REQUESTER
    next_step = "Nothing; where the patient no longer objects, end the objection first (`linkexchange patients agree`)."


class UnknownPatient(Refused):
    """This patient, or this question about a patient, is not here."""

    code = "unknown-patient"
    owner = Owner.OWN_NODE
    next_step = "List what waits (`linkexchange patients`): it may have been settled since."


class PatientIdTaken(Refused):
    """The own PACS has somebody else under the Patient ID of these images: nothing was passed on."""

    code = "patient-id-taken"
    owner = Owner.OWN_PACS
    next_step = "Settle at the own PACS whose number it is; then ask again."


class PacsRejectsNode(Refused):
    """The own PACS does not let this node in, and not later either."""

    code = "pacs-rejects-node"
    owner = Owner.OWN_PACS
    next_step = "Let the own PACS know the node's AE title and address, and the node its; then ask again."


class OriginPacsRejectsNode(Refused):
    """The origin's PACS does not let its own node in, and not later either."""

    code = "origin-pacs-rejects-node"
    owner = Owner.ORIGIN
    next_step = "Call the origin: its PACS administrator has to let its node in; then ask again."


class SyntaxRefused(Refused):
    """The destination does not take an image as it is stored, and it cannot be converted without loss."""

    code = "syntax-refused"
    owner = Owner.OWN_PACS
    next_step = "Let the own PACS accept the named transfer syntax; then ask again."


class UnknownParticipant(Refused):
    """No such participant in the directory."""

    code = "unknown-participant"
    owner = Owner.HUB
    next_step = "Check the Telematik-ID, or ask the hub's operator to enrol the participant."


class UnknownPacs(Refused):
    """No PACS of this name is registered at this node."""

    code = "unknown-pacs"
    owner = Owner.OWN_NODE
    next_step = "Register it with `linkexchange pacs set`."


class OutboxOnlySends(Refused):
    """What waits in the outbox can be sent to a participant, and nothing else."""

    code = "outbox-only-sends"
    owner = Owner.OWN_NODE
    next_step = "Store the study in a PACS, and use it from there; or send it with `linkexchange push --pacs outbox`."


class InstanceConflict(Refused):
    """Another image waits in the outbox under this UID: it was not overwritten, and this one was not taken."""

    code = "instance-conflict"
    owner = Owner.OWN_PACS
    next_step = "Look why two images have one UID; send or discard the study that waits, then send this one again."


class UnknownStudy(Refused):
    """The PACS has no such study."""

    code = "unknown-study"
    owner = Owner.OWN_PACS
    next_step = "Check the Study Instance UID at the PACS."


class InstancesNotListed(Refused):
    """The link names series and counts, not instances: nothing could prove that all of them came."""

    code = "instances-not-listed"
    owner = Owner.ORIGIN
    next_step = "Ask the origin to publish the study at listing level `instance`."


class FormRefused(Refused):
    """The link cannot be said in this form."""

    code = "form-refused"
    owner = Owner.ORIGIN
    next_step = "Take another form, or have the origin publish the study with what is named."


class SignatureRefused(Refused):
    """The link document cannot be signed so."""

    code = "signature-refused"
    owner = Owner.OWN_NODE
    next_step = "Sign with certificate and key of the institution that the document names as its author, and once only."


class KvnrMissing(Refused):
    """Nobody says which patient's record the study belongs to: the image header names no KVNR."""

    code = "kvnr-missing"
    owner = Owner.REQUESTER
    next_step = "Give the patient's KVNR with the study."


class UnknownTransfer(Refused):
    """No such transfer, link or entry."""

    code = "not-found"
    owner = Owner.OWN_NODE
    next_step = "Check the identifier; `linkexchange pull --help` says where it comes from."


class StoppedByPerson(Refused):
    """Somebody has stopped this transfer."""

    code = "stopped-by-person"
    owner = Owner.REQUESTER
    next_step = "Nothing; ask for the entry again if the images are wanted after all."


class Overtaken(Refused):
    """Another worker has taken this transfer over: this one stops and changes nothing."""

    code = "overtaken"
    owner = Owner.OWN_NODE
    next_step = "Nothing: the transfer goes on in the other worker."


class SettingRefused(Refused):
    """A setting is wrong."""

    code = "setting"
    owner = Owner.OWN_NODE
    next_step = "Correct the named key in the environment or the settings file; docs/reference/settings.md lists all."


# --- unavailable ------------------------------------------------------------------------------------------------------


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


class StateUnavailable(Unavailable):
    """The node's own database does not answer."""

    code = "state-unavailable"
    owner = Owner.OWN_NODE
    next_step = "Check PostgreSQL; what was not committed is tried again by itself."


class TransferInterrupted(Unavailable):
    """The stream from the origin broke off."""

    code = "interrupted"
    owner = Owner.NETWORK
    next_step = "Wait: what is missing is asked for again by itself."


# --- peer fault -------------------------------------------------------------------------------------------------------


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
