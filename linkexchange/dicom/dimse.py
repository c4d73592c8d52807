"""The DIMSE services that are used (PS3.7 section 9.1), each as a function over an open association."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from pynetdicom.dimse_primitives import C_ECHO, C_FIND, C_GET, C_STORE

from linkexchange.dataset.elements import Content, Wanted
from linkexchange.dicom import identifier
from linkexchange.dicom.association import Association
from linkexchange.dicom.line import Context, Proposal
from linkexchange.errors import MessageFault, PacsUnavailable
from linkexchange.model.identifiers import SopClassUid, SopInstanceUid, TransferSyntaxUid
from linkexchange.ports import CHUNK_MAX_BYTES, IncomingInstance

VERIFICATION = "1.2.840.10008.1.1"
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.3"
PATIENT_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.1.1"

_PLAIN = ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2")
ECHO, FIND, GET, PATIENT_FIND = (
    Proposal(service, _PLAIN) for service in (VERIFICATION, STUDY_ROOT_FIND, STUDY_ROOT_GET, PATIENT_ROOT_FIND)
)

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
    found: list[Content] = []
    while (answer := _answer(association, C_FIND, request)).Status in _PENDING:
        if answer.Identifier is None:
            raise MessageFault("C-FIND: an answer without identifier")
        found.append(identifier.decode(answer.Identifier.getvalue(), context.transfer_syntax, query.wanted))
    _expect(answer.Status, "C-FIND")
    return found


def get(
    association: Association, keys: Mapping[int, str], outstanding: set[SopInstanceUid]
) -> Generator[IncomingInstance, None, int]:
    """C-GET: yield the instances that are `outstanding`, which is kept up, and let all others pass.

    Returns the status, which says little: archives differ in what they call success. The PACS is answered for an
    instance when the next one is asked for, so one at a time is in memory.
    """
    context = association.context(STUDY_ROOT_GET)
    request = _request(C_GET(), association, context)
    request.Priority = _LOW
    request.Identifier = BytesIO(identifier.encode(keys, context.transfer_syntax))
    association.send(request, context)
    while True:
        under, message = association.receive()
        if isinstance(message, C_STORE) and message.is_valid_request:
            yield from _incoming(message, under, outstanding)
            association.send(_stored(message), under)
        elif not isinstance(message, C_GET):
            raise PacsUnavailable("an unexpected message in a C-GET")
        elif message.Status not in _PENDING:
            return int(message.Status)


def store(association: Association, context: Context, instance: IncomingInstance, data_set: bytes) -> int:
    """C-STORE of an encoded data set as it is; the status. Raises `PacsUnavailable`."""
    request = _request(C_STORE(), association, context)
    request.AffectedSOPInstanceUID = str(instance.sop_instance)
    request.Priority = _LOW
    request.DataSet = BytesIO(data_set)
    association.send(request, context)
    return int(_answer(association, C_STORE, request).Status)


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


def _incoming(message: Any, under: Context, outstanding: set[SopInstanceUid]) -> Iterator[IncomingInstance]:
    uid = str(message.AffectedSOPInstanceUID)
    if uid not in outstanding:
        return
    outstanding.discard(SopInstanceUid(uid))
    try:
        sop_class = SopClassUid(str(message.AffectedSOPClassUID))
    except ValueError as wrong:
        raise MessageFault("C-STORE without a SOP Class UID") from wrong
    yield IncomingInstance(
        sop_class, SopInstanceUid(uid), TransferSyntaxUid(under.transfer_syntax), _chunks(message.DataSet)
    )


def _chunks(data_set: BytesIO) -> Iterator[bytes]:
    data_set.seek(0)
    while chunk := data_set.read(CHUNK_MAX_BYTES):
        yield chunk


def _stored(request: Any) -> Any:
    answer = C_STORE()
    answer.MessageIDBeingRespondedTo = request.MessageID
    answer.AffectedSOPClassUID = request.AffectedSOPClassUID
    answer.AffectedSOPInstanceUID = request.AffectedSOPInstanceUID
    answer.Status = _SUCCESS
    return answer
