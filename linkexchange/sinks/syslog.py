"""Syslog over TLS (RFC 5425), each entry a message of RFC 5424 with a DICOM audit message in it, as IHE ATNA has it.

Syslog answers nothing. So a batch is one connection, and what is believed is its end: the receiver has read all that
came before our `close_notify`, or it could not have closed its own side in order.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from linkexchange.errors import AuditSinkUnavailable
from linkexchange.model.audit import AuditEntry
from linkexchange.model.identifiers import TelematikId
from linkexchange.trail.dicom import audit_message
from linkexchange.trail.event import Observer, event_of

PRIORITY = 10 * 8 + 5
"""Facility 10 (security and authorization), severity 5 (notice): PS3.15 A.6, ITI-20."""
MESSAGE_ID = "DICOM+RFC3881"
HEAD_ID = "linkexchange-head"
IDLE_SECONDS = 15.0


class SyslogSink:
    """One receiver. `place` is host and port; its certificate is checked and ours is shown."""

    name = "syslog"

    def __init__(self, place: tuple[str, int], context: ssl.SSLContext, observer: Observer) -> None:
        self._place = place
        self._context = context
        self._observer = observer

    def deliver(self, participant: TelematikId, entries: Sequence[AuditEntry], head: str) -> None:
        """Send them, end the connection, and wait until the receiver has ended it as well."""
        frames = b"".join(self._frames(entries, head))
        try:
            with socket.create_connection(self._place, IDLE_SECONDS) as plain:
                self._send(plain, frames)
        except OSError as silent:
            raise AuditSinkUnavailable(f"{self.name}: {type(silent).__name__}") from silent

    def _send(self, plain: socket.socket, frames: bytes) -> None:
        with self._context.wrap_socket(plain, server_hostname=self._place[0]) as secured:
            secured.sendall(frames)
            # A receiver that closes without a word of TLS has read all the same: otherwise it would be a reset.
            with suppress(ssl.SSLEOFError):
                secured.unwrap()

    def _frames(self, entries: Sequence[AuditEntry], head: str) -> Iterator[bytes]:
        for entry in entries:
            if event := event_of(entry, self._observer):
                yield frame(entry.at, self._observer, MESSAGE_ID, b"\xef\xbb\xbf" + audit_message(event))
        if head:
            yield frame(entries[-1].at, self._observer, HEAD_ID, head.encode())


def frame(at: datetime, observer: Observer, message_id: str, content: bytes) -> bytes:
    """One message with its length before it (RFC 5425 section 4.3)."""
    moment = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    host = observer.address.partition("://")[2].partition(":")[0].partition("/")[0] or "-"
    header = f"<{PRIORITY}>1 {moment} {host} linkexchange - {message_id} - ".encode()
    return f"{len(header) + len(content)} ".encode() + header + content
