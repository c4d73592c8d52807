"""A Storage SCP for tests that is scripted at the level of messages: it may answer wrongly, late, or not at all.

def once(association): ...

with scp.serving(once) as passport:
    ...

Each connection has a thread of its own, and is closed when the script has come to its end. Whatever is stored is
accepted, and C-ECHO.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import peers

from linkexchange.dicom.accepting import accept
from linkexchange.dicom.acse import Asked, Rejection
from linkexchange.dicom.bulk import Association
from linkexchange.dicom.command import Command, Field
from linkexchange.dicom.wire import Wire
from linkexchange.errors import Fault
from linkexchange.model.identifiers import AeTitle
from linkexchange.model.passport import Passport

AE_TITLE = AeTitle("SCP")
Talk = Callable[[Association], None]


@contextmanager
def serving(
    talk: Talk, *, judge: Callable[[Asked], Rejection | None] = lambda _: None, tls: ssl.SSLContext | None = None
) -> Iterator[Passport]:
    """Yield where it is; at the end all its connections are closed and its threads are over."""
    threads: list[threading.Thread] = []
    connections: list[socket.socket] = []

    def attend(connection: socket.socket) -> None:
        with suppress(Fault, OSError):
            secured = tls.wrap_socket(connection, server_side=True) if tls else connection
            connections.append(secured)
            _, association = accept(Wire(secured, silence_seconds=10), judge)
            if isinstance(association, Association):
                try:
                    talk(association)
                finally:
                    association.stop()

    def listen() -> None:
        with suppress(OSError):
            while True:
                connections.append(listener.accept()[0])
                threads.append(threading.Thread(target=attend, args=(connections[-1],)))
                threads[-1].start()

    with socket.create_server((peers.HOST, peers.free_port())) as listener:
        threads.append(threading.Thread(target=listen))
        threads[0].start()
        try:
            yield Passport("scp", AE_TITLE, peers.HOST, listener.getsockname()[1], tls=tls is not None)
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            for connection in connections:
                with suppress(OSError):
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)
            for thread in threads:
                thread.join()
            for connection in connections:
                connection.close()


def answer(association: Association, request: Command, *, status: int = 0, **other: object) -> None:
    """Read the data set to its end, and answer; `other` are fields of the answer that shall be different."""
    for _ in association.data():
        pass
    right = {"answers": request.number, "sop_class": request.sop_class, "sop_instance": request.sop_instance}
    context = next(it for it in association.contexts if it.abstract_syntax == request.sop_class)
    association.send(Command(Field.C_STORE_RSP, status=status, **(right | other)), context)  # type: ignore[arg-type]


def well(association: Association) -> None:
    """Answer everything with success, for as long as the other side goes on."""
    while True:
        answer(association, association.receive()[1])
