"""A FHIR server that takes AuditEvents in a batch (IHE RESTful ATNA, ITI-20: Send Audit Bundle Request)."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from typing import Any

import httpx

from linkexchange.errors import AuditSinkUnavailable
from linkexchange.model.audit import AuditEntry
from linkexchange.model.identifiers import TelematikId
from linkexchange.trail.event import Observer, event_of
from linkexchange.trail.fhir import bundle, head_event

IDLE_SECONDS = 15.0
_HEADERS = {"Content-Type": "application/fhir+json", "Accept": "application/fhir+json"}


class FeedSink:
    """One server. `url` is its base; it is shown this node's certificate."""

    name = "feed"

    def __init__(self, url: str, context: ssl.SSLContext, observer: Observer) -> None:
        self._url = url
        self._observer = observer
        # A proxy of the environment is for the internet; the receiver's address stands in the settings.
        self._http = httpx.Client(verify=context, timeout=IDLE_SECONDS, trust_env=False)

    def close(self) -> None:
        """Close the connections that were kept."""
        self._http.close()

    def deliver(self, participant: TelematikId, entries: Sequence[AuditEntry], head: str) -> None:
        """Post them; only an answer that has taken each of them counts."""
        events = [event for entry in entries if (event := event_of(entry, self._observer))]
        content = bundle(events)
        if head:
            content["entry"].append(head_event(entries[-1], head, self._observer))
        if not content["entry"]:
            return
        try:
            answer = self._http.post(self._url, json=content, headers=_HEADERS)
        except httpx.HTTPError as silent:
            raise AuditSinkUnavailable(f"{self.name}: {type(silent).__name__}") from silent
        _check(self.name, answer, len(content["entry"]))


def _check(name: str, answer: httpx.Response, wanted: int) -> None:
    if not answer.is_success:
        raise AuditSinkUnavailable(f"{name}: status {answer.status_code}")
    try:
        statuses = [str(it["response"]["status"]) for it in _entries(answer)]
    except (ValueError, KeyError, TypeError) as wrong:
        raise AuditSinkUnavailable(f"{name}: an answer that is no bundle") from wrong
    taken = sum(status.startswith("2") for status in statuses)
    if taken != wanted:
        raise AuditSinkUnavailable(f"{name}: {taken} of {wanted} taken")


def _entries(answer: httpx.Response) -> list[dict[str, Any]]:
    body = answer.json()
    return list(body["entry"])
