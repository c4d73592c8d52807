"""What searching a PACS is like, seen on one study: the one that was named, or the first that it tells of."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pynetdicom.dimse_primitives import C_CANCEL, C_FIND

from linkexchange.dataset.elements import Content
from linkexchange.dicom import identifier
from linkexchange.dicom.dimse import FIND, STUDY_ROOT_FIND, Query, find
from linkexchange.dicom.identifier import CHARSET, INSTANCE_COUNT, SERIES_COUNT, STUDY, text
from linkexchange.dicom.line import Context
from linkexchange.dicom.probe.asking import CANCELLED, PENDING, answer, not_offered, send
from linkexchange.dicom.probe.visit import ProbingAssociation, Visit
from linkexchange.dicom.summary import Listing, listing
from linkexchange.errors import MessageFault, UnknownStudy
from linkexchange.model.findings import Answer, Check, Finding
from linkexchange.model.identifiers import StudyUid

_TEXTS = (identifier.PATIENT_NAME, identifier.PATIENT_ID, identifier.STUDY_DESCRIPTION)
_ASKED_IN = "ISO_IR 192"


def cancel(visit: Visit) -> Iterator[Finding]:
    """Search for all studies and cancel after the first answer, which is also the study to look at from now on."""
    with visit.call(FIND) as association:
        if not association.contexts:
            yield not_offered(Check.CANCEL, Answer.OPEN)
            return
        request = C_FIND()
        context = send(association, request, STUDY_ROOT_FIND, {identifier.LEVEL: "STUDY", STUDY: ""})
        first = answer(association, request)
        if first.Status not in PENDING:
            yield Finding(Check.CANCEL, Answer.OPEN, f"no study to be found, status {first.Status:04X}")
            return
        visit.study = visit.study or _study_of(first, context)
        yield _cancelled(association, request, context, most=visit.limits.answers)


def instances(visit: Visit) -> Iterator[Finding]:
    """List the study at IMAGE level."""
    if (study := visit.study) is None:
        yield from _no_study(Check.IMAGE_FIND, Check.SOP_CLASSES)
        return
    try:
        with visit.call(FIND) as association:
            found = visit.listed = listing(association, study)
    except (UnknownStudy, MessageFault) as wrong:
        yield Finding(Check.IMAGE_FIND, Answer.NO, wrong.detail or "the study is not there")
        yield Finding(Check.SOP_CLASSES, Answer.OPEN, "no list of instances")
        return
    yield Finding(Check.IMAGE_FIND, Answer.YES, f"{_count(found)} instances listed")
    yield _classes(found)


def description(visit: Visit) -> Iterator[Finding]:
    """In which character set the study is described, and whether its counts are those of the list."""
    if (study := visit.study) is None:
        yield from _no_study(Check.CHARSET, Check.COUNTS)
        return
    keys = {identifier.LEVEL: "STUDY", STUDY: str(study), **dict.fromkeys((*_TEXTS, SERIES_COUNT, INSTANCE_COUNT), "")}
    with visit.call(FIND) as association:
        rows = find(association, Query(STUDY_ROOT_FIND, keys, dict.fromkeys(keys)))
    row = next((row for row in rows if text(row, STUDY) == study), None)
    if row is None:
        raise MessageFault("no answer about the study")
    yield _charset(visit, row)
    yield _counts(row, visit.listed)


def _cancelled(association: ProbingAssociation, request: C_FIND, context: Context, *, most: int) -> Finding:
    message = C_CANCEL()
    message.MessageIDBeingRespondedTo = request.MessageID
    association.send(message, context)
    for later in range(most):
        status = int(answer(association, request).Status)
        if status == CANCELLED:
            return Finding(Check.CANCEL, Answer.YES, f"status {status:04X}, {later} answers after it")
        if status not in PENDING:
            words = f"ended with status {status:04X}, {later} answers after it: too soon to tell"
            return Finding(Check.CANCEL, Answer.OPEN, words)
    association.abort()
    return Finding(Check.CANCEL, Answer.NO, f"{most} answers after it, then cut off")


def _study_of(first: C_FIND, context: Context) -> StudyUid:
    row = identifier.decode(
        first.Identifier.getvalue() if first.Identifier else b"", context.transfer_syntax, {STUDY: None}
    )
    try:
        return StudyUid(text(row, STUDY))
    except ValueError as wrong:
        raise MessageFault("C-FIND: an answer without a Study Instance UID") from wrong


def _no_study(*checks: Check) -> Iterator[Finding]:
    return (Finding(check, Answer.OPEN, "no study to look at") for check in checks)


def _count(found: Listing) -> int:
    return sum(len(uids) for uids in found.members.values())


def _classes(found: Listing) -> Finding:
    told, all_of_them = len(found.classes), _count(found)
    good = Answer.YES if told == all_of_them else Answer.NO
    return Finding(Check.SOP_CLASSES, good, f"told for {told} of {all_of_them} instances")


def _charset(visit: Visit, row: Content) -> Finding:
    told = visit.character_set = _name(row)
    if _ASKED_IN in told:
        return Finding(Check.CHARSET, Answer.YES, f"answered in {told}")
    if told:
        return Finding(Check.CHARSET, Answer.NO, f"asked in {_ASKED_IN}, answered in {told}")
    values = [value for tag in _TEXTS if isinstance(value := row.get(tag), bytes)]
    if all(value.isascii() for value in values):
        return Finding(Check.CHARSET, Answer.OPEN, "answered in ASCII, without naming a character set")
    return Finding(Check.CHARSET, Answer.NO, "answered beyond ASCII, without naming a character set")


def _name(row: Content) -> str:
    """The name of the character set; whatever is no name of one is left out."""
    value = row.get(CHARSET, b"")
    told = value.decode("ascii", "replace") if isinstance(value, bytes) else ""
    return re.sub(r"[^A-Z0-9_ \\-]", "", told.upper())[:64].strip()


def _counts(row: Content, found: Listing | None) -> Finding:
    told = text(row, SERIES_COUNT), text(row, INSTANCE_COUNT)
    if not any(told):
        return Finding(Check.COUNTS, Answer.OPEN, "it tells no counts")
    if found is None:
        return Finding(Check.COUNTS, Answer.OPEN, "no list of instances to compare with")
    listed = len(found.members), _count(found)
    wrong = [
        name for name, count, there in zip(("series", "instances"), told, listed, strict=True) if _differ(count, there)
    ]
    words = f"{listed[0]} series and {listed[1]} instances listed"
    if wrong:
        return Finding(Check.COUNTS, Answer.NO, f"{words}, another number of {' and '.join(wrong)} told")
    return Finding(Check.COUNTS, Answer.YES, f"{words}, as told")


def _differ(told: str, listed: int) -> bool:
    return bool(told) and told.strip() != str(listed)
