"""The FHIR-VZD as a hub asks it: whatever does not answer within seconds counts as unreachable."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from threading import BoundedSemaphore, Thread
from typing import Final

import httpx
import structlog

from linkexchange.model.identifiers import TelematikId
from linkexchange.model.listing import ABSENT, UNREACHABLE, Listing
from linkexchange.ti.access import VzdAccess
from ti_adapter.errors import TiError
from ti_adapter.vzd import Credentials, ServiceClient, VzdMalformed

ANSWER_SECONDS: Final = 3.0
"""So long somebody waits for the directory, whomever he asks about."""
QUESTIONS_MAX: Final = 4
"""So many questions wait for a directory that is slow; one more is not asked."""
_NAME: Final = "vzd"
_FAILED: Final = "FHIR-VZD has not answered"
_log = structlog.get_logger(__name__)


class Vzd:
    """For all threads of a process. Nothing is asked before it is needed, and nobody waits for what is slow."""

    def __init__(self, access: VzdAccess, tls: ssl.SSLContext, clock: Callable[[], datetime]) -> None:
        self._url, self._tls, self._asking = access.url, tls, BoundedSemaphore(QUESTIONS_MAX)
        self._client = ServiceClient(access.token_url, Credentials(access.client_id, access.client_secret), clock)

    def __call__(self, whom: Sequence[TelematikId]) -> Mapping[TelematikId, Listing]:
        """What it says of each of them; a failure is logged by its kind, and says `UNREACHABLE` here."""
        found: dict[TelematikId, Listing] = {}
        if whom and self._asking.acquire(blocking=False):
            question = Thread(target=self._ask, args=(whom, found), name=_NAME, daemon=True)
            question.start()
            question.join(ANSWER_SECONDS)
            if question.is_alive():
                _log.warning(_FAILED, error="late")
        return {it: found.get(it, UNREACHABLE) for it in whom}

    def _ask(self, whom: Sequence[TelematikId], found: dict[TelematikId, Listing]) -> None:
        """In a thread of its own, since nothing bounds how slowly the head of an answer may come."""
        try:
            with httpx.Client(base_url=self._url, verify=self._tls, timeout=ANSWER_SECONDS, trust_env=False) as http:
                for it in whom:
                    found[it] = self._listing(http, it)
        except (TiError, httpx.HTTPError) as failed:
            _log.warning(_FAILED, error=type(failed).__name__, reason=str(failed))
        finally:
            self._asking.release()

    def _listing(self, http: httpx.Client, telematik_id: TelematikId) -> Listing:
        """One whose entry cannot be read does not stand in the way of the others."""
        try:
            entry = self._client.find(http, telematik_id)
        except VzdMalformed as failed:
            _log.warning(_FAILED, error=type(failed).__name__, reason=failed.what)
            return UNREACHABLE
        return Listing.said(entry.name, entry.profession_oids) if entry else ABSENT
