"""Which instances of a study a PACS lists: C-FIND at IMAGE level, UIDs only, over the bulk association.

A study of 5,000 instances has as many answers; pynetdicom needs a millisecond for each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from linkexchange.dicom import identifier
from linkexchange.dicom.bulk import Association, associate
from linkexchange.dicom.command import LOW, Command, Field
from linkexchange.dicom.dimse import ECHO, FIND, STUDY_ROOT_FIND, capped
from linkexchange.dicom.line import Line
from linkexchange.dicom.rows import Rows
from linkexchange.errors import MessageFault, PacsUnavailable
from linkexchange.model.identifiers import SopInstanceUid, StudyUid
from linkexchange.ports import Brake

_ANSWER_MAX_BYTES = 64 << 10
_PENDING = (0xFF00, 0xFF01)


def listed(line: Line, study: StudyUid, *, brake: Brake | None = None) -> frozenset[SopInstanceUid] | None:
    """The instances that it lists, none where it does not know the study; None where it answers no such question.

    Raises `PacsUnavailable` where it does not answer at all.
    """
    with associate(line, [ECHO, FIND], brake or Brake()) as association:
        if not any(context.abstract_syntax == STUDY_ROOT_FIND for context in association.contexts):
            return None
        above = {identifier.STUDY: str(study)}
        try:
            series = list(capped(_uids(association, "SERIES", above, identifier.SERIES)))
            found = (
                uid
                for one in series
                for uid in _uids(association, "IMAGE", {**above, identifier.SERIES: one}, identifier.SOP_INSTANCE)
            )
            return frozenset(map(SopInstanceUid, capped(found)))
        except (MessageFault, ValueError):
            return None


def _uids(association: Association, level: str, above: Mapping[int, str], wanted: int) -> Iterator[str]:
    """What it answers at a level; raises `MessageFault` where it does not answer well."""
    context = association.context(STUDY_ROOT_FIND)
    keys = {identifier.LEVEL: level, **above, wanted: ""}
    request = Command(
        Field.C_FIND_RQ, association.next_number(), sop_class=STUDY_ROOT_FIND, priority=LOW, has_data_set=True
    )
    rows = Rows(above, wanted, context.transfer_syntax)
    association.send(request, context, [identifier.encode(keys, context.transfer_syntax)])
    while (answer := _answer(association, request)).status in _PENDING:
        yield rows.read(_whole(association))
    if answer.status:
        raise MessageFault(f"C-FIND ended with status {answer.status:04X}")


def _answer(association: Association, request: Command) -> Command:
    _, answer = association.receive()
    if answer.field is not Field.C_FIND_RSP or answer.answers != request.number:
        raise PacsUnavailable("an unexpected message in a C-FIND")
    return answer


def _whole(association: Association) -> bytes:
    answer = b""
    for part in association.data():
        answer += part
        if len(answer) > _ANSWER_MAX_BYTES:
            raise PacsUnavailable("an answer to C-FIND that is too long")
    return answer
