"""C-ECHO and C-FIND (PS3.7 section 9.1), each as a function over an open association of pynetdicom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any, TypeVar

from pynetdicom.dimse_primitives import C_ECHO, C_FIND

from linkexchange.dataset.elements import Content, Wanted
from linkexchange.dicom import identifier
from linkexchange.dicom.association import Association
from linkexchange.dicom.line import Context, Proposal
from linkexchange.errors import MessageFault, PacsUnavailable

VERIFICATION = "1.2.840.10008.1.1"
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.3"
STUDY_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
PATIENT_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.1.1"

PLAIN = ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2")
ECHO, FIND, GET, MOVE, PATIENT_FIND = (
    Proposal(service, PLAIN)
    for service in (VERIFICATION, STUDY_ROOT_FIND, STUDY_ROOT_GET, STUDY_ROOT_MOVE, PATIENT_ROOT_FIND)
)

ANSWERS_MAX = 100_000
"""No study has as many instances: a list beyond it has no end."""

_Answer = TypeVar("_Answer")
_LOW = 2
_SUCCESS = 0x0000
_PENDING = (0xFF00, 0xFF01)


@dataclass(frozen=True, slots=True)
class Query:
    """One C-FIND: the model, the keys with their values (empty to have them told), and what is kept of each answer."""

    model: str
    keys: Mapping[int, str]
    wanted: Wanted


def echo(association: Association) -> None:
    """C-ECHO. Raises `PacsUnavailable` for anything but success."""
    context = association.context(VERIFICATION)
    request = _request(C_ECHO(), association, context)
    association.send(request, context)
    _expect(_answer(association, C_ECHO, request).Status, "C-ECHO")


def find(association: Association, query: Query) -> list[Content]:
    """C-FIND: all answers. Raises `PacsUnavailable` for any end but success, `MessageFault` for what is unreadable."""
    context = association.context(query.model)
    request = _request(C_FIND(), association, context)
    request.Priority = _LOW
    request.Identifier = BytesIO(identifier.encode(query.keys, context.transfer_syntax))
    association.send(request, context)
    return [
        identifier.decode(answer, context.transfer_syntax, query.wanted)
        for answer in capped(_answers(association, request))
    ]


def capped(answers: Iterable[_Answer]) -> Iterator[_Answer]:
    """The answers to a C-FIND. Raises `PacsUnavailable` where they do not end."""
    for count, answer in enumerate(answers):
        if count >= ANSWERS_MAX:
            raise PacsUnavailable("answers to a C-FIND that do not end")
        yield answer


def _answers(association: Association, request: C_FIND) -> Iterator[bytes]:
    while (answer := _answer(association, C_FIND, request)).Status in _PENDING:
        if answer.Identifier is None:
            raise MessageFault("C-FIND: an answer without identifier")
        yield answer.Identifier.getvalue()
    _expect(answer.Status, "C-FIND")


def _request(message: Any, association: Association, context: Context) -> Any:
    message.MessageID = association.next_number()
    message.AffectedSOPClassUID = context.abstract_syntax
    return message


def _answer(association: Association, kind: Any, request: Any) -> Any:
    _, message = association.receive()
    if not isinstance(message, kind) or message.MessageIDBeingRespondedTo != request.MessageID:
        raise PacsUnavailable("an answer to something else came")
    return message


def _expect(status: int | None, operation: str) -> None:
    if status != _SUCCESS:
        raise PacsUnavailable(f"{operation} ended with status {status or 0:04X}")
