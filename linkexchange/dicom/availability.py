"""The port at which a PACS says that a study is there: Instance Availability Notification (PS3.4 annex R), as SCP.

Only registered PACS are heard, known by AE title, address, and certificate where there is TLS. What they say is a
reason to look, and is never believed: whatever availability they name, the PACS itself is asked.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from socketserver import BaseServer
from threading import Thread
from types import TracebackType
from typing import Any, Self

import structlog
from pynetdicom import AE, evt
from pynetdicom.sop_class import InstanceAvailabilityNotification, Verification
from pynetdicom.transport import ThreadedAssociationServer

from linkexchange.bugs import described
from linkexchange.dicom.callers import Callers
from linkexchange.dicom.dimse import PLAIN
from linkexchange.errors import Fault, SettingRefused
from linkexchange.model.identifiers import AeTitle, StudyUid

_SUCCESS, _PROCESSING_FAILURE, _MISSING_ATTRIBUTE, _NOT_AUTHORIZED = 0x0000, 0x0110, 0x0120, 0x0124
_ASSOCIATIONS_MAX = 8
_IDLE_SECONDS = 60
_FIRST_SECONDS = 5.0
"""All the time that there is for TLS, and all that there is for the request."""
_TURN_SECONDS = 0.1
_log = structlog.get_logger(__name__)

Hear = Callable[[str, StudyUid], object]
"""What is done with a notification, given the name of the PACS and the study; kept for good when it comes back."""


class AvailabilityListener:
    """Listens from the moment it is entered until the block ends; whoever is connected then is cut off."""

    def __init__(
        self,
        place: tuple[str, int],
        hear: Hear,
        *,
        title: AeTitle,
        known: Callers,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._place, self._hear, self._known, self._tls = place, hear, known, tls
        self._ae = AE(ae_title=title)
        self._ae.require_called_aet = True
        self._ae.maximum_associations = _ASSOCIATIONS_MAX
        self._ae.network_timeout = self._ae.dimse_timeout = _IDLE_SECONDS
        self._ae.acse_timeout = _FIRST_SECONDS
        for service in (InstanceAvailabilityNotification, Verification):
            self._ae.add_supported_context(service, list(PLAIN))
        self._server: Any = None

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def __enter__(self) -> Self:
        """Raises `SettingRefused` where the port cannot be had."""
        handlers: list[Any] = [(evt.EVT_N_CREATE, self._told)]
        try:
            self._server = self._ae.make_server(
                self._place, ssl_context=self._tls, evt_handlers=handlers, server_class=_Server
            )
        except OSError as taken:
            raise SettingRefused("LINKEXCHANGE_IAN_PORT: cannot listen there") from taken
        self._thread = Thread(target=self._server.serve_forever, args=(_TURN_SECONDS,), name="ian", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()
        for association in self._server.active_associations:
            if not association.is_established:
                # Nobody would tell this thread to end before its time is up, and it is no daemon.
                association.dul.kill_dul()
            association.dul.socket.close()

    def _told(self, event: Any) -> tuple[int, None]:
        """One notification; its status says whether it is kept."""
        try:
            return self._status(event), None
        except Fault as fault:
            _log.warning("notification not taken", code=fault.code)
        except Exception as bug:
            _log.error("unexpected error", **described(bug))
        return _PROCESSING_FAILURE, None

    def _status(self, event: Any) -> int:
        caller, address = str(event.assoc.requestor.ae_title).strip(), str(event.assoc.requestor.address)
        pacs = self._known.find(caller, address, _certificate(event.assoc.dul.socket.socket))
        if pacs is None:
            _log.warning("a notification from nobody who is registered", calling=caller, address=address)
            return _NOT_AUTHORIZED
        try:
            study = StudyUid(str(event.attribute_list.StudyInstanceUID))
        except (AttributeError, ValueError):
            return _MISSING_ATTRIBUTE
        self._hear(pacs.name, study)
        return _SUCCESS


def _certificate(connection: socket.socket) -> bytes | None:
    """What the caller has proven to own (DER); None without TLS."""
    return connection.getpeercert(binary_form=True) if isinstance(connection, ssl.SSLSocket) else None


class _Server(ThreadedAssociationServer):  # type: ignore[misc]
    """Sets up TLS in the thread of each caller, and within its time: who is slow keeps nobody else waiting."""

    daemon_threads = True

    def get_request(self) -> tuple[socket.socket, Any]:
        """A call, as it comes; pynetdicom would wait here until TLS is set up, for as long as a stranger likes."""
        connection, address = self.socket.accept()
        return connection, address

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """One caller."""
        try:
            connection = self._secured(request)
        except OSError as wrong:
            _log.info("call without a request", address=client_address[0], why=type(wrong).__name__)
            self.shutdown_request(request)
        else:
            super().process_request_thread(connection, client_address)

    def _secured(self, connection: socket.socket) -> socket.socket:
        if self.ssl_context is None:
            return connection
        connection.settimeout(_FIRST_SECONDS)
        secured: ssl.SSLSocket = self.ssl_context.wrap_socket(
            connection, server_side=True, do_handshake_on_connect=False
        )
        try:
            secured.do_handshake()
        except OSError:
            secured.close()
            raise
        secured.settimeout(_IDLE_SECONDS)
        return secured

    def shutdown(self) -> None:
        """Take no more calls. pynetdicom's own also forgets the server, of which it has not been told."""
        BaseServer.shutdown(self)
        self.server_close()
