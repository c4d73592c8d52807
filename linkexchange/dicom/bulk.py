"""One association for bulk data: our own upper layer, in the thread that uses it.

    association = call(line, [GET, *contexts])
    association.send(command, context)
    context, command = association.receive()
    for chunk in association.data(): ...

A data set is never whole in memory, neither coming nor going: `data` reads it from the socket as it is asked for, and
`send` writes its chunks as they come, so that back-pressure is that of the two sockets. pynetdicom stays for C-ECHO,
everything rare, and all C-FIND but that of `holdings` (`association`).
"""

from __future__ import annotations

import itertools
import select
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress

from pydicom.uid import UID

from linkexchange.dicom import acse, pdu
from linkexchange.dicom.command import COMMAND_MAX_BYTES, Command, Field
from linkexchange.dicom.line import Context, Line, Proposal
from linkexchange.dicom.wire import Wire, connect
from linkexchange.errors import MessageFault, PacsRejectsNode, PacsUnavailable
from linkexchange.ports import Brake

INSTANCE_MAX_BYTES = 16 << 30
"""Four times the longest value that can say its length: a data set beyond it has no end."""
ANSWER_MAX_BYTES = 8 << 20
"""What comes with an answer is a list of UIDs, of 65,535 at most."""

_ABORT_SECONDS = 0.4
_RELEASE_SECONDS = 5.0
_RELEASE_BODY = bytes(4)
_ABORT_BY_USER = bytes(4)
_ABORT_BY_PROVIDER = bytes((0, 0, 2, 0))


class Association:
    """An established association. Whatever raises ends it; only `abort` and `stop` may then follow."""

    def __init__(self, wire: Wire, answered: acse.Answered) -> None:
        self._wire = wire
        self._contexts = {context.number: context for context in answered.contexts}
        self._max_bytes = answered.max_bytes
        self._numbers = itertools.cycle(range(1, 1 << 16))
        self._pdvs: Iterator[pdu.Pdv] = iter(())
        self._unread: Context | None = None
        self._heard = self._passed = self._most = 0
        self._stalled: float | None = None
        self._poll: select.poll | None = None
        self.over = False

    @property
    def contexts(self) -> Sequence[Context]:
        """What was accepted."""
        return tuple(self._contexts.values())

    @property
    def idle_seconds(self) -> float:
        """How long the other side may be silent."""
        return self._wire.seconds

    def context(self, abstract_syntax: str) -> Context:
        """The first accepted context of a service; raises `PacsUnavailable` when the PACS does not offer it."""
        found = next((it for it in self._contexts.values() if it.abstract_syntax == abstract_syntax), None)
        if found is None:
            raise PacsUnavailable(f"the PACS does not accept {UID(abstract_syntax).name}")
        return found

    def next_number(self) -> int:
        """A message id that is not in use."""
        return next(self._numbers)

    def send(self, command: Command, context: Context, data_set: Iterable[bytes] | None = None) -> None:
        """Send one message, its data set as it comes. Raises `PacsUnavailable`, and whatever the data set raises.

        Then the message is not whole, and the association must be aborted.
        """
        before = pdu.write_command(command.encode(), context.number, self._max_bytes)
        if data_set is None:
            self._wire.write(before)
            return
        for block in pdu.write_data(data_set, context.number, self._max_bytes, before=before):
            self._wire.write_pieces(block)

    def receive(self) -> tuple[Context, Command]:
        """Wait for the next command; what was left of the data set before it is passed over.

        Raises `PacsUnavailable` when it does not come, or is not one.
        """
        for _ in self.data():
            pass
        try:
            number, content = self._command()
            command, context = Command.decode(content), self._context_of(number)
            command.check()
        except MessageFault as fault:
            raise _breach(fault) from fault
        self._unread = context if command.has_data_set else None
        self._heard, self._passed = self._heard + 1, 0
        self._most = INSTANCE_MAX_BYTES if command.field is Field.C_STORE_RQ else ANSWER_MAX_BYTES
        return context, command

    def data(self) -> Iterator[bytes]:
        """What is left of the data set that follows the command last received, as it comes.

        Raises `PacsUnavailable` when it does not come to its end, and when somebody else has read on or ended the
        association meanwhile: a part is never taken for the whole.
        """
        return self._data(self._heard) if self._unread else iter(())

    @property
    def has_read_all(self) -> bool:
        """Whether nothing is left of the message last received."""
        return self._unread is None

    def has_input(self) -> bool:
        """Whether something has arrived: an answer, or the end. Does not wait."""
        if self.over or self._wire.has_input():
            return True
        if self._poll is None:
            self._poll = select.poll()
            self._poll.register(self._wire, select.POLLIN)
        return bool(self._poll.poll(0))

    def fileno(self) -> int:
        """For `select`."""
        return self._wire.fileno()

    def release(self) -> None:
        """End it in good order, as far as it is not over. Raises nothing: who waits for an answer has had his."""
        try:
            if not self.over:
                self._wire.patience(_RELEASE_SECONDS, in_all=True)
                self._wire.write(pdu.write(pdu.Type.RELEASE_RQ, _RELEASE_BODY))
                while (kind := self._wire.read()[0]) not in (pdu.Type.RELEASE_RP, pdu.Type.ABORT):
                    if kind is pdu.Type.RELEASE_RQ:
                        self._wire.write(pdu.write(pdu.Type.RELEASE_RP, _RELEASE_BODY))
        except (PacsUnavailable, MessageFault):
            pass
        finally:
            self._end()

    def abort(self) -> None:
        """End it at once, whatever the other side does."""
        if not self.over:
            # Somebody who has stopped reading does not get to know; neither are we kept waiting for him.
            self._wire.patience(_ABORT_SECONDS)
            with suppress(PacsUnavailable):
                self._wire.write(pdu.write(pdu.Type.ABORT, _ABORT_BY_USER))
            self._wire.hang_up(_ABORT_SECONDS)
        self._end()

    def stop(self) -> None:
        """Wake the thread that waits for the other side, from any thread: it then raises `PacsUnavailable`."""
        self._wire.stop()

    def _end(self) -> None:
        self.over = True
        self._unread = None
        self._wire.close()

    def _data(self, message: int) -> Iterator[bytes]:
        is_last = False
        while not is_last:
            if self._unread is None or message != self._heard:
                raise PacsUnavailable("a data set that has been passed over")
            try:
                pdv = self._next_of(self._unread)
            except MessageFault as fault:
                raise _breach(fault) from fault
            is_last = pdv.is_last
            self._unread = None if is_last else self._unread
            if pdv.content:
                yield bytes(pdv.content)

    def _next_of(self, context: Context) -> pdu.Pdv:
        """The next fragment of a data set under this context."""
        pdv = self._next_pdv()
        if pdv.is_command or pdv.context != context.number:
            raise MessageFault("a fragment of something else within a data set")
        self._passed += len(pdv.content)
        if self._passed > self._most:
            raise MessageFault("a data set without end")
        return pdv

    def _command(self) -> tuple[int, bytes]:
        """The fragments of one command, and the context that all of them are under."""
        parts = bytearray()
        context = None
        while True:
            pdv = self._next_pdv()
            if not pdv.is_command or context not in (None, pdv.context):
                raise MessageFault("a fragment of something else within a command")
            context = pdv.context
            parts += pdv.content
            if len(parts) > COMMAND_MAX_BYTES:
                raise MessageFault("a command that is too long")
            if pdv.is_last:
                return context, bytes(parts)

    def _next_pdv(self) -> pdu.Pdv:
        while (pdv := next(self._pdvs, None)) is None:
            kind, body = self._wire.read()
            if kind is not pdu.Type.P_DATA:
                self._ended(kind)
            self._pdvs = pdu.read_pdvs(body)
        self._note(pdv)
        return pdv

    def _note(self, pdv: pdu.Pdv) -> None:
        """Fragments without content are as good as silence. Raises `PacsUnavailable` where there is too much of it."""
        if pdv.content or pdv.is_last:
            self._stalled = None
        elif self._stalled is None:
            self._stalled = time.monotonic()
        elif time.monotonic() - self._stalled > self.idle_seconds:
            raise PacsUnavailable(f"nothing but empty fragments within {self.idle_seconds:g} s")

    def _ended(self, kind: pdu.Type) -> None:
        self.over = kind in (pdu.Type.RELEASE_RQ, pdu.Type.ABORT)
        if kind is pdu.Type.RELEASE_RQ:
            self._wire.write(pdu.write(pdu.Type.RELEASE_RP, _RELEASE_BODY))
            raise PacsUnavailable("the PACS has released the association")
        if kind is pdu.Type.ABORT:
            raise PacsUnavailable("the PACS has aborted the association")
        with suppress(PacsUnavailable):
            self._wire.write(pdu.write(pdu.Type.ABORT, _ABORT_BY_PROVIDER))
        raise MessageFault("a PDU that has no place here")

    def _context_of(self, number: int) -> Context:
        found = self._contexts.get(number)
        if found is None:
            raise MessageFault("a message under a presentation context that was not accepted")
        return found


def call(line: Line, proposals: Sequence[Proposal], brake: Brake | None = None) -> Association:
    """Open an association; raises `PacsUnavailable` with the reason where there is none, or `PacsRejectsNode`."""
    wire = connect(line)
    try:
        with (brake or Brake()).stops(wire.stop):
            answered = _negotiate(wire, line, proposals)
        wire.patience(line.timeouts.idle_seconds)
        return Association(wire, answered)
    except MessageFault as fault:
        wire.close()
        raise _breach(fault) from fault
    except BaseException:
        wire.close()
        raise


@contextmanager
def associate(line: Line, proposals: Sequence[Proposal], brake: Brake) -> Iterator[Association]:
    """An association that is released at the end, and aborted when the end is an exception or comes early."""
    association = call(line, proposals, brake)
    try:
        with brake.stops(association.stop):
            yield association
            association.release()
    except BaseException:
        association.abort()
        raise


def _breach(fault: MessageFault) -> PacsUnavailable:
    """A PACS that does not keep to the protocol is as good as one that is down: later, or after an update, it may."""
    return PacsUnavailable(f"it does not keep to the protocol: {fault.detail}")


def _negotiate(wire: Wire, line: Line, proposals: Sequence[Proposal]) -> acse.Answered:
    request = acse.write_request(str(line.passport.ae_title), str(line.calling_ae), proposals)
    wire.patience(line.timeouts.negotiate_seconds, in_all=True)
    wire.write(pdu.write(pdu.Type.ASSOCIATE_RQ, request))
    try:
        kind, body = wire.read()
    except PacsUnavailable as unavailable:
        raise PacsUnavailable("no answer to the association request, or it was aborted") from unavailable
    if kind is pdu.Type.ASSOCIATE_AC:
        answered = acse.read_answer(bytes(body), proposals)
        pdu.fragment_bytes(answered.max_bytes)
        return answered
    if kind is pdu.Type.ASSOCIATE_RJ:
        rejection = acse.read_rejection(bytes(body))
        fault = PacsRejectsNode if rejection.is_final else PacsUnavailable
        raise fault(f"association rejected: {rejection}")
    raise PacsUnavailable("no answer to the association request, or it was aborted")
