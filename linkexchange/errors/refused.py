"""The rules say no: never retried, always audited."""

from __future__ import annotations

from linkexchange.errors.families import Owner, Refused


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


class EnrolmentRefused(Refused):
    """The enrolment was refused, or is not one that this can be done with."""

    code = "enrolment-refused"
    owner = Owner.OWN_NODE
    next_step = "Read the reason. Ask the hub's operator, or enrol again (`linkexchange enrol`)."


class ListingDiffers(Refused):
    """The FHIR-VZD answers, and does not list this applicant, or lists it with another role than its card has."""

    code = "listing-differs"
    owner = Owner.HUB
    next_step = "Ask the institution. Reject it, or approve it and name the difference (`--although`, or on the page)."


class Revoked(Refused):
    """The institution, its node, its card, the link or the transfer has been revoked."""

    code = "revoked"
    owner = Owner.HUB
    next_step = "Ask the hub's operator why; the audit trail of the hub has the reason."


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
