"""One request and all its answers, whatever they are: a probe wants to know the status, not to be told of a failure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from linkexchange.dicom import identifier
from linkexchange.dicom.line import Context
from linkexchange.dicom.probe.visit import ProbingAssociation
from linkexchange.errors import MessageFault
from linkexchange.model.findings import Answer, Check, Finding

SUCCESS, CANCELLED, UNKNOWN_DESTINATION = 0x0000, 0xFE00, 0xA801
PENDING = (0xFF00, 0xFF01)
_NOT_FOR_US = (0x0122, 0x0124, 0x0211)
"""SOP class not supported, not authorised, unrecognised operation (PS3.7 annex C)."""
_LOW = 2


@dataclass(frozen=True, slots=True)
class Ending:
    """How an operation ended, after so many pending answers."""

    status: int
    pending: int

    @property
    def served(self) -> bool:
        """Whether the service is one that the PACS carries out for us, well or badly."""
        return self.status not in _NOT_FOR_US

    @property
    def words(self) -> str:
        """As evidence."""
        after = f" after {self.pending} answers" if self.pending else ""
        return f"status {self.status:04X}{after}"


def not_offered(check: Check, answer: Answer = Answer.NO) -> Finding:
    """What is said where a PACS does not take the presentation context."""
    return Finding(check, answer, "the service is not offered to us")


def send(association: ProbingAssociation, message: Any, service: str, keys: Mapping[int, str] | None = None) -> Context:
    """Fill in what all requests have, and send one. Raises `PacsUnavailable`."""
    context = association.context(service)
    message.MessageID = association.next_number()
    message.AffectedSOPClassUID = context.abstract_syntax
    if keys is not None:
        message.Priority = _LOW
        message.Identifier = BytesIO(identifier.encode(keys, context.transfer_syntax))
    association.send(message, context)
    return context


def answer(association: ProbingAssociation, request: Any) -> Any:
    """The next answer. Raises `PacsUnavailable` when none comes, `MessageFault` when it is another one."""
    _, message = association.receive()
    if not isinstance(message, type(request)) or message.MessageIDBeingRespondedTo != request.MessageID:
        raise MessageFault("an answer to something else came")
    if message.Status is None:
        raise MessageFault("an answer without a status came")
    return message


def ending(association: ProbingAssociation, request: Any) -> Ending:
    """Let all answers pass, and tell how it ended. Raises what `answer` raises."""
    pending = 0
    while (status := int(answer(association, request).Status)) in PENDING:
        pending += 1
    return Ending(status, pending)


def ask(association: ProbingAssociation, message: Any, service: str, keys: Mapping[int, str] | None = None) -> Ending:
    """One request to its end."""
    send(association, message, service, keys)
    return ending(association, message)
