"""One connection to a STOW-RS service (PS3.18 section 10.5): one instance a request, its answer read later.

One instance a request is what archives do among themselves: each has its own answer, and a failure takes no other
along. The body goes out as it comes in, in HTTP chunks, since nobody knows its length beforehand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from http.client import HTTPException
from itertools import chain

from linkexchange.dataset import part10_head
from linkexchange.dicomweb.multipart import content_type, gathered, new_boundary, write_parts
from linkexchange.dicomweb.stow import PROCESSING_FAILURE, status_of
from linkexchange.dicomweb.wire import Wire, reason, whole
from linkexchange.errors import PacsUnavailable
from linkexchange.model.identifiers import SopInstanceUid
from linkexchange.ports import IncomingInstance, Reply

SLOWEST_BYTES_A_SECOND = 8 << 20
"""A service that needs longer to store what it has got, beyond the usual limit on silence, counts as silent."""

_ANSWER_MAX_BYTES = 1 << 20


class Upload:
    """Sends one instance after another, and opens the connection anew where the service has closed it meanwhile.

    Raises `PacsUnavailable` where the connection breaks or the service does not let us in.
    """

    def __init__(self, wire: Wire, *, idle_seconds: float) -> None:
        self._wire = wire
        self._idle_seconds = idle_seconds
        self._sent_bytes = 0

    def open(self) -> None:
        """Connect, so that it is known before the first instance whether anybody is there."""
        try:
            self._wire.connect()
        except OSError as wrong:
            raise self._broken(wrong) from wrong

    def send(self, instance: IncomingInstance) -> Reply | None:
        """Send one instance whole; its answer is there early where the service refuses it before it has got all of it.

        Whatever reading the instance raises closes the connection in the middle of the body, and is raised.
        """
        if not self._wire.is_open():
            self._wire.close()
        try:
            self._post(instance)
        except TimeoutError as wrong:
            raise self._broken(wrong) from wrong
        except (OSError, HTTPException) as wrong:
            return self._early(instance.sop_instance, wrong)
        except BaseException:
            self.close()
            raise
        return None

    def has_answer(self) -> bool:
        """Whether the answer to the last request, or the end of the connection, is there. Does not wait."""
        return self._wire.has_input()

    def reply(self, uid: SopInstanceUid) -> Reply:
        """Wait for the answer to the last request, which had this instance."""
        try:
            self._wire.patience(self._idle_seconds + self._sent_bytes / SLOWEST_BYTES_A_SECOND)
            response = self._wire.getresponse()
            body = whole(response, _ANSWER_MAX_BYTES)
        except (OSError, HTTPException) as wrong:
            raise self._broken(wrong) from wrong
        if not response.isclosed():
            self.close()
        return Reply(uid, status_of(response.status, body, uid))

    def stop(self) -> None:
        """Free whoever waits for this connection, from any thread."""
        self._wire.stop()

    def close(self) -> None:
        """End it, whatever it is in the middle of."""
        self._wire.close()

    def _post(self, instance: IncomingInstance) -> None:
        boundary = new_boundary()
        head = part10_head(instance.sop_class, instance.sop_instance, instance.transfer_syntax)
        body = gathered(write_parts([chain([head], instance.chunks)], boundary))
        headers = {"Content-Type": content_type(boundary), "Accept": "application/dicom+json"}
        self._wire.patience(self._idle_seconds)
        self._sent_bytes = 0
        self._wire.request("POST", f"{self._wire.base}studies", body=self._counted(body), headers=headers)

    def _counted(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        for block in blocks:
            self._sent_bytes += len(block)
            yield block

    def _early(self, uid: SopInstanceUid, wrong: OSError | HTTPException) -> Reply:
        """The answer of a service that has stopped reading, if there is one."""
        if self._sent_bytes == 0:
            raise self._broken(wrong) from wrong
        try:
            return Reply(uid, self.reply(uid).status or PROCESSING_FAILURE)
        finally:
            self.close()

    def _broken(self, wrong: OSError | HTTPException) -> PacsUnavailable:
        self.close()
        return PacsUnavailable(f"STOW-RS: {reason(wrong)}")
