"""Asks OCSP responders, believes their answers by the rules, and remembers them for a grace period."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from ti_adapter.errors import OcspRefused, OcspSilent
from ti_adapter.pki.ocsp import VERDICT, NotRevoked, verify_not_revoked
from ti_adapter.pki.ocsp_cache import OcspCache
from ti_adapter.pki.ocsp_question import Question
from ti_adapter.pki.trust_list import TrustList

PAUSE = timedelta(seconds=5)
"""How long a responder that gave no verdict is left alone."""

NO_GRACE = timedelta(0)

Ask = Callable[[str, bytes], bytes]
"""From the address of a responder and a request to its answer; raises `OcspSilent`."""


def _over_http(url: str, request: bytes) -> bytes:
    """The HTTP client takes longer to import than all else here, and who only verifies needs none."""
    from ti_adapter.pki.ocsp_fetch import fetch_answer

    return fetch_answer(url, request)


class OcspClient:
    """The OCSP check as a whole, for many threads. One question is asked at a time, and never twice.

    A responder that was silent, or whose answer proved nothing, is not asked again for `PAUSE`: whoever waited behind
    a time-out learns at once that nothing is known, and a responder that comes back meets no crowd.

    `responder_url` stands in for the address in the certificates, where the TI is reached through another door.
    """

    def __init__(
        self, clock: Callable[[], datetime], *, responder_url: str | None = None, ask: Ask = _over_http
    ) -> None:
        self._clock = clock
        self._responder_url = responder_url
        self._ask = ask
        self._cache = OcspCache()
        self._left_alone: dict[str, datetime] = {}
        self._turn = threading.Lock()

    def check(self, question: Question, trust: TrustList, *, grace: timedelta = NO_GRACE) -> NotRevoked:
        """Prove that a certificate is not revoked: by what is remembered and younger than `grace`, or by asking.

        Raises `OcspRefused` as `verify_not_revoked` does, and `OcspSilent`. Only the word of a responder that is
        believed ends what is remembered of a certificate: garbage from the line does not.
        """
        known = self._known(question, grace)
        if known is not None:
            return known
        with self._turn:
            # Whoever had the turn before may have asked the same.
            return self._known(question, grace) or self._prove(question, trust)

    def _known(self, question: Question, grace: timedelta) -> NotRevoked | None:
        return self._cache.find(question.certificate, self._clock(), grace)

    def _prove(self, question: Question, trust: TrustList) -> NotRevoked:
        url = self._url(question)
        try:
            answer = self._ask(url, question.request())
            proof = verify_not_revoked(answer, question, trust, self._clock())
        except (OcspSilent, OcspRefused) as failed:
            self._learn(url, question, failed)
            raise
        self._cache = self._cache.with_proof(proof)
        return proof

    def _url(self, question: Question) -> str:
        url = self._responder_url or question.responder_url
        if url is None:
            raise OcspSilent("the certificate names no responder")
        since = self._left_alone.get(url)
        if since is not None and timedelta(0) <= self._clock() - since < PAUSE:
            raise OcspSilent("the responder gave no verdict a moment ago")
        return url

    def _learn(self, url: str, question: Question, failed: OcspSilent | OcspRefused) -> None:
        if isinstance(failed, OcspRefused) and failed.step == VERDICT:
            self._cache = self._cache.without(question.certificate)
        else:
            self._left_alone[url] = self._clock()
