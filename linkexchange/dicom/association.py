"""One association with a PACS, opened and used by one thread.

pynetdicom negotiates, and its upper layer moves the bytes in a thread of its own. Its other thread, which serves
requests that nobody waits for, is parked before it begins: it could otherwise take an answer away from the one who
waits for it. So this side reads every message itself, and time-outs are about silence, never about totals: an answer
may take as long as bytes keep coming.
"""

from __future__ import annotations

import itertools
import logging
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from pydicom.uid import UID
from pynetdicom import AE, _config, build_context, build_role, evt
from pynetdicom.pdu import A_ASSOCIATE_RJ
from pynetdicom.transport import AssociationSocket

from linkexchange.dataset import IMPLEMENTATION_CLASS_UID
from linkexchange.dicom.acse import Rejection, read_rejection
from linkexchange.dicom.line import Context, Line, Proposal
from linkexchange.dicom.pdu import HEAD_BYTES, PDU_CAP_BYTES
from linkexchange.errors import PacsRejectsNode, PacsUnavailable
from linkexchange.ports import Brake

PDU_MAX_BYTES = 128 << 10
ANSWERS_MAX_BYTES = 32 << 20
"""So much is read from one PACS over one association: some hundred thousand answers."""
_POLL_SECONDS = 0.5
_ABORT_SECONDS = 1.0

# pynetdicom logs identifiers of requests and answers, and with its errors whatever it could not read.
_config.LOG_HANDLER_LEVEL = "none"
_config.LOG_REQUEST_IDENTIFIERS = _config.LOG_RESPONSE_IDENTIFIERS = False
logging.getLogger("pynetdicom").setLevel(logging.CRITICAL + 1)


class _Socket(AssociationSocket):  # type: ignore[misc]
    """A socket that says no to what is too much, and stays at hand until the very end.

    pynetdicom reads what a PDU says that it holds, 4 GiB if need be, and keeps all answers until they are asked for.
    It waits for a thread that may be stuck in the socket, and where the other side was first to hang up it leaves the
    closing to the garbage collector.
    """

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._left = ANSWERS_MAX_BYTES
        self._last = self.socket

    def recv(self, nr_bytes: int) -> Any:
        """Read so many bytes. Raises OSError, which ends the association, where they are too many."""
        self._left -= nr_bytes
        if nr_bytes > PDU_CAP_BYTES or self._left < 0:
            raise OSError("too much")
        return super().recv(nr_bytes)

    def hang_up(self) -> None:
        """Wake whatever waits for the socket, from any thread."""
        # For TLS it is replaced by another one while connecting, and it is None when pynetdicom has done with it.
        self._last = self.socket or self._last
        with suppress(OSError):
            # An SSLSocket's own shutdown lets the thread that is sending go on without encryption first.
            socket.socket.shutdown(self._last, socket.SHUT_RDWR)

    def close_for_good(self) -> None:
        """Close it, whoever was first to hang up."""
        self._last.close()

    def _shutdown_socket(self) -> None:
        """What pynetdicom does at an end. It stays open until `close_for_good`."""
        self.hang_up()


class _CallingAe(AE):  # type: ignore[misc]
    """An AE that keeps hold of the socket of its one association."""

    wrapper: _Socket | None = None

    def hang_up(self) -> None:
        """Wake whatever waits for the socket."""
        if self.wrapper is not None:
            self.wrapper.hang_up()

    def close(self) -> None:
        """Close the socket, at the very end."""
        if self.wrapper is not None:
            self.wrapper.close_for_good()

    def _create_socket(self, assoc: Any, address: Any, tls_args: Any) -> _Socket:
        self.wrapper = _Socket(assoc, address=address)
        self.wrapper.tls_args = tls_args
        assoc.dul.run = _quiet(assoc.dul.run, self.wrapper)
        return self.wrapper


class Association:
    """Opens in the constructor, which raises `PacsUnavailable` or `PacsRejectsNode` with the reason.

    A PACS that takes the call but none of the proposals makes an association without `contexts`, which is over.
    """

    def __init__(self, line: Line, proposals: Sequence[Proposal], brake: Brake | None = None) -> None:
        self._line = line
        self._connected = self._over = False
        self._active = time.monotonic()
        self._rejection: Rejection | None = None
        self._numbers = itertools.cycle(range(1, 1 << 16))
        self._ae = self._calling_ae()
        with (brake or Brake()).stops(self.stop):
            self._assoc = self._open(proposals)
        self.contexts = [
            Context(cx.context_id, str(cx.abstract_syntax), str(cx.transfer_syntax[0]))
            for cx in self._assoc.accepted_contexts
            if _is_proposed(cx, proposals)
        ]
        if not self._assoc.is_established:
            self._finish()
            if not self._nothing_accepted:
                raise self._why_not()

    @property
    def lost(self) -> bool:
        """The PACS has ended it, or the connection is gone, or it never was."""
        self._over = self._over or self._has_ended()
        return self._over

    def context(self, abstract_syntax: str) -> Context:
        """The first accepted context of a service; raises `PacsUnavailable` when the PACS does not offer it."""
        found = next((cx for cx in self.contexts if cx.abstract_syntax == abstract_syntax), None)
        if found is None:
            raise PacsUnavailable(f"the PACS does not accept {UID(abstract_syntax).name}")
        return found

    def next_number(self) -> int:
        """A message id that is not in use."""
        return next(self._numbers)

    def send(self, message: Any, context: Context) -> None:
        """Send one DIMSE message. Raises `PacsUnavailable`."""
        if self.lost:
            raise PacsUnavailable("the association broke off")
        self._assoc.dimse.send_msg(message, context.number)

    def receive(self) -> tuple[Context, Any]:
        """Wait for the next DIMSE message. Raises `PacsUnavailable` when it does not come."""
        self._active = time.monotonic()
        while True:
            number, message = self._assoc.dimse.get_msg(block=True)
            if message is not None:
                return self._context_of(number), message
            if self.lost:
                raise PacsUnavailable("the association broke off")
            if time.monotonic() - self._active > self._line.timeouts.idle_seconds:
                raise PacsUnavailable(f"no answer within {self._line.timeouts.idle_seconds:g} s")

    def release(self) -> None:
        """End it in good order, as far as it is not over."""
        if self.lost:
            self.abort()
        else:
            self._assoc.release()
            self._finish()

    def abort(self) -> None:
        """End it at once, whatever the other side does."""
        self._over = True
        self._assoc.abort(block=False)
        deadline = time.monotonic() + _ABORT_SECONDS
        while not self._is_idle() and time.monotonic() < deadline:
            time.sleep(0.005)
        self._finish()

    def stop(self) -> None:
        """Wake the thread that waits for the other side, from any thread: it then raises `PacsUnavailable`."""
        self._ae.hang_up()

    def _finish(self) -> None:
        self._ae.hang_up()
        self._assoc.kill()
        self._assoc.dul.join()
        self._ae.close()

    def _is_idle(self) -> bool:
        return not self._assoc.dul.is_alive() or self._assoc.dul.state_machine.current_state == "Sta1"

    def _open(self, proposals: Sequence[Proposal]) -> Any:
        passport = self._line.passport
        try:
            return self._ae.associate(
                passport.host,
                passport.port,
                contexts=[build_context(one.abstract_syntax, list(one.transfer_syntaxes)) for one in proposals],
                ae_title=str(passport.ae_title),
                max_pdu=PDU_MAX_BYTES,
                tls_args=(self._line.tls, passport.host) if passport.tls and self._line.tls else None,
                ext_neg=[build_role(uid, scp_role=True) for uid in sorted(_as_scp(proposals))],
                evt_handlers=[
                    (evt.EVT_CONN_OPEN, self._on_connected),
                    (evt.EVT_ESTABLISHED, self._on_established),
                    (evt.EVT_PDU_RECV, self._on_bytes),
                    (evt.EVT_PDU_SENT, self._on_bytes),
                ],
            )
        except (OSError, UnicodeError) as wrong:
            raise PacsUnavailable("its host name is not known") from wrong

    def _calling_ae(self) -> _CallingAe:
        ae = _CallingAe(str(self._line.calling_ae))
        ae.implementation_class_uid = IMPLEMENTATION_CLASS_UID
        ae.implementation_version_name = "LINKEXCHANGE"
        ae.connection_timeout = self._line.timeouts.connect_seconds
        ae.acse_timeout = self._line.timeouts.negotiate_seconds
        ae.dimse_timeout = _POLL_SECONDS
        ae.network_timeout = None
        return ae

    def _on_connected(self, event: Any) -> None:
        """Without a time-out of its own a socket whose peer stops in the middle of a PDU would block for ever."""
        self._connected = True
        connection = event.assoc.dul.socket.socket
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(self._line.timeouts.negotiate_seconds)

    def _on_established(self, event: Any) -> None:
        """Park the thread that serves requests before it starts."""
        event.assoc.dul.socket.socket.settimeout(self._line.timeouts.idle_seconds)
        event.assoc._reactor_checkpoint.clear()  # noqa: SLF001 - there is no other way to keep it from the queue

    def _on_bytes(self, event: Any) -> None:
        """Note the sign of life, which a fragment without content is not, and acknowledge at once what comes next.

        A peer with Nagle's algorithm on holds the end of every answer back until its beginning is acknowledged; that
        alone would limit C-STORE to some 20 instances a second. Linux forgets the option with every segment.
        """
        if _has_content(event.pdu):
            self._active = time.monotonic()
        if isinstance(event.pdu, A_ASSOCIATE_RJ):
            self._rejection = read_rejection(event.pdu.encode()[HEAD_BYTES:])
        with suppress(OSError, AttributeError):
            event.assoc.dul.socket.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

    def _has_ended(self) -> bool:
        acse = self._assoc.acse
        over = not self._assoc.is_established or not self._assoc.dul.is_alive()
        # A request to release is taken from its queue by the question, which is why the answer is remembered.
        return over or acse.is_aborted() or acse.is_release_requested()

    def _context_of(self, number: int) -> Context:
        found = next((cx for cx in self.contexts if cx.number == number), None)
        if found is None:
            raise PacsUnavailable("a message came under a presentation context that was not accepted")
        return found

    @property
    def _nothing_accepted(self) -> bool:
        answer = self._assoc.acceptor.primitive
        return answer is not None and answer.result == 0 and not self.contexts

    def _why_not(self) -> PacsUnavailable | PacsRejectsNode:
        if not self._connected:
            return PacsUnavailable("no connection")
        # pynetdicom takes one that has come quickly for a connection that was never there.
        if rejection := self._rejection:
            return (PacsRejectsNode if rejection.is_final else PacsUnavailable)(f"association rejected: {rejection}")
        return PacsUnavailable("no answer to the association request, or it was aborted")


@contextmanager
def associate(line: Line, proposals: Sequence[Proposal], brake: Brake | None = None) -> Iterator[Association]:
    """An association that is released at the end, and aborted when the end is an exception or comes early."""
    brake = brake or Brake()
    association = Association(line, proposals, brake)
    try:
        with brake.stops(association.stop):
            yield association
    except BaseException:
        association.abort()
        raise
    association.release()


def _quiet(run: Callable[[], None], wrapper: _Socket) -> Callable[[], None]:
    """Let pynetdicom's thread end where it cannot read something, without a word: it would quote what it has read."""

    def guarded() -> None:
        try:
            run()
        except Exception:
            wrapper.hang_up()

    return guarded


def _is_proposed(accepted: Any, proposals: Sequence[Proposal]) -> bool:
    """A context may be accepted under what was never proposed, or under nothing at all: it is of no use then."""
    proposed = proposals[accepted.context_id // 2].transfer_syntaxes
    return bool(accepted.transfer_syntax) and str(accepted.transfer_syntax[0]) in proposed


def _has_content(unit: Any) -> bool:
    """Of each fragment the first byte is its control header."""
    fragments = getattr(unit, "presentation_data_value_items", None)
    return fragments is None or any(len(it.presentation_data_value) > 1 for it in fragments)


def _as_scp(proposals: Sequence[Proposal]) -> set[str]:
    return {proposal.abstract_syntax for proposal in proposals if proposal.as_scp}
