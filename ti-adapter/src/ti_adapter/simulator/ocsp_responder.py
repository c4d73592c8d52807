"""A simulated OCSP responder: it knows the cards it was told of, and breaks its answers on demand.

    responder = OcspResponder(signer, pki.authority, clock)
    responder.know(card.certificate)
    responder.answer(Question(card.certificate, pki.authority).request())   # good
    responder.revoke(card.certificate)                                      # from now on: revoked
    responder.breaks = "certHash missing"                                   # any name of `BROKEN`

`ocsp_app` serves one over HTTP.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cryptography import x509
from cryptography.x509 import ocsp

from ti_adapter.pki import Question
from ti_adapter.pki.ocsp_question import CertId
from ti_adapter.simulator.ocsp_answer import AnswerShape, build_answer, unsuccessful
from ti_adapter.simulator.ocsp_broken import BROKEN
from ti_adapter.simulator.ocsp_forged import Asked
from ti_adapter.simulator.ocsp_signer import OcspSigner


@dataclass(slots=True)
class OcspResponder:
    """Answers for the certificates of one CA. A certificate that it was not told of is unknown, and has no certHash."""

    signer: OcspSigner
    issuer: x509.Certificate
    clock: Callable[[], datetime]
    breaks: str | None = None
    requests: int = 0
    _known: dict[int, x509.Certificate] = field(default_factory=dict)
    _revoked: dict[int, datetime] = field(default_factory=dict)

    def know(self, certificate: x509.Certificate) -> None:
        """Answer for this certificate from now on."""
        self._known[certificate.serial_number] = certificate

    def revoke(self, certificate: x509.Certificate, since: datetime | None = None) -> None:
        """Call it revoked, since now or another moment."""
        self._revoked[certificate.serial_number] = since or self.clock()

    def reinstate(self, certificate: x509.Certificate) -> None:
        """Call it good again, as only a simulated one can."""
        self._revoked.pop(certificate.serial_number, None)

    def is_revoked(self, certificate: x509.Certificate) -> bool:
        """Whether it would call this certificate revoked now."""
        return self._revoked.get(certificate.serial_number, datetime.max.replace(tzinfo=UTC)) <= self.clock()

    def answer(self, request: bytes) -> bytes:
        """The answer, DER, to a request, DER."""
        self.requests += 1
        try:
            named = CertId.of(ocsp.load_der_ocsp_request(request))
        except Exception:  # The parser raises many classes on hostile bytes, and lists them nowhere.
            return unsuccessful("malformed_request")
        certificate = self._known.get(named.serial_number)
        if certificate is None or not Question(certificate, self.issuer).is_meant_by(named):
            return self._unknown(request)
        now = self.clock()
        if self.breaks is not None:
            return BROKEN[self.breaks](Asked(request, certificate, self.signer, now))
        return build_answer(request, certificate, self.signer, now, self._shape(certificate, now))

    def _unknown(self, request: bytes) -> bytes:
        shape = AnswerShape(is_known=False, cert_hash=b"")
        return build_answer(request, self.issuer, self.signer, self.clock(), shape)

    def _shape(self, certificate: x509.Certificate, now: datetime) -> AnswerShape:
        since = self._revoked.get(certificate.serial_number)
        return AnswerShape(revoked=since - now if since else None)
