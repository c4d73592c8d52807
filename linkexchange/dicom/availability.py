"""The port at which a PACS says that a study is there: Instance Availability Notification (PS3.4 annex R), as SCP.

Only registered PACS are heard, by the AE title that they call with. What they say is a reason to look, and is never
believed: whatever availability they name, the PACS itself is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

import structlog
from pynetdicom import AE, evt
from pynetdicom.sop_class import InstanceAvailabilityNotification, Verification

from linkexchange.bugs import described
from linkexchange.dicom.dimse import PLAIN
from linkexchange.errors import Fault, SettingRefused
from linkexchange.model.identifiers import AeTitle, StudyUid
from linkexchange.model.passport import Passport

_SUCCESS, _PROCESSING_FAILURE, _MISSING_ATTRIBUTE, _NOT_AUTHORIZED = 0x0000, 0x0110, 0x0120, 0x0124
_ASSOCIATIONS_MAX = 8
_IDLE_SECONDS = 60
_log = structlog.get_logger(__name__)

Hear = Callable[[str, StudyUid], object]
"""What is done with a notification, given the name of the PACS and the study; kept for good when it comes back."""


class AvailabilityListener:
    """Listens from the moment it is entered until the block ends."""

    def __init__(
        self, place: tuple[str, int], hear: Hear, *, title: AeTitle, registered: Callable[[], Sequence[Passport]]
    ) -> None:
        self._place, self._hear, self._registered = place, hear, registered
        self._ae = AE(ae_title=title)
        self._ae.require_called_aet = True
        self._ae.maximum_associations = _ASSOCIATIONS_MAX
        self._ae.network_timeout = self._ae.dimse_timeout = self._ae.acse_timeout = _IDLE_SECONDS
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
            self._server = self._ae.start_server(self._place, block=False, evt_handlers=handlers)
        except OSError as taken:
            raise SettingRefused("LINKEXCHANGE_IAN_PORT: cannot listen there") from taken
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._server.shutdown()

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
        caller = str(event.assoc.requestor.ae_title).strip()
        pacs = next((it.name for it in self._registered() if it.ae_title.strip() == caller), None)
        if pacs is None:
            _log.warning("a notification from nobody who is registered", calling=caller)
            return _NOT_AUTHORIZED
        try:
            study = StudyUid(str(event.attribute_list.StudyInstanceUID))
        except (AttributeError, ValueError):
            return _MISSING_ATTRIBUTE
        self._hear(pacs, study)
        return _SUCCESS
