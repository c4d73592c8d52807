"""Which services a PACS has for us.

Each is asked for something that does not exist, or is a test; storage commitment is negotiated and not asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

from pynetdicom.dimse_primitives import C_ECHO, C_FIND, C_GET, C_MOVE

from linkexchange.dicom import identifier
from linkexchange.dicom.dimse import ECHO, FIND, GET, MOVE, PATIENT_FIND, PLAIN
from linkexchange.dicom.line import Proposal
from linkexchange.dicom.probe.asking import SUCCESS, UNKNOWN_DESTINATION, Ending, ask, not_offered
from linkexchange.dicom.probe.storing import TEST_STUDY
from linkexchange.dicom.probe.visit import ProbingAssociation, Visit
from linkexchange.model.findings import Answer, Check, Finding

_COMMITMENT = Proposal("1.2.840.10008.1.20.1", PLAIN)
# Some archives take C-GET only beside a class to send.
_CT_TO_US = Proposal("1.2.840.10008.5.1.4.1.1.2", PLAIN, as_scp=True)
_NOBODY = "LINKEXCHANGE-PROBE"


def echo(visit: Visit) -> Iterator[Finding]:
    """C-ECHO, and how long a PDU may be."""
    with visit.call(ECHO) as association:
        if not association.contexts:
            yield Finding(Check.PDU, Answer.OPEN, "no association")
            yield not_offered(Check.ECHO)
            return
        visit.max_pdu_bytes = association.max_pdu_bytes
        words = f"{visit.max_pdu_bytes} bytes" if visit.max_pdu_bytes else "no limit"
        yield Finding(Check.PDU, Answer.YES, words)
        yield _verdict(Check.ECHO, ask(association, C_ECHO(), ECHO.abstract_syntax))


def study_find(visit: Visit) -> Iterator[Finding]:
    """C-FIND in the study root model."""
    yield _find(visit, FIND, _nowhere(), Check.STUDY_FIND)


def patient_find(visit: Visit) -> Iterator[Finding]:
    """C-FIND in the patient root model."""
    keys = {identifier.LEVEL: "PATIENT", identifier.PATIENT_ID: _NOBODY}
    yield _find(visit, PATIENT_FIND, keys, Check.PATIENT_FIND)


def get(visit: Visit) -> Iterator[Finding]:
    """C-GET."""
    with visit.call(GET, _CT_TO_US) as association:
        if not association.offers(GET.abstract_syntax):
            yield not_offered(Check.GET)
            return
        yield _served(Check.GET, ask(association, C_GET(), GET.abstract_syntax, _nowhere()))


def move(visit: Visit) -> Iterator[Finding]:
    """C-MOVE, and whether our AE title is known as a destination.

    What is asked for is the study of the test object, so that no patient's images are ever moved. Where it is not
    there many a PACS has no objection to any destination; so the same is asked for an AE title that nobody has.
    """
    with visit.call(MOVE) as association:
        if not association.contexts:
            yield not_offered(Check.MOVE)
            yield not_offered(Check.MOVE_DESTINATION, Answer.OPEN)
            return
        ours = _move(association, str(visit.line.calling_ae))
        yield _served(Check.MOVE, ours)
        nobodys = _move(association, f"NOBODY{uuid4().hex[:6].upper()}")
        words = f"{ours.words}; for an AE title that nobody has: {nobodys.words}"
        yield Finding(Check.MOVE_DESTINATION, _known(ours, nobodys, visit.stored), words)


def _move(association: ProbingAssociation, destination: str) -> Ending:
    request = C_MOVE()
    request.MoveDestination = destination
    return ask(association, request, MOVE.abstract_syntax, {identifier.LEVEL: "STUDY", identifier.STUDY: TEST_STUDY})


def _known(ours: Ending, nobodys: Ending, stored: bool) -> Answer:
    """Whether our AE title is told from one that nobody has; a PACS that has the study must tell them apart."""
    if ours.status == UNKNOWN_DESTINATION:
        return Answer.NO
    if ours.status != nobodys.status:
        return Answer.YES
    return Answer.NO if stored and ours.status != SUCCESS else Answer.OPEN


def commitment(visit: Visit) -> Iterator[Finding]:
    """Storage commitment, as far as it is negotiated: a request would be about instances that are there."""
    with visit.call(_COMMITMENT) as association:
        offered = bool(association.contexts)
    yield Finding(Check.COMMITMENT, Answer.YES, "negotiated") if offered else not_offered(Check.COMMITMENT)


def _find(visit: Visit, model: Proposal, keys: dict[int, str], check: Check) -> Finding:
    with visit.call(model) as association:
        if not association.contexts:
            return not_offered(check)
        return _verdict(check, ask(association, C_FIND(), model.abstract_syntax, keys))


def _nowhere() -> dict[int, str]:
    return {identifier.LEVEL: "STUDY", identifier.STUDY: f"2.25.{uuid4().int}"}


def _verdict(check: Check, ended: Ending) -> Finding:
    """For what must succeed, and about nothing that was not asked for."""
    if ended.pending:
        return Finding(check, Answer.NO, f"{ended.words}, about what does not exist")
    return Finding(check, Answer.YES if ended.status == SUCCESS else Answer.NO, ended.words)


def _served(check: Check, ended: Ending) -> Finding:
    """For what may end in many ways, since what was asked for does not exist."""
    return Finding(check, Answer.YES if ended.served else Answer.NO, ended.words)
