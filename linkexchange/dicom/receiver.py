"""Our Storage SCP: the port at which the node's own PACS sends what a C-MOVE has asked for.

One thread listens, and each connection has one of its own; nothing is decoded and nothing is kept. Whoever has called
and has not said who he is yet must be quick, and gives way to newer callers when there are too many; so strangers who
hold sockets open cannot keep a PACS out. What nobody has asked for is refused and let pass, and the association lives,
unless it is sent to the title of the `outbox`, which keeps it.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

import structlog

from linkexchange.dicom import outbox
from linkexchange.dicom.accepting import CONGESTED, LIMIT, UNKNOWN_CALLED, UNKNOWN_CALLING, Choose, accept, plainest
from linkexchange.dicom.acse import Asked, Rejection
from linkexchange.dicom.bulk import Association
from linkexchange.dicom.command import Command, Field
from linkexchange.dicom.lease import NOT_ASKED_FOR, STORED, Arrival, Pool
from linkexchange.dicom.line import Context
from linkexchange.dicom.outbox import Outbox
from linkexchange.dicom.wire import Wire
from linkexchange.errors import MessageFault, PacsUnavailable, SettingRefused, StateUnavailable

_TURN_SECONDS = 0.25
_GOODBYE_SECONDS = 1.0
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """How many may call, how long they may be silent, and how much is read of what nobody wants.

    `first_seconds` is all the time that there is for TLS and the request; `idle_seconds` is about silence afterwards.
    """

    first_seconds: float = 5.0
    idle_seconds: float = 60.0
    waiting: int = 32
    of_peer: int = 8
    in_all: int = 64
    drained_bytes: int = 256 << 20


DEFAULT_LIMITS = Limits()


class Known(Protocol):
    """Who may call."""

    def know(self, calling: str, address: str, certificate: bytes | None) -> bool:
        """Whether it is a PACS of ours. Raises `StateUnavailable`."""
        ...


@dataclass(eq=False)
class _Connection:
    """A socket that somebody has opened. It may be ended from any thread."""

    socket: socket.socket
    address: str
    since: float = field(default_factory=time.monotonic)
    admitted: bool = False
    ended: bool = False

    def end(self) -> None:
        """Wake its thread, which then closes it."""
        self.ended = True
        with suppress(OSError):
            socket.socket.shutdown(self.socket, socket.SHUT_RDWR)

    @property
    def certificate(self) -> bytes | None:
        """What the caller has proven to own; None without TLS."""
        return self.socket.getpeercert(binary_form=True) if isinstance(self.socket, ssl.SSLSocket) else None


class Receiver:
    """Listens for as long as the block lasts. Raises `SettingRefused` where it cannot."""

    def __init__(
        self,
        place: tuple[str, int],
        *,
        pool: Pool,
        known: Known,
        tls: ssl.SSLContext | None = None,
        limits: Limits = DEFAULT_LIMITS,
        outbox: Outbox | None = None,
    ) -> None:
        self._place = place
        self._pool = pool
        self._known = known
        self._tls = tls
        self._limits = limits
        self._outbox = outbox
        self._lock = threading.Lock()
        self._connections: list[_Connection] = []
        self._over = threading.Event()

    def __enter__(self) -> Self:
        try:
            family = socket.AF_INET6 if ":" in self._place[0] else socket.AF_INET
            self._listener = socket.create_server(self._place, family=family, backlog=256)
        except OSError as wrong:
            raise SettingRefused("LINKEXCHANGE_DIMSE_PORT: cannot be listened on") from wrong
        self._listener.settimeout(_TURN_SECONDS)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._listener.close()
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            connection.end()

    def _listen(self) -> None:
        while not self._over.is_set():
            try:
                accepted, address = self._listener.accept()
                self._take(_Connection(accepted, str(address[0])))
            except TimeoutError:
                pass
            except (OSError, RuntimeError) as shortage:
                # No file descriptor or thread to be had: those who are late may give one back.
                _log.error("call not taken", why=type(shortage).__name__)
                self._over.wait(_TURN_SECONDS)
            self._hurry()

    def _take(self, connection: _Connection) -> None:
        thread = threading.Thread(target=self._attend, args=(connection,), daemon=True)
        with self._lock:
            waiting = [it for it in self._connections if not (it.admitted or it.ended)]
            self._connections.append(connection)
        if len(waiting) >= self._limits.waiting:
            waiting[0].end()
        try:
            thread.start()
        except RuntimeError:
            self._forget(connection)
            raise

    def _hurry(self) -> None:
        """End whoever has not said in time who he is, however slowly he is saying it."""
        now = time.monotonic()
        with self._lock:
            late = [it for it in self._connections if not it.admitted and now - it.since > self._limits.first_seconds]
        for connection in late:
            connection.end()

    def _forget(self, connection: _Connection) -> None:
        with self._lock:
            self._connections.remove(connection)
        connection.end()
        connection.socket.close()

    def _attend(self, connection: _Connection) -> None:
        try:
            self._converse(connection)
        except (PacsUnavailable, MessageFault, OSError) as fault:
            why = getattr(fault, "detail", "") or type(fault).__name__
            _log.info("call without a request", address=connection.address, why=why)
        finally:
            self._forget(connection)

    def _converse(self, connection: _Connection) -> None:
        wire = self._wire(connection)
        asked, answer = accept(wire, lambda asked: self._judge(asked, connection), self._chooser)
        if isinstance(answer, Rejection):
            _log.warning("call rejected", address=connection.address, why=str(answer))
            wire.hang_up(_GOODBYE_SECONDS)
            return
        wire.patience(self._limits.idle_seconds)
        with _aborted_on_fault(answer, connection.address):
            _Reception(answer, self._pool, asked, self._limits, self._outbox_of(asked)).serve()

    def _wire(self, connection: _Connection) -> Wire:
        connection.socket.settimeout(self._limits.first_seconds)
        if self._tls:
            secured = self._tls.wrap_socket(connection.socket, server_side=True, do_handshake_on_connect=False)
            connection.socket = secured
            secured.do_handshake()
        return Wire(connection.socket, silence_seconds=self._limits.first_seconds)

    def _chooser(self, asked: Asked) -> Choose:
        lease = self._pool.lessee(asked.called)
        return lease.choose if lease else plainest

    def _outbox_of(self, asked: Asked) -> Outbox | None:
        """The outbox, where it was called."""
        return self._outbox if self._outbox and asked.called == self._outbox.title.strip() else None

    def _judge(self, asked: Asked, connection: _Connection) -> Rejection | None:
        if asked.called not in self._pool.titles and not self._outbox_of(asked):
            return UNKNOWN_CALLED
        try:
            if not self._known.know(asked.calling, connection.address, connection.certificate):
                return UNKNOWN_CALLING
        except StateUnavailable:
            return CONGESTED
        with self._lock:
            taken = Counter(it.address for it in self._connections if it.admitted)
            full = taken[connection.address] >= self._limits.of_peer or taken.total() >= self._limits.in_all
            connection.admitted = not full
        return LIMIT if full else None


@dataclass
class _Reception:
    """One association, and what is answered on it."""

    association: Association
    pool: Pool
    asked: Asked
    limits: Limits
    outbox: Outbox | None = None
    unwanted_bytes: int = 0

    def serve(self) -> None:
        """Until the caller ends it, which raises `PacsUnavailable`, or it has to be aborted."""
        while True:
            context, command = self.association.receive()
            if command.field is Field.C_ECHO_RQ:
                self.association.send(_answer(command, Field.C_ECHO_RSP, STORED), context)
            elif command.field is Field.C_STORE_RQ and command.has_data_set and command.sop_class:
                if not self._store(context, command):
                    return
            elif command.field is not Field.C_CANCEL_RQ:
                raise MessageFault("a message that is not served here")

    def _store(self, context: Context, command: Command) -> bool:
        """Answer a C-STORE when its data set has gone where it was wanted; False where there must be an abort."""
        if self.outbox:
            taken = outbox.take(self.outbox, self.association, self.asked.calling, request=(context, command))
            self._pass_over(wanted=taken == STORED)
            self.association.send(_answer(command, Field.C_STORE_RSP, taken), context)
            return True
        lease = self.pool.lessee(self.asked.called)
        status = lease.offer(Arrival(self.association, context, command)) if lease else NOT_ASKED_FOR
        if status is None:
            return False
        if status == NOT_ASKED_FOR:
            _log.warning("C-STORE that nobody has asked for", calling=self.asked.calling, status=f"{status:04X}")
        self._pass_over(wanted=status != NOT_ASKED_FOR)
        self.association.send(_answer(command, Field.C_STORE_RSP, status), context)
        return True

    def _pass_over(self, *, wanted: bool) -> None:
        """Let the rest of a data set pass. There is a limit to what nobody wants, one instance after the other."""
        passed = 0 if wanted else self.unwanted_bytes
        for chunk in self.association.data():
            passed += len(chunk)
            if not wanted and passed > self.limits.drained_bytes:
                raise MessageFault("too much that nobody has asked for")
        self.unwanted_bytes = 0 if wanted else passed


@contextmanager
def _aborted_on_fault(association: Association, address: str) -> Iterator[None]:
    """Whatever ends it, the other side hears of it, unless it has ended it itself."""
    try:
        yield
    except (MessageFault, PacsUnavailable) as fault:
        if not association.over:
            _log.warning("association aborted", address=address, code=fault.code, why=fault.detail)
    finally:
        association.abort()


def _answer(request: Command, kind: Field, status: int) -> Command:
    return Command(
        kind,
        answers=request.number,
        sop_class=request.sop_class,
        sop_instance=request.sop_instance,
        status=status,
    )
