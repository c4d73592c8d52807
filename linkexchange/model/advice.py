"""What findings mean, and what somebody has to do about them: rules without input or output.

A PACS need not be able to do everything. What it cannot do is only a concern where nothing else does the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from linkexchange.errors import Owner
from linkexchange.model.findings import Answer, Check, Finding, Findings
from linkexchange.model.passport import Retrieve


class Concern(StrEnum):
    """What an administrator has to see to."""

    UNREACHABLE = "unreachable"
    NO_SERVICE = "no-service"
    MOVE_DESTINATION = "move-destination"
    NO_RETRIEVAL = "no-retrieval"
    NO_LISTING = "no-listing"
    SILENCE = "silence"
    DICOMWEB = "dicomweb"
    TEST_OBJECT = "test-object"


@dataclass(frozen=True, slots=True)
class Advice:
    """A concern in words. `{ae}` stands for our AE title, `{check}` for what was asked, `{evidence}` for the answer."""

    cause: str
    owner: Owner
    next_step: str


@dataclass(frozen=True, slots=True)
class Need:
    """One thing to do about a PACS."""

    concern: Concern
    cause: str
    owner: Owner
    next_step: str


ADVICE: dict[Concern, Advice] = {
    Concern.UNREACHABLE: Advice(
        "The PACS answers nothing ({evidence}).",
        Owner.OWN_PACS,
        "Check that it runs, that it knows the AE title {ae}, and that host, port and AE title are right "
        "(`linkexchange pacs list`).",
    ),
    Concern.NO_SERVICE: Advice(
        "The PACS lets {ae} neither search nor store.",
        Owner.OWN_PACS,
        "Allow the AE title {ae} to find and get (an origin), or to store (a destination).",
    ),
    Concern.MOVE_DESTINATION: Advice(
        "C-MOVE: the PACS does not know our AE title {ae}, or cannot reach it, and no other way to retrieve works "
        "({evidence}).",
        Owner.OWN_PACS,
        "Register {ae} at the PACS as a move destination, with the address and the DICOM port of this node; or allow "
        "it C-GET.",
    ),
    Concern.NO_RETRIEVAL: Advice(
        "The PACS can be searched, but lets {ae} retrieve nothing.",
        Owner.OWN_PACS,
        "Allow the AE title {ae} C-GET, or C-MOVE to itself, or register the address of its DICOMweb service.",
    ),
    Concern.NO_LISTING: Advice(
        "The PACS does not list the instances of a study ({evidence}).",
        Owner.OWN_PACS,
        "Allow C-FIND at IMAGE level; without it no list of a study can be made, and nothing be proven.",
    ),
    Concern.SILENCE: Advice(
        "{check}: no answer ({evidence}).",
        Owner.OWN_PACS,
        "Look into the log of the PACS at the time of the probe; then probe again.",
    ),
    Concern.DICOMWEB: Advice(
        "{check}: the registered DICOMweb service does not work ({evidence}).",
        Owner.OWN_NODE,
        "Check `--dicomweb-url` and the credentials of the service; register the PACS without it where it has none.",
    ),
    Concern.TEST_OBJECT: Advice(
        "The PACS did not store the test object ({evidence}).",
        Owner.OWN_PACS,
        "Allow the AE title {ae} to store, and look into the log of the PACS for the reason.",
    ),
}

MEANINGS: dict[Check, tuple[str, str]] = {
    Check.ECHO: ("It is there and knows us.", "It is there, but does not answer C-ECHO."),
    Check.PDU: ("So much goes into one PDU.", ""),
    Check.STUDY_FIND: ("Studies can be searched.", "Studies cannot be searched: it can be a destination only."),
    Check.PATIENT_FIND: ("Patients can be searched.", "Patients are searched by their studies instead."),
    Check.CANCEL: ("A search ends when it is cancelled.", "A search is ended by an abort."),
    Check.IMAGE_FIND: ("The instances of a study are listed.", "The instances of a study are not listed."),
    Check.SOP_CLASSES: (
        "The list of a study can be made without retrieving it.",
        "SOP classes are learnt by retrieving, which makes publishing slow.",
    ),
    Check.COUNTS: ("Its counts are true.", "Its counts are wrong; they are never relied on."),
    Check.CHARSET: (
        "It answers in the character set it is asked in.",
        "It answers in a character set of its own; umlauts in searches need care.",
    ),
    Check.GET: ("Instances come on the association that asks.", "It needs C-MOVE or DICOMweb."),
    Check.MOVE: ("Instances can be sent to an AE title.", "It needs C-GET or DICOMweb."),
    Check.MOVE_DESTINATION: (
        "Our AE title is known to it as a move destination.",
        "Our AE title is not registered as a move destination, or cannot be reached.",
    ),
    Check.STORE: ("It takes instances.", "It takes no instances: it can be an origin only."),
    Check.COMMITMENT: ("It may vouch for what it has stored.", "What it has stored is asked by C-FIND instead."),
    Check.ASSOCIATIONS: ("So many may be open at once.", ""),
    Check.TEST_OBJECT: ("The test object is stored, and stays there.", "The test object was not stored."),
    Check.QIDO: ("Studies can be searched over HTTP.", "Its DICOMweb service cannot be searched."),
    Check.WADO: ("Instances come over HTTP.", "Instances do not come over HTTP."),
}
"""What yes and no mean."""

_OTHERS = {Answer.OPEN: "It could not be found out.", Answer.UNANSWERED: "It gave no answer that can be relied on."}

WAYS = ((Check.WADO, Retrieve.DICOMWEB), (Check.GET, Retrieve.C_GET), (Check.MOVE, Retrieve.C_MOVE))
"""The ways to retrieve, best first."""


def meaning(finding: Finding) -> str:
    """One plain sentence."""
    yes, no = MEANINGS[finding.check]
    return _OTHERS.get(finding.answer, yes if finding.answer is Answer.YES else no)


def ways(found: Findings) -> list[Retrieve]:
    """How studies can be retrieved from it, best first. A C-MOVE to us needs a PACS that knows us."""
    unknown = found.says(Check.MOVE_DESTINATION, Answer.NO, Answer.UNANSWERED)
    return [way for check, way in WAYS if found.says(check) and not (check is Check.MOVE and unknown)]


def needs(found: Findings) -> list[Need]:
    """What somebody has to do; nothing where all is fine."""
    if not any(it.answer is Answer.YES for it in found.checks):
        return [_need(found, Concern.UNREACHABLE, Check.ECHO)]
    return [_need(found, concern, check) for concern, check in _concerns(found)]


def _concerns(found: Findings) -> Iterator[tuple[Concern, Check]]:
    if found.says(Check.STUDY_FIND):
        yield from _of_an_origin(found)
    elif not found.says(Check.STORE) and not found.says(Check.QIDO):
        yield Concern.NO_SERVICE, Check.STUDY_FIND
    for check in (Check.STUDY_FIND, Check.GET, Check.MOVE, Check.STORE):
        if found.says(check, Answer.UNANSWERED):
            yield Concern.SILENCE, check
    for check in (Check.QIDO, Check.WADO):
        if found.says(check, Answer.NO, Answer.UNANSWERED):
            yield Concern.DICOMWEB, check
    if found.says(Check.TEST_OBJECT, Answer.NO, Answer.UNANSWERED):
        yield Concern.TEST_OBJECT, Check.TEST_OBJECT


def _of_an_origin(found: Findings) -> Iterator[tuple[Concern, Check]]:
    if not found.says(Check.QIDO) and found.says(Check.IMAGE_FIND, Answer.NO, Answer.UNANSWERED):
        yield Concern.NO_LISTING, Check.IMAGE_FIND
    if not ways(found):
        asked = found.says(Check.MOVE) and found.says(Check.MOVE_DESTINATION, Answer.NO)
        concern = Concern.MOVE_DESTINATION if asked else Concern.NO_RETRIEVAL
        yield concern, Check.MOVE_DESTINATION


def _need(found: Findings, concern: Concern, check: Check) -> Need:
    advice, finding = ADVICE[concern], found.finding(check)
    words = {"ae": found.calling_ae, "check": check.value, "evidence": finding.evidence if finding else "not asked"}
    return Need(concern, advice.cause.format(**words), advice.owner, advice.next_step.format(**words))
