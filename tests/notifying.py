"""Instance Availability Notifications, sent by pynetdicom as a PACS sends them; and HL7 messages over MLLP."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from pydicom.dataset import Dataset
from pynetdicom import AE
from pynetdicom.association import Association
from pynetdicom.sop_class import InstanceAvailabilityNotification

HOST = "127.0.0.1"


@contextmanager
def associated(
    port: int, *, called: str, calling: str = "PACS", context: ssl.SSLContext | None = None
) -> Iterator[Association]:
    """An association, which may have been refused."""
    ae = AE(ae_title=calling)
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 20
    ae.add_requested_context(InstanceAvailabilityNotification)
    association = ae.associate(HOST, port, ae_title=called, tls_args=(context, HOST) if context else None)
    try:
        yield association
    finally:
        if association.is_established:
            association.release()
        elif association.dul.socket and (left := association.dul.socket.socket):
            left.close()


def notified(
    port: int, study: str, *, called: str, calling: str = "PACS", context: ssl.SSLContext | None = None
) -> int | None:
    """Say that a study is there; the status that comes back, None where there was no association."""
    with associated(port, called=called, calling=calling, context=context) as association:
        if not association.is_established:
            return None
        told = Dataset()
        told.StudyInstanceUID, told.ReferencedPerformedProcedureStepSequence = study, []
        told.ReferencedSeriesSequence = []
        status, _ = association.send_n_create(told, InstanceAvailabilityNotification, "1.2.9")
        return int(status.Status)


class Sender:
    """A system that sends HL7 messages; it may be ended by `close`."""

    def __init__(self, port: int, context: ssl.SSLContext | None = None) -> None:
        connection = socket.create_connection((HOST, port), timeout=20)
        self.socket = context.wrap_socket(connection, server_hostname=HOST) if context else connection

    def close(self) -> None:
        self.socket.close()

    def ask(self, message: bytes) -> list[list[str]]:
        """Send a message, and wait for its answer: fields of each segment."""
        self.socket.sendall(b"\x0b" + message + b"\x1c\r")
        return self.answer()

    def answer(self) -> list[list[str]]:
        """Raises EOFError where the other side has hung up."""
        got = b""
        while not got.endswith(b"\x1c\r"):
            if not (more := self.socket.recv(4096)):
                raise EOFError
            got += more
        assert got.startswith(b"\x0b")
        return [line.split("|") for line in got[1:-2].decode("latin-1").split("\r") if line]

    def rest(self) -> bytes:
        """All that the other side says until it hangs up."""
        got = b""
        try:
            while more := self.socket.recv(4096):
                got += more
        except (ConnectionResetError, ssl.SSLError):
            pass
        return got

    def is_ended(self) -> bool:
        """Whether the other side has hung up, or will do so before it says anything."""
        try:
            return self.socket.recv(1) == b""
        except (ConnectionResetError, BrokenPipeError, ssl.SSLError):
            return True


@contextmanager
def sender(port: int, context: ssl.SSLContext | None = None) -> Iterator[Sender]:
    """Connected until the block ends."""
    one = Sender(port, context)
    try:
        yield one
    finally:
        one.close()
