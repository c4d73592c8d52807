"""C-GET (PS3.7 section 9.1.3): the PACS sends over the association that it was asked on."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from linkexchange.dicom import identifier
from linkexchange.dicom.bulk import Association
from linkexchange.dicom.command import LOW, Command, Field
from linkexchange.dicom.dimse import STUDY_ROOT_GET
from linkexchange.dicom.headway import Headway
from linkexchange.dicom.line import Context
from linkexchange.errors import PacsUnavailable
from linkexchange.model.identifiers import SopClassUid, SopInstanceUid, TransferSyntaxUid
from linkexchange.ports import IncomingInstance

SURPLUS_MAX = 10_000
SURPLUS_MAX_BYTES = 64 << 30
"""So much may come in one C-GET that was not asked for, or has come before: a study may have grown meanwhile."""

_SUCCESS = 0x0000
_PENDING = (0xFF00, 0xFF01)


def get(
    association: Association, keys: Mapping[int, str], outstanding: set[SopInstanceUid]
) -> Generator[IncomingInstance, None, int]:
    """Yield the instances that are `outstanding`, which is kept up, and let all others pass.

    Returns the status, which says little: archives differ in what they call success. The PACS is answered for an
    instance as soon as all of it is here, and at the latest when the next one is asked for.
    """
    number = _ask(association, keys)
    headway, surplus = Headway(association.idle_seconds), _Surplus()
    while True:
        context, command = association.receive()
        if command.field is Field.C_STORE_RQ and command.has_data_set:
            coming = _Coming(association, context, command)
            if command.sop_instance in outstanding:
                yield coming.instance(outstanding)
            else:
                surplus.pass_over(association)
            headway.made()
            coming.answer()
        elif command.field is not Field.C_GET_RSP or command.answers != number:
            raise PacsUnavailable("an unexpected message in a C-GET")
        elif command.status not in _PENDING:
            return command.status or _SUCCESS
        else:
            headway.note(command)


@dataclass
class _Coming:
    """One C-STORE within a C-GET."""

    association: Association
    context: Context
    command: Command
    answered: bool = False

    def instance(self, outstanding: set[SopInstanceUid]) -> IncomingInstance:
        """One that is outstanding; whatever is not read of it is passed over with the next command."""
        uid = SopInstanceUid(self.command.sop_instance)
        outstanding.discard(uid)
        return IncomingInstance(
            sop_class(self.command), uid, TransferSyntaxUid(self.context.transfer_syntax), self._chunks()
        )

    def answer(self) -> None:
        """Say that it has been received, once."""
        if not self.answered:
            self.answered = True
            self.association.send(stored(self.command), self.context)

    def _chunks(self) -> Iterator[bytes]:
        """Before the last one goes on the PACS is answered, so that it reads the next instance meanwhile.

        One that has hung up by then has given the whole of this one: it shows when the next one is asked for.
        """
        for chunk in self.association.data():
            if self.association.has_read_all:
                with suppress(PacsUnavailable):
                    self.answer()
            yield chunk


@dataclass
class _Surplus:
    """What has come that nobody waits for."""

    count: int = 0
    size: int = 0

    def pass_over(self, association: Association) -> None:
        """Let one more instance pass. Raises `PacsUnavailable` where it does not end."""
        self.count += 1
        for chunk in association.data():
            self.size += len(chunk)
            if self.size > SURPLUS_MAX_BYTES:
                break
        if self.count > SURPLUS_MAX or self.size > SURPLUS_MAX_BYTES:
            raise PacsUnavailable("it does not end to send what was not asked for")


def sop_class(request: Command) -> SopClassUid:
    """The class of a C-STORE. Raises `PacsUnavailable` where it names none."""
    try:
        return SopClassUid(request.sop_class)
    except ValueError as wrong:
        raise PacsUnavailable("a C-STORE without a proper SOP Class UID") from wrong


def stored(request: Command) -> Command:
    """The answer to a C-STORE that has been read to its end."""
    return Command(
        Field.C_STORE_RSP,
        answers=request.number,
        sop_class=request.sop_class,
        sop_instance=request.sop_instance,
        status=_SUCCESS,
    )


def _ask(association: Association, keys: Mapping[int, str]) -> int:
    context = association.context(STUDY_ROOT_GET)
    number = association.next_number()
    request = Command(Field.C_GET_RQ, number, sop_class=STUDY_ROOT_GET, priority=LOW, has_data_set=True)
    association.send(request, context, [identifier.encode(keys, context.transfer_syntax)])
    return number
