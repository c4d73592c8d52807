"""A destination that counts: a Storage SCP in the test process that notes every C-STORE it is sent."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from checker import Arrival, Image
from pynetdicom import AE, AllStoragePresentationContexts, evt
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind, Verification

from linkexchange.demo.free_ports import HOST, free_port
from linkexchange.model.identifiers import AeTitle
from linkexchange.model.passport import Passport

SYNTAXES = [
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2.2",
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.57",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.4.91",
    "1.2.840.10008.1.2.5",
]


class CountingPacs:
    """What arrived: all of it in order, how often each SOP Instance UID, and with which digests."""

    def __init__(self, name: str = "counting") -> None:
        self.passport = Passport(name, AeTitle("COUNTING"), HOST, free_port())
        self.arrivals: list[Arrival] = []
        self.received: Counter[str] = Counter()
        self.digests: dict[str, set[str]] = {}
        self._lock = threading.Lock()
        self._ae = AE(ae_title=self.passport.ae_title)

    @property
    def open(self) -> int:
        """How many associations there are."""
        return len(self._ae.active_associations)

    def forget(self) -> None:
        with self._lock:
            self.arrivals.clear()
            self.received.clear()
            self.digests.clear()

    def _store(self, event: Any) -> int:
        content = event.request.DataSet.getvalue()
        uid = str(event.request.AffectedSOPInstanceUID)
        image = Image(str(event.context.transfer_syntax), content)
        with self._lock:
            self.arrivals.append(Arrival(uid, image))
            self.received[uid] += 1
            self.digests.setdefault(uid, set()).add(hashlib.sha256(content).hexdigest())
        return 0

    @contextmanager
    def running(self) -> Iterator[CountingPacs]:
        ae = self._ae
        ae.maximum_pdu_size = 131072
        for context in AllStoragePresentationContexts:
            ae.add_supported_context(context.abstract_syntax, SYNTAXES)
        ae.add_supported_context(Verification)
        ae.add_supported_context(StudyRootQueryRetrieveInformationModelFind)
        handlers = [(evt.EVT_C_STORE, self._store), (evt.EVT_C_FIND, lambda _: iter(()))]
        server = ae.start_server((HOST, self.passport.port), block=False, evt_handlers=handlers)
        try:
            yield self
        finally:
            server.shutdown()
