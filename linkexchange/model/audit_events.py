"""What an audit entry is to receivers elsewhere: its event in the terms of DICOM PS3.15 A.5.3 and of IHE BALP.

Each action is one event, or stays in the house, with the reason why. A code is one of the DICOM controlled terminology
(PS3.16 annex D): `event` is the EventID, `kind` the EventTypeCode. docs/reference/audit-export.md shows the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from linkexchange.model.audit import Action, AuditEntry


class Code(StrEnum):
    """A code of the DICOM terminology; `meaning` is the code meaning."""

    meaning: str

    def __new__(cls, value: str, meaning: str) -> Code:
        """A text that knows its meaning."""
        code = str.__new__(cls, value)
        code._value_ = value
        code.meaning = meaning
        return code

    TRANSFER_BEGUN = "110102", "Begin Transferring DICOM Instances"
    TRANSFERRED = "110104", "DICOM Instances Transferred"
    STUDY_DELETED = "110105", "DICOM Study Deleted"
    EXPORT = "110106", "Export"
    IMPORT = "110107", "Import"
    PATIENT_RECORD = "110110", "Patient Record"
    QUERY = "110112", "Query"
    SECURITY_ALERT = "110113", "Security Alert"
    AUTHENTICATION = "110114", "User Authentication"
    LOGIN = "110122", "Login"
    LOGOUT = "110123", "Logout"
    NODE_AUTHENTICATION = "110126", "Node Authentication"
    EMERGENCY = "110127", "Emergency Override Started"
    NETWORK_CONFIGURATION = "110128", "Network Configuration"
    SECURITY_CONFIGURATION = "110129", "Security Configuration"
    RESTRICTED_FUNCTION = "110132", "Use of Restricted Function"
    ATTRIBUTES_CHANGED = "110135", "Object Security Attributes Changed"
    AUTHORIZATION = "110144", "Authorization Decision"
    SOURCE = "110153", "Source Role ID"
    DESTINATION = "110152", "Destination Role ID"
    APPLICATION = "110150", "Application"
    STUDY = "110180", "Study Instance UID"


class Pattern(StrEnum):
    """The profile of IHE BALP that a FHIR AuditEvent follows, by its id; `PLAIN` is that of FHIR R4 alone."""

    DISCLOSURE_SOURCE = "IHE.BasicAudit.PrivacyDisclosure.Source"
    DISCLOSURE_RECIPIENT = "IHE.BasicAudit.PrivacyDisclosure.Recipient"
    CONSENT_DECISION = "IHE.BasicAudit.AuthZconsent"
    PLAIN = ""


@dataclass(frozen=True, slots=True)
class Meaning:
    """An event. `activity` is C, R, U, D or E (create, read, update, delete, execute)."""

    event: Code
    activity: str
    kind: Code | None = None
    pattern: Pattern = Pattern.PLAIN
    refusal: bool = False


@dataclass(frozen=True, slots=True)
class Local:
    """Not sent on, and why not."""

    reason: str


_ALERT = Meaning(Code.SECURITY_ALERT, "E", Code.RESTRICTED_FUNCTION)
_REFUSAL = Meaning(Code.SECURITY_ALERT, "E", Code.RESTRICTED_FUNCTION, refusal=True)
_PATIENT = Meaning(Code.PATIENT_RECORD, "U")
_PUBLISHED = Meaning(Code.EXPORT, "C")
_WITHDRAWN = Meaning(Code.SECURITY_ALERT, "U", Code.ATTRIBUTES_CHANGED)
_SETTING = Meaning(Code.SECURITY_ALERT, "U", Code.NETWORK_CONFIGURATION)
_REVOKED = Meaning(Code.SECURITY_ALERT, "U", Code.SECURITY_CONFIGURATION)
_GRANTED = Meaning(Code.SECURITY_ALERT, "E", Code.AUTHORIZATION, Pattern.CONSENT_DECISION)
_DENIED = Meaning(Code.SECURITY_ALERT, "E", Code.AUTHORIZATION, Pattern.CONSENT_DECISION, refusal=True)
_STEP = Local("a step of a transfer whose decision and end are sent")
_ACCOUNT = Local("the account of a transfer whose end is sent")
_TECHNICAL = Local("a technical look, without data of a patient")

MEANINGS: dict[Action, Meaning | Local] = {
    Action.NONCE_ISSUED: Local("the first half of a login, whose end is sent"),
    Action.SESSION_OPENED: Meaning(Code.AUTHENTICATION, "E", Code.LOGIN),
    Action.SESSION_REFUSED: Meaning(Code.AUTHENTICATION, "E", Code.LOGIN, refusal=True),
    Action.LEDGER_REFUSED: _REFUSAL,
    Action.LINK_REGISTERED: _PUBLISHED,
    Action.LINK_WITHDRAWN: _WITHDRAWN,
    Action.LINK_PUBLISHED: _PUBLISHED,
    Action.LINK_CLOSED: _WITHDRAWN,
    Action.PULL_REQUESTED: Meaning(Code.QUERY, "E"),
    Action.PULL_GRANTED: _GRANTED,
    Action.PULL_DENIED: _DENIED,
    Action.PULL_REFUSED: _REFUSAL,
    Action.PULL_PERMITTED: _STEP,
    Action.PULL_BEGUN: Meaning(Code.TRANSFER_BEGUN, "C"),
    Action.PULL_WAITING: _STEP,
    Action.PULL_STOP_ASKED: _STEP,
    Action.PULL_ENDED: Meaning(Code.TRANSFERRED, "C", pattern=Pattern.DISCLOSURE_RECIPIENT),
    Action.STUDY_RELEASED: _PUBLISHED,
    Action.SERVING_BEGUN: Meaning(Code.TRANSFER_BEGUN, "R"),
    Action.SERVING_ENDED: Meaning(Code.TRANSFERRED, "R", pattern=Pattern.DISCLOSURE_SOURCE),
    Action.SERVING_REFUSED: _REFUSAL,
    Action.DOCUMENT_SERVED: Meaning(Code.EXPORT, "R", pattern=Pattern.DISCLOSURE_SOURCE),
    Action.OFFER_MADE: _PUBLISHED,
    Action.OFFER_TAKEN: _STEP,
    Action.RECEIPT_SENT: _ACCOUNT,
    Action.RECEIPT_BOOKED: _ACCOUNT,
    Action.PARTICIPANT_ENROLLED: Meaning(Code.SECURITY_ALERT, "C", Code.NODE_AUTHENTICATION),
    Action.PACS_CHANGED: _SETTING,
    Action.PACS_PROBED: _TECHNICAL,
    Action.TI_WALKED: _TECHNICAL,
    Action.OUTBOX_RECEIVED: Meaning(Code.IMPORT, "C"),
    Action.OUTBOX_ANSWERED: _ACCOUNT,
    Action.OUTBOX_CLEARED: Meaning(Code.STUDY_DELETED, "D"),
    Action.OUTBOX_DISCARDED: Meaning(Code.STUDY_DELETED, "D"),
    Action.RECORD_OPENED: Meaning(Code.PATIENT_RECORD, "R"),
    Action.PATIENT_DOUBTED: _PATIENT,
    Action.PATIENT_DECIDED: _PATIENT,
    Action.PATIENT_ASSIGNED: _PATIENT,
    Action.PATIENT_MERGED: _PATIENT,
    Action.OBJECTION_MADE: _PATIENT,
    Action.OBJECTION_WITHDRAWN: _PATIENT,
    Action.PARTICIPANT_REVOKED: _REVOKED,
    Action.ENROLMENT_APPLIED: Meaning(Code.SECURITY_ALERT, "C", Code.NODE_AUTHENTICATION),
    Action.ENROLMENT_REFUSED: Meaning(Code.SECURITY_ALERT, "C", Code.NODE_AUTHENTICATION, refusal=True),
    Action.ENROLMENT_REJECTED: Meaning(Code.SECURITY_ALERT, "U", Code.NODE_AUTHENTICATION, refusal=True),
    Action.CERTIFICATE_RENEWED: Meaning(Code.SECURITY_ALERT, "U", Code.NODE_AUTHENTICATION),
    Action.ROUTE_CHANGED: _SETTING,
    Action.INSTITUTION_REVOKED: _REVOKED,
    Action.INSTITUTION_REINSTATED: _REVOKED,
    Action.NODE_REVOKED: _REVOKED,
    Action.LINK_REVOKED: _WITHDRAWN,
    Action.TRANSFER_REVOKED: _WITHDRAWN,
    Action.RULES_CHANGED: Meaning(Code.SECURITY_ALERT, "U", Code.SECURITY_CONFIGURATION),
    Action.TRAIL_SHORTENED: Meaning(Code.SECURITY_ALERT, "D", Code.RESTRICTED_FUNCTION),
    Action.HISTORY_GIVEN: Meaning(Code.PATIENT_RECORD, "R"),
    Action.DISPATCH_SENT: _ACCOUNT,
    Action.DISPATCH_BOOKED: _ACCOUNT,
    Action.BALANCE_LOST: _ALERT,
    Action.BALANCE_FOUND: _ACCOUNT,
    Action.RELEASE_ASKED: Meaning(Code.QUERY, "E"),
    Action.RELEASE_TOLD: _STEP,
    Action.RELEASE_HEARD: _STEP,
    Action.RELEASE_TURNED_AWAY: _REFUSAL,
    Action.RELEASE_GRANTED: _GRANTED,
    Action.RELEASE_DENIED: Meaning(
        Code.SECURITY_ALERT, "E", Code.AUTHORIZATION, Pattern.CONSENT_DECISION, refusal=True
    ),
    Action.RELEASE_REVIEWED: Meaning(Code.SECURITY_ALERT, "U", Code.RESTRICTED_FUNCTION),
    Action.POLICY_CHANGED: Meaning(Code.SECURITY_ALERT, "U", Code.SECURITY_CONFIGURATION),
    Action.QUOTAS_CHANGED: Meaning(Code.SECURITY_ALERT, "U", Code.SECURITY_CONFIGURATION),
    Action.QUOTA_ALARMED: _ALERT,
    Action.REQUESTER_LOCKED: _REVOKED,
    Action.REQUESTER_UNLOCKED: _REVOKED,
    Action.PULL_SWITCHED: Meaning(Code.SECURITY_ALERT, "U", Code.SECURITY_CONFIGURATION),
    Action.SESSION_ENDED: Meaning(Code.AUTHENTICATION, "E", Code.LOGOUT),
    Action.REVOCATION_HEARD: Local("the revocation itself is sent by the hub"),
    Action.KEYS_LEARNT: Meaning(Code.SECURITY_ALERT, "U", Code.SECURITY_CONFIGURATION),
    Action.LETTING_CHANGED: Meaning(Code.SECURITY_ALERT, "U", Code.SECURITY_CONFIGURATION),
}


NOTHING_CAME = _REFUSAL
"""What the end of a transfer is that has brought nothing."""


def meaning_of(action: Action) -> Meaning | Local:
    """The event of an action; one that nobody has put into the table is told as an alert rather than not at all."""
    return MEANINGS.get(action, _ALERT)


OUTCOME_SUCCESS, OUTCOME_MINOR, OUTCOME_SERIOUS = "0", "4", "8"
_BY_STATE = {"complete": OUTCOME_SUCCESS, "partial": OUTCOME_MINOR, "stopped": OUTCOME_MINOR, "failed": OUTCOME_SERIOUS}


def outcome_of(entry: AuditEntry) -> str:
    """EventOutcomeIndicator: 0 success, 4 minor failure, 8 serious failure."""
    if isinstance(meaning := meaning_of(entry.action), Meaning) and meaning.refusal:
        return OUTCOME_SERIOUS
    return _BY_STATE.get(str(entry.fields.get("state", "")), OUTCOME_SUCCESS)
